import { InferenceSession, Tensor } from "onnxruntime-node";
import { float16Bits } from "../../src/base/float16.js";
import type { DType } from "../../src/base/tensor.js";
import type { CompiledGraph } from "../../src/graph/onnx.js";
import { array64 } from "./array64.js";
import type { Feeds } from "./evaluate.js";

/** Opens a compiled graph in ONNX Runtime for as long as `use` runs; `use` gets its outputs by name. */
export async function withSession<T>(
  { bytes, inputs }: CompiledGraph,
  use: (run: (feeds: Feeds) => Promise<Feeds>) => Promise<T>,
  threads = 1,
): Promise<T> {
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: threads });
  try {
    return await use(async (feeds) => {
      const tensors = Object.entries(inputs).map(([name, { dtype }]) => {
        const { shape, data } = feeds[name]!;
        return [name, new Tensor(dtype, elements[dtype](data), shape)] as const;
      });
      const fetched = Object.entries(await session.run(Object.fromEntries(tensors)));
      return Object.fromEntries(
        fetched.map(([name, { dims, data }]) => [
          name,
          array64(dims, Array.from(data as ArrayLike<number>, Number)),
        ]),
      );
    });
  } finally {
    await session.release();
  }
}

/** Runs a compiled graph once. */
export const runOnce = (graph: CompiledGraph, feeds: Feeds): Promise<Feeds> =>
  withSession(graph, (run) => run(feeds));

/** Numbers as tensors hold them. */
export const elements = {
  float32: (data: Float64Array) => Float32Array.from(data),
  float16: (data: Float64Array) => Uint16Array.from(data, float16Bits),
  int32: (data: Float64Array) => Int32Array.from(data),
  int64: (data: Float64Array) => BigInt64Array.from([...data].map(BigInt)),
  uint8: (data: Float64Array) => Uint8Array.from(data),
  bool: (data: Float64Array) => Uint8Array.from(data),
} satisfies Record<DType, unknown>;
