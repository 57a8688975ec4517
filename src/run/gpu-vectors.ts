import { float32, type Tensor } from "../base/tensor.js";
import { GraphBuilder } from "../graph/builder.js";
import { compile } from "../graph/onnx.js";
import { adamwGraph, squaresGraph, sumGraph } from "../model/adamw-graph.js";
import type { ModelGraph } from "../model/classifier.js";
import type { GpuSession, GpuTensor, OpenGpuSession } from "./gpu-session.js";

/** What is done to whole shards on the GPU, each by a graph of its own. */
export interface GpuVectors {
  upload(values: Float32Array): Promise<GpuTensor>;
  download(vector: GpuTensor): Promise<Float32Array>;
  /** a + b; disposes of both. */
  add(a: GpuTensor, b: GpuTensor): Promise<GpuTensor>;
  sumOfSquares(vector: GpuTensor): Promise<number>;
  /** The inputs of `adamwGraph` → weights and moments after the step. */
  adamw(feeds: Record<string, Tensor | GpuTensor>): Promise<Record<"weights" | "m" | "v", GpuTensor>>;
  dispose(): Promise<void>;
}

export async function openGpuVectors(open: OpenGpuSession): Promise<GpuVectors> {
  const sessions: GpuSession[] = [];
  const opened = async ({ outputs }: ModelGraph, toHost?: readonly string[]): Promise<GpuSession> => {
    const session = await open(compile(outputs, { target: "webgpu" }), toHost);
    sessions.push(session);
    return session;
  };
  const toGpu = await opened(copyGraph());
  const toHost = await opened(copyGraph(), ["copy"]);
  const sum = await opened(sumGraph());
  const squares = await opened(squaresGraph(), ["squares"]);
  const update = await opened(adamwGraph());

  return {
    async upload(values) {
      return (await toGpu.run({ vector: float32([values.length], values) })).gpu.copy!;
    },
    async download(vector) {
      return (await toHost.run({ vector })).host.copy!.data as Float32Array;
    },
    async add(a, b) {
      const { gpu } = await sum.run({ a, b });
      a.dispose();
      b.dispose();
      return gpu.sum!;
    },
    async sumOfSquares(gradients) {
      const { host } = await squares.run({ gradients });
      return (host.squares!.data as Float32Array).reduce((total, piece) => total + piece, 0);
    },
    async adamw(feeds) {
      const { gpu } = await update.run(feeds);
      return { weights: gpu["weights.new"]!, m: gpu["m.new"]!, v: gpu["v.new"]! };
    },
    async dispose() {
      for (const session of sessions.splice(0)) await session.dispose();
    },
  };
}

/** Input `vector` [count], output `copy`: onnxruntime-node moves tensors between host and GPU only through a graph. */
function copyGraph(): ModelGraph {
  const g = new GraphBuilder();
  return {
    g,
    outputs: { copy: g.reshape(g.reshape(g.input("vector", "float32", ["count"]), ["count", 1]), ["count"]) },
  };
}
