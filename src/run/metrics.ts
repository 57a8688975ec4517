import { TextgraftError } from "../base/errors.js";
import { type ClassificationMetrics, classificationMetrics, confusionMatrix } from "./metrics/confusion.js";
import { type MultiLabelMetrics, multiLabelMetrics } from "./metrics/multilabel.js";
import {
  argmax,
  brierScore,
  calibrationError,
  logLoss,
  multiLabelBrierScore,
  multiLabelLogLoss,
  oneHot,
  type Rows,
} from "./metrics/probabilities.js";
import { averagePrecision, averageRanking, type RankingMetric, rocAuc } from "./metrics/ranking.js";

/**
 * Everything a run records about predictions: of one label for each text, or, told by `samples`, of any number.
 * NaN is "undefined" (`null` in JSON).
 */
export type Metrics = SingleLabelScores | MultiLabelScores;

export interface SingleLabelScores extends ClassificationMetrics, ProbabilityScores {
  calibrationError: number;
}

export interface MultiLabelScores extends MultiLabelMetrics, ProbabilityScores {}

/** What the probabilities are worth, whatever labels they lead to. */
interface ProbabilityScores {
  /** Cross-entropy in nats, without class weights and label smoothing; multi-label: mean over texts and labels. */
  logLoss: number;
  brier: number;
  /** Of labelId 1 where a text has one of two labels, else the mean over the labels, each against the rest. */
  rocAuc: number;
  averagePrecision: number;
}

/**
 * Compares probabilities `[example][labelId]` and the labelIds that were given (default: the most probable) with the true
 * ones. Refuses an empty set: no number would mean anything.
 */
export function measure(
  labelIds: readonly number[],
  probabilities: Rows,
  given: readonly number[] = probabilities.map(argmax),
): SingleLabelScores {
  requireTexts(labelIds);
  const labelCount = probabilities[0]?.length ?? 0;
  const ranking = (metric: RankingMetric) =>
    labelCount === 2
      ? metric(
          labelIds,
          probabilities.map((row) => row[1]!),
        )
      : averageRanking(metric, oneHot(labelIds, labelCount), probabilities, "macro");
  return {
    ...classificationMetrics(confusionMatrix(labelIds, given, labelCount)),
    logLoss: logLoss(labelIds, probabilities),
    brier: brierScore(labelIds, probabilities),
    calibrationError: calibrationError(labelIds, probabilities),
    rocAuc: ranking(rocAuc),
    averagePrecision: ranking(averagePrecision),
  };
}

/**
 * Compares predictions and probabilities with the truth, all `[example][labelId]`, predictions and truth 0 or 1. ROC AUC
 * and average precision are means over the labels. Refuses an empty set.
 */
export function measureMultiLabel(truth: Rows, probabilities: Rows, predictions: Rows): MultiLabelScores {
  requireTexts(truth);
  return {
    ...multiLabelMetrics(truth, predictions),
    logLoss: multiLabelLogLoss(truth, probabilities),
    brier: multiLabelBrierScore(truth, probabilities),
    rocAuc: averageRanking(rocAuc, truth, probabilities, "macro"),
    averagePrecision: averageRanking(averagePrecision, truth, probabilities, "macro"),
  };
}

function requireTexts(texts: readonly unknown[]): void {
  if (texts.length > 0) return;
  throw new TextgraftError("data-invalid", {
    message: "There is no labelled text to measure the model with.",
    fix: "Give a file with at least one labelled text, or a larger share for this part of the split.",
  });
}
