import { float32 } from "#textgraft/base/tensor.js";
import { GraphBuilder } from "#textgraft/graph/builder.js";
import { compile } from "#textgraft/graph/onnx.js";
import { openSessionNode } from "#textgraft/run/session-node.js";
import type { ProductSizes } from "./job.js";

/** Operations a second of the fastest float32 product in ONNX Runtime; each size runs for some tenths of a second. */
export async function fastestProduct(sizes: ProductSizes, threads: number): Promise<number> {
  let best = 0;
  for (const [m, k, n] of sizes) {
    const g = new GraphBuilder();
    const y = g.matmul(g.input("a", "float32", [m, k]), g.input("b", "float32", [k, n]));
    const options = { device: "cpu", threads, inPlace: true } as const; // no copy of the result is part of a product
    const session = await openSessionNode(compile({ y }, { target: "cpu" }), options);
    const feeds = { a: float32([m, k], noise(m * k)), b: float32([k, n], noise(k * n)) };
    const into = { y: float32([m, n]) };
    await session.run(feeds, into);
    const until = performance.now() + 300;
    while (performance.now() < until) {
      const start = performance.now();
      await session.run(feeds, into);
      best = Math.max(best, (2 * m * k * n) / ((performance.now() - start) / 1000));
    }
    await session.dispose();
  }
  return best;
}

const noise = (length: number): Float32Array => new Float32Array(length).map(() => Math.random());
