import { TextgraftError } from "../base/errors.js";
import { type ClassificationMetrics, classificationMetrics, confusionMatrix } from "./metrics/confusion.js";
import { argmax, brierScore, calibrationError, logLoss, oneHot, type Rows } from "./metrics/probabilities.js";
import { averagePrecision, averageRanking, type RankingMetric, rocAuc } from "./metrics/ranking.js";

/** Everything a run records about predictions of one label for each text. NaN is "undefined" (`null` in JSON). */
export interface Metrics extends ClassificationMetrics {
  /** Cross-entropy in nats, without class weights and label smoothing. */
  logLoss: number;
  brier: number;
  calibrationError: number;
  /** Of labelId 1 where there are two labels, else the mean over the labels, each against the rest. */
  rocAuc: number;
  averagePrecision: number;
}

/**
 * Compares probabilities `[example][labelId]` with the true labelIds; the most probable label is the prediction.
 * Refuses an empty set: no number would mean anything.
 */
export function measure(labelIds: readonly number[], probabilities: Rows): Metrics {
  if (labelIds.length === 0) {
    throw new TextgraftError("data-invalid", {
      message: "There is no labelled text to measure the model with.",
      fix: "Give a file with at least one labelled text, or a larger share for this part of the split.",
    });
  }
  const labelCount = probabilities[0]?.length ?? 0;
  const ranking = (metric: RankingMetric) =>
    labelCount === 2
      ? metric(
          labelIds,
          probabilities.map((row) => row[1]!),
        )
      : averageRanking(metric, oneHot(labelIds, labelCount), probabilities, "macro");
  return {
    ...classificationMetrics(confusionMatrix(labelIds, probabilities.map(argmax), labelCount)),
    logLoss: logLoss(labelIds, probabilities),
    brier: brierScore(labelIds, probabilities),
    calibrationError: calibrationError(labelIds, probabilities),
    rocAuc: ranking(rocAuc),
    averagePrecision: ranking(averagePrecision),
  };
}
