import type { Tensor } from "../base/tensor.js";
import type { CompiledGraph, Target } from "../graph/onnx.js";

/** What runs graphs. Others (`cuda`, `wasm`) will join as they are measured. */
export type Device = "cpu" | "webgpu";

/** What a graph is compiled for on each device. */
export const targetOf: Record<Device, Target> = { cpu: "cpu", webgpu: "webgpu" };

export type Tensors = Readonly<Record<string, Tensor>>;

/** One compiled graph, ready to run. Who opens it disposes of it. */
export interface Session {
  /** Names of what the graph takes. */
  readonly inputs: ReadonlySet<string>;
  /**
   * Runs the graph. Feeds that the graph doesn't take are ignored. A session opened `inPlace` writes its outputs to
   * the tensors of `into`, by name, and gives them back; any other gives new ones.
   */
  run(feeds: Tensors, into?: Tensors): Promise<Tensors>;
  dispose(): Promise<void>;
}

export interface SessionOptions {
  device: Device;
  /** Threads for one operator; default: one for each physical core. */
  threads?: number;
  /** Outputs are written into memory of the caller. Default: false. */
  inPlace?: boolean;
}

export type OpenSession = (graph: CompiledGraph, options: SessionOptions) => Promise<Session>;
