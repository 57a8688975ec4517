import type { GraphBuilder } from "../graph/builder.js";
import type { Value } from "../graph/graph.js";

export type Problem = "single_label" | "multi_label";

/**
 * The loss of a batch as a weighted sum over a fed denominator, so that micro-batches add up to exactly the loss of
 * the whole step: logits and labels [batch, labels], denominator [].
 *
 * single_label: cross-entropy, weights [batch]: Σᵢ wᵢ · -Σ_c y_ic · ln softmax(x_i)_c / denominator
 * multi_label: binary cross-entropy, weights [batch, labels]: Σ_ic w_ic · (softplus(x_ic) - y_ic·x_ic) / denominator
 *
 * With `focalGamma` γ above 0 it is the focal loss (Lin et al. 2017, https://arxiv.org/abs/1708.02002): -ln p of each
 * answer counts (1 - p)^γ, so that what is known already counts less. Labels are 0 or 1 then.
 */
export function weightedLoss(
  g: GraphBuilder,
  problem: Problem,
  logits: Value,
  { labels, weights, denominator }: LossInputs,
  focalGamma = 0,
): Value {
  const element =
    problem === "multi_label"
      ? binaryLosses(g, logits, labels, focalGamma)
      : g.reshape(labelLosses(g, logits, labels, focalGamma), weights.shape);
  return g.div(total(g, g.mul(element, weights)), denominator);
}

/** [batch, 1] */
function labelLosses(g: GraphBuilder, logits: Value, labels: Value, gamma: number): Value {
  const logs = g.logSoftmax(logits);
  const loss = g.neg(g.reduceSum(g.mul(labels, logs), [1]));
  if (gamma === 0) return loss;
  // 1 - p as the sum of the other probabilities, which keeps its digits where p is nearly 1.
  const others = g.reduceSum(g.mul(g.sub(1, labels), g.exp(logs)), [1]);
  return g.mul(g.exp(g.mul(g.log(g.add(others, TINY)), gamma)), loss);
}

/** Keeps the logarithm of 0 and its derivative finite; far below the digits of any other number here. */
const TINY = 1e-37;

/** [batch, labels]. For a logit x: ln p = -softplus(-x) for yes, ln(1 - p) = -softplus(x). */
function binaryLosses(g: GraphBuilder, logits: Value, labels: Value, gamma: number): Value {
  const no = g.softplus(logits);
  if (gamma === 0) return g.sub(no, g.mul(labels, logits));
  const yes = g.softplus(g.neg(logits));
  const focal = (loss: Value, opposite: Value) => g.mul(g.exp(g.mul(opposite, -gamma)), loss);
  return g.add(g.mul(labels, focal(yes, no)), g.mul(g.sub(1, labels), focal(no, yes)));
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
