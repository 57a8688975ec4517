import { type Bindings, bind, type Dim, product } from "./dims.js";
import type { Node, Value } from "./graph.js";
import { needed } from "./onnx.js";

/**
 * Floating point operations of all matrix products that a graph's outputs need, 2·m·k·n each: what `compile` writes,
 * and what a roofline is compared with. All else in a graph moves memory rather than computes and isn't counted.
 * `bindings` has to give every axis of a product a size.
 */
export function productFlops(outputs: Readonly<Record<string, Value>>, bindings: Bindings = {}): number {
  let flops = 0;
  for (const node of needed(Object.values(outputs))) {
    const dims = products[node.op.name]?.(node);
    if (dims) flops += 2 * Number(bind(product(dims), bindings));
  }
  return flops;
}

/** For each op that multiplies matrices the axes whose product is its number of multiplications. */
const products: Readonly<Record<string, (node: Node) => readonly Dim[]>> = {
  // [..., m, n] and the inner axis of the left side
  MatMul: ({ inputs: [a], outputs: [y], attributes: { transA } }) => [
    ...y!.shape,
    a!.shape.at(transA ? -2 : -1)!,
  ],
  Linear: ({ inputs: [x], outputs: [y] }) => [...y!.shape, x!.shape[1]!],
};
