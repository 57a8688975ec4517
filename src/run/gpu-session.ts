import type { Tensor } from "../base/tensor.js";
import type { CompiledGraph } from "../graph/onnx.js";

/** A tensor that lies on the GPU. Who got it from a session disposes of it; nothing else frees it. */
export interface GpuTensor {
  dispose(): void;
}

export interface GpuOutputs {
  host: Record<string, Tensor>;
  gpu: Record<string, GpuTensor>;
}

/** A compiled graph on the GPU. */
export interface GpuSession {
  /** Names of what the graph takes. */
  readonly inputs: ReadonlySet<string>;
  /** Runs the graph. Feeds that it doesn't take are ignored. */
  run(feeds: Readonly<Record<string, Tensor | GpuTensor>>): Promise<GpuOutputs>;
  dispose(): Promise<void>;
}

/** Opens a session whose outputs stay on the GPU, but those in `toHost`. */
export type OpenGpuSession = (graph: CompiledGraph, toHost?: readonly string[]) => Promise<GpuSession>;
