import type { GraphBuilder } from "../graph/builder.js";
import type { Value } from "../graph/graph.js";

export type Problem = "single_label" | "multi_label";

/**
 * The loss of a batch as a weighted sum over a fed denominator, so that micro-batches add up to exactly the loss of
 * the whole step: logits and labels [batch, labels], denominator [].
 *
 * single_label: cross-entropy, weights [batch]: Σᵢ wᵢ · -Σ_c y_ic · ln softmax(x_i)_c / denominator
 * multi_label: binary cross-entropy, weights [batch, labels]: Σ_ic w_ic · (softplus(x_ic) - y_ic·x_ic) / denominator
 */
export function weightedLoss(g: GraphBuilder, problem: Problem, logits: Value, inputs: LossInputs): Value {
  const { labels, weights, denominator } = inputs;
  if (problem === "multi_label") {
    const element = g.sub(g.softplus(logits), g.mul(labels, logits));
    return g.div(total(g, g.mul(element, weights)), denominator);
  }
  const row = g.reshape(g.reduceSum(g.mul(labels, g.logSoftmax(logits)), [1]), weights.shape);
  return g.neg(g.div(total(g, g.mul(row, weights)), denominator));
}

export interface LossInputs {
  labels: Value;
  weights: Value;
  denominator: Value;
}

const total = (g: GraphBuilder, x: Value): Value =>
  g.reshape(
    g.reduceSum(
      x,
      x.shape.map((_, axis) => axis),
    ),
    [],
  );
