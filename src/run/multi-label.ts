import { positiveWeights } from "../model/class-weights.js";
import { answerOf } from "./decision.js";
import { multiLabelMetrics } from "./metrics/multilabel.js";
import type { Rows } from "./metrics/probabilities.js";
import { measureMultiLabel } from "./metrics.js";
import { multiLabelFloors } from "./multi-label-floors.js";
import type { LabelIds, ProblemRules } from "./problem.js";

/** Each text has any number of labels: a sigmoid and binary cross-entropy for each. */
export const multiLabel: ProblemRules = {
  /**
   * Weights are PyTorch's pos_weight: p·y·softplus(-x) + (1-y)·softplus(x) for a logit x, its target y and weight p,
   * which is w·(softplus(x) - (p·y/w)·x) with w = p·y + 1 - y. Label smoothing moves a target towards 1/2.
   * https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html
   * https://keras.io/api/losses/probabilistic_losses/#binarycrossentropy-class
   */
  target: (labelIds, { classWeights, labelSmoothing }) => {
    const smooth = (y: number) => y * (1 - labelSmoothing) + labelSmoothing / 2;
    const targets = oneOrZero(labelIds, classWeights.length).map(smooth);
    const weights = targets.map((y, id) => classWeights[id]! * y + 1 - y);
    return {
      labels: targets.map((y, id) => (classWeights[id]! * y) / weights[id]!),
      weights,
      denominator: classWeights.length, // a mean over texts and labels, whatever their weights
    };
  },
  loss: binaryCrossEntropy,
  measure: (labelIds, probabilities, predictedIds = probabilities.map(usualAnswer)) => {
    const labelCount = probabilities[0]?.length ?? 0;
    return measureMultiLabel(truthOf(labelIds, labelCount), probabilities, truthOf(predictedIds, labelCount));
  },
  balancedWeights: positiveWeights,
  compare: (labelIds, predictedIds, labelCount) =>
    multiLabelMetrics(truthOf(labelIds, labelCount), truthOf(predictedIds, labelCount)),
  *floors(train, test, labels) {
    const truth = truthOf(
      Array.from({ length: test.labelIds.length }, (_, text) => test.labelIds.at(text)!),
      labels.length,
    );
    const found = yield* multiLabelFloors(train, test.texts, labels);
    return found.map(({ name, predictions }) => ({
      name,
      predictedIds: predictions,
      metrics: multiLabelMetrics(truth, truthOf(predictions, labels.length)),
    }));
  },
};

const usualAnswer = (probabilities: readonly number[]): LabelIds =>
  answerOf("multi_label", probabilities).labelIds;

/** Mean over texts and labels of pₖ·y·softplus(-x) + (1-y)·softplus(x), with the weight pₖ of each label. */
function binaryCrossEntropy(
  logits: Rows,
  labelIds: readonly LabelIds[],
  positiveWeights: readonly number[],
): number {
  let sum = 0;
  for (const [i, ids] of labelIds.entries()) {
    for (const [id, y] of oneOrZero(ids, positiveWeights.length).entries()) {
      const x = logits[i]![id]!;
      sum += y === 1 ? positiveWeights[id]! * softplus(-x) : softplus(x);
    }
  }
  return sum / (labelIds.length * positiveWeights.length);
}

/** ln(1 + eˣ) without overflow. */
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** Rows of 1 for each label of a text and 0 for the others: `[example][labelId]`. */
const truthOf = (labelIds: readonly LabelIds[], labelCount: number): number[][] =>
  labelIds.map((ids) => oneOrZero(ids, labelCount));

function oneOrZero(labelIds: LabelIds, labelCount: number): number[] {
  const row = new Array<number>(labelCount).fill(0);
  for (const id of labelIds) row[id] = 1;
  return row;
}
