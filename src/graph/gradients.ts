import { TextgraftError } from "../base/errors.js";
import { float32 } from "../base/tensor.js";
import type { GraphBuilder } from "./builder.js";
import { product } from "./dims.js";
import { graphError, type Node, type Value } from "./graph.js";

/** A piece of the forward pass that is computed a second time for its backward pass, instead of kept. */
export interface Segment {
  /** What it is computed from, besides inputs and constants: this is kept. */
  readonly input: Value;
  /** What it gives to the rest of the pass: the only value that is read there and depends on `input`. */
  readonly output: Value;
  /** Its nodes, as they were written one after the other. */
  readonly nodes: readonly Node[];
}

/**
 * Adds the backward pass of a scalar `loss` and returns its gradient with respect to each target (`null` where the
 * loss doesn't depend on it). Only nodes between a target and the loss get a backward node, so whatever is frozen
 * costs nothing. Reverse-mode accumulation: https://arxiv.org/abs/1502.05767
 *
 * Segments trade time for memory (gradient checkpointing): https://arxiv.org/abs/1604.06174
 */
export function gradients(
  g: GraphBuilder,
  loss: Value,
  targets: readonly Value[],
  segments: readonly Segment[] = [],
): (Value | null)[] {
  if (product(loss.shape) !== 1) throw graphError("A backward pass", [loss], "a loss of one element");
  const wanted = dependents(g.nodes, targets);
  const gradientOf = new Map<Value, Value>();
  gradientOf.set(
    loss,
    g.backward("loss", () => g.constant(float32(loss.shape as number[], [1]))),
  );

  const passBack = (node: Node): void => {
    const dy = node.outputs[0] && gradientOf.get(node.outputs[0]);
    if (!dy || !node.inputs.some((input) => wanted.has(input))) return;
    g.backward(node.name, () => {
      for (const [i, dx] of ruleOf(node)(g, dy, node).entries()) {
        const input = node.inputs[i]!;
        if (!dx || !wanted.has(input)) continue;
        const before = gradientOf.get(input);
        gradientOf.set(input, before ? g.add(before, dx) : dx);
      }
    });
  };
  const endings = new Map(segments.map((segment) => [segment.nodes.at(-1)!, segment]));
  const within = new Set(segments.flatMap(({ nodes }) => nodes));
  for (const node of [...g.nodes].reverse()) {
    const segment = endings.get(node);
    if (segment) passBackAgain(g, segment, { gradientOf, wanted, passBack });
    else if (!within.has(node)) passBack(node);
  }
  return targets.map((target) => gradientOf.get(target) ?? null);
}

interface BackwardPass {
  readonly gradientOf: Map<Value, Value>;
  readonly wanted: Set<Value>;
  readonly passBack: (node: Node) => void;
}

/** The backward pass of a segment whose nodes are computed again, when the gradient of what it gave is there. */
function passBackAgain(g: GraphBuilder, { input, output, nodes }: Segment, pass: BackwardPass): void {
  const { gradientOf, wanted } = pass;
  const dy = gradientOf.get(output);
  if (!dy) return;
  const again = new Map<Value, Value>();
  const both = (value: Value, copy: Value): void => {
    again.set(value, copy);
    if (wanted.has(value)) wanted.add(copy);
    const found = gradientOf.get(value);
    if (found) gradientOf.set(copy, found);
  };
  again.set(
    input,
    g.backward(nodes[0]!.name, () => g.after(input, dy)),
  );
  if (wanted.has(input)) wanted.add(again.get(input)!);
  const copies = nodes.map((node): Node => {
    if (node.inputs.length === 0) return node;
    const inputs = node.inputs.map((value) => again.get(value) ?? value);
    const outputs = g.backward(node.name, () => g.apply(node.op, inputs, node.attributes));
    for (const [i, copy] of outputs.entries()) both(node.outputs[i]!, copy);
    return outputs[0]!.node;
  });
  for (const copy of copies.reverse()) pass.passBack(copy);
  for (const [value, copy] of again) {
    const found = gradientOf.get(copy);
    if (!found || !wanted.has(value)) continue;
    const before = value === input ? gradientOf.get(input) : undefined;
    gradientOf.set(value, before ? g.add(before, found) : found);
  }
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
