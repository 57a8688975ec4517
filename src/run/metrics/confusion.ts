import { TextgraftError } from "../../base/errors.js";
import { sum } from "../../base/numbers.js";
import { type ScoreTable, scoreTable } from "./scores.js";

/** What a confusion matrix says about predictions of one label for each text. */
export interface ClassificationMetrics extends ScoreTable {
  /** `[true labelId][predicted labelId]`, in examples. */
  confusion: number[][];
  accuracy: number;
  /** Mean recall over the labels that occur. */
  balancedAccuracy: number;
  /** Matthews correlation coefficient in [-1, 1]; 0 if only one label occurs or only one is predicted. */
  mcc: number;
  /** Agreement beyond chance, at most 1; NaN if truth and predictions are one and the same label throughout. */
  cohenKappa: number;
}

/** Counts `[true labelId][predicted labelId]`; labels that don't occur keep their row and column of zeros. */
export function confusionMatrix(
  labelIds: readonly number[],
  predictions: readonly number[],
  labelCount: number,
): number[][] {
  if (labelIds.length !== predictions.length) {
    throw new TextgraftError("internal", {
      message: `${labelIds.length} labelIds can't be compared with ${predictions.length} predictions.`,
    });
  }
  const confusion = Array.from({ length: labelCount }, () => new Array<number>(labelCount).fill(0));
  for (const [i, labelId] of labelIds.entries()) {
    const prediction = predictions[i]!;
    const row = confusion[labelId];
    if (row?.[prediction] === undefined) {
      throw new TextgraftError("internal", {
        message: `Example ${i} has labelId ${labelId} and prediction ${prediction}; both must be integers from 0 to ${labelCount - 1}.`,
      });
    }
    row[prediction]! += 1;
  }
  return confusion;
}

/**
 * All metrics that depend on the confusion matrix alone, as scikit-learn defines them.
 * https://scikit-learn.org/stable/modules/model_evaluation.html
 */
export function classificationMetrics(confusion: number[][]): ClassificationMetrics {
  const actual = confusion.map(sum);
  const predicted = confusion.map((_, labelId) => sum(confusion.map((row) => row[labelId]!)));
  const right = confusion.map((row, labelId) => row[labelId]!);
  const table = scoreTable(
    right.map((truePositives, labelId) => ({
      truePositives,
      falsePositives: predicted[labelId]! - truePositives,
      falseNegatives: actual[labelId]! - truePositives,
    })),
  );
  const occurring = table.perLabel.filter(({ support }) => support > 0);
  return {
    ...table,
    confusion,
    accuracy: sum(right) / sum(actual),
    balancedAccuracy: sum(occurring.map(({ recall }) => recall)) / occurring.length,
    mcc: matthews(actual, predicted, sum(right)),
    cohenKappa: kappa(actual, predicted, sum(right)),
  };
}

// For several labels: (n·right − Σ aₖpₖ) / √((n² − Σ aₖ²)(n² − Σ pₖ²)), with aₖ texts of label k and pₖ predictions
// of it. Gorodkin 2004, https://doi.org/10.1016/j.compbiolchem.2004.09.006
function matthews(actual: readonly number[], predicted: readonly number[], right: number): number {
  const n = sum(actual);
  const spread = Math.sqrt((n * n - dot(actual, actual)) * (n * n - dot(predicted, predicted)));
  return spread === 0 ? 0 : (n * right - dot(actual, predicted)) / spread;
}

// 1 − (1 − observed) / (1 − expected) agreement. Cohen 1960, https://doi.org/10.1177/001316446002000104
function kappa(actual: readonly number[], predicted: readonly number[], right: number): number {
  const n = sum(actual);
  return 1 - (n * n - n * right) / (n * n - dot(actual, predicted));
}

const dot = (a: readonly number[], b: readonly number[]): number => sum(a.map((value, i) => value * b[i]!));
