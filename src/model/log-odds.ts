import type { GraphBuilder } from "../graph/builder.js";
import type { Value } from "../graph/graph.js";
import type { Problem } from "./loss.js";

/**
 * The log-odds ln(p / (1 - p)) of one label of each text, added up over the texts: [] from logits and `target` [batch,
 * labels], which is 1 at that label.
 *
 * multi_label: the label's logit x_t. single_label: x_t - ln Σ_{c≠t} exp x_c. Whatever raises all logits alike raises a
 * logit, but no odds.
 */
export function logOdds(g: GraphBuilder, problem: Problem, logits: Value, target: Value): Value {
  const own = g.mul(target, logits);
  if (problem === "multi_label") return total(g, own);
  // ln Σ exp z = z_c - logSoftmax(z)_c for every c: here the mean of that over the labels that aren't the target.
  const others = g.mul(g.sub(1, target), 1 / ((logits.shape[1] as number) - 1));
  const masked = g.logSoftmax(g.sub(logits, g.mul(target, 1e9)));
  return total(g, g.sub(own, g.mul(others, g.sub(logits, masked))));
}

const total = (g: GraphBuilder, x: Value): Value => g.reshape(g.reduceSum(x, [0, 1]), []);

/** A point of a straight line, and the whole way from its beginning to its end. */
export interface Line {
  readonly point: Value;
  readonly way: Value;
}

/** The point at `share` of the way: exactly the ends at 0 and 1. */
export function lineBetween(
  g: GraphBuilder,
  { from, to, share }: { from: Value; to: Value; share: Value },
): Line {
  return { point: g.add(g.mul(from, g.sub(1, share)), g.mul(to, share)), way: g.sub(to, from) };
}
