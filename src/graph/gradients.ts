import { TextgraftError } from "../base/errors.js";
import { float32 } from "../base/tensor.js";
import type { GraphBuilder } from "./builder.js";
import { product } from "./dims.js";
import { graphError, type Node, type Value } from "./graph.js";

/**
 * Adds the backward pass of a scalar `loss` and returns its gradient with respect to each target (`null` where the
 * loss doesn't depend on it). Only nodes between a target and the loss get a backward node, so whatever is frozen
 * costs nothing. Reverse-mode accumulation: https://arxiv.org/abs/1502.05767
 */
export function gradients(g: GraphBuilder, loss: Value, targets: readonly Value[]): (Value | null)[] {
  if (product(loss.shape) !== 1) throw graphError("A backward pass", [loss], "a loss of one element");
  const wanted = dependents(g.nodes, targets);
  const gradientOf = new Map<Value, Value>();
  gradientOf.set(
    loss,
    g.backward("loss", () => g.constant(float32(loss.shape as number[], [1]))),
  );

  for (const node of [...g.nodes].reverse()) {
    const dy = node.outputs[0] && gradientOf.get(node.outputs[0]);
    if (!dy || !node.inputs.some((input) => wanted.has(input))) continue;
    g.backward(node.name, () => {
      for (const [i, dx] of ruleOf(node)(g, dy, node).entries()) {
        const input = node.inputs[i]!;
        if (!dx || !wanted.has(input)) continue;
        const before = gradientOf.get(input);
        gradientOf.set(input, before ? g.add(before, dx) : dx);
      }
    });
  }
  return targets.map((target) => gradientOf.get(target) ?? null);
}

/** The targets and every value computed from one of them. */
function dependents(nodes: readonly Node[], targets: readonly Value[]): Set<Value> {
  const found = new Set(targets);
  for (const node of nodes) {
    if (node.inputs.some((input) => found.has(input))) for (const output of node.outputs) found.add(output);
  }
  return found;
}

function ruleOf(node: Node): NonNullable<Node["op"]["gradient"]> {
  if (node.op.gradient) return node.op.gradient;
  throw new TextgraftError("internal", {
    message: `The op ${node.op.name} of node ${node.id} (${node.name}) has no gradient rule.`,
  });
}
