import type { DType } from "../base/tensor.js";
import { type Bindings, bind, product } from "./dims.js";
import type { Node } from "./graph.js";

const BYTES: Record<DType, number> = { float32: 4, float16: 2, int32: 4, int64: 8, uint8: 1, bool: 1 };

/**
 * Bytes of all values that forward nodes compute: roughly what a training step holds on to until its backward pass.
 * Axes without a size count as 0.
 */
export function forwardBytes(nodes: readonly Node[], bindings: Bindings): number {
  let bytes = 0;
  for (const { part, op, outputs } of nodes) {
    if (part !== "forward" || op.name === "Reshape" || op.name === "Input") continue;
    for (const { dtype, shape } of outputs) {
      const size = bind(product(shape), bindings);
      bytes += typeof size === "number" ? size * BYTES[dtype] : 0;
    }
  }
  return bytes;
}
