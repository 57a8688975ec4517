import { arch, availableParallelism, cpus, release, totalmem, type } from "node:os";
import { VERSION } from "./version.js";
import { onnxruntimeVersion } from "./version-node.js";

/** What a training ran on, without names of people or machines. */
export interface Environment {
  textgraft: string;
  node: string;
  onnxruntime: string;
  system: string;
  processor: string;
  /** That the process may use. */
  cores: number;
  /** Of the machine, in bytes. */
  memory: number;
  /** The most that the process has held so far, in bytes. */
  peakMemory: number;
  /** ISO 8601, UTC. */
  finishedAt: string;
}

export const environmentNow = (): Environment => ({
  textgraft: VERSION,
  node: process.version.replace(/^v/, ""),
  onnxruntime: onnxruntimeVersion(),
  system: `${type()} ${release()}, ${arch()}`,
  processor: cpus()[0]?.model.trim() || "unknown processor",
  cores: availableParallelism(),
  memory: totalmem(),
  peakMemory: process.resourceUsage().maxRSS * 1024, // kibibytes on all systems
  finishedAt: new Date().toISOString(),
});
