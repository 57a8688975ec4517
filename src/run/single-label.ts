import { balancedWeights } from "../model/class-weights.js";
import { weightedCrossEntropy } from "./evaluate.js";
import { findFloors } from "./floors.js";
import { classificationMetrics, confusionMatrix } from "./metrics/confusion.js";
import { measure } from "./metrics.js";
import type { LabelIdLists, LabelIds, ProblemRules } from "./problem.js";

/** Each text has exactly one label: softmax and cross-entropy. */
export const singleLabel: ProblemRules = {
  target: (labelIds, { classWeights, labelSmoothing }) => {
    const labelId = only(labelIds);
    const spread = labelSmoothing / classWeights.length;
    const weight = classWeights[labelId]!;
    return {
      labels: classWeights.map((_, id) => spread + (id === labelId ? 1 - labelSmoothing : 0)),
      weights: [weight],
      denominator: Math.fround(weight), // as the loss is fed it
    };
  },
  loss: (logits, labelIds, classWeights) => weightedCrossEntropy(logits, labelIds.map(only), classWeights),
  measure: (labelIds, probabilities, predictedIds) =>
    measure(labelIds.map(only), probabilities, predictedIds?.map(only)),
  balancedWeights: (counts, _texts, labels) => balancedWeights(counts, labels),
  compare: (labelIds, predictedIds, labelCount) =>
    classificationMetrics(confusionMatrix(labelIds.map(only), predictedIds.map(only), labelCount)),
  *floors(train, test, labels) {
    const truth = Array.from(onlyIds(test.labelIds));
    const found = yield* findFloors(
      { texts: train.texts, labelIds: onlyIds(train.labelIds) },
      test.texts,
      labels.length,
    );
    return found.map(({ name, predictions }) => ({
      name,
      predictedIds: predictions.map((labelId) => [labelId]),
      metrics: classificationMetrics(confusionMatrix(truth, predictions, labels.length)),
    }));
  },
};

const only = (labelIds: LabelIds): number => labelIds[0]!;

const onlyIds = (lists: LabelIdLists): Uint32Array =>
  Uint32Array.from({ length: lists.length }, (_, text) => only(lists.at(text)!));
