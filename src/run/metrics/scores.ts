import { sum } from "../../base/numbers.js";

/** Precision, recall and F1 lie in [0, 1]; support counts the examples that truly have the label. */
export interface Scores {
  precision: number;
  recall: number;
  f1: number;
  support: number;
}

/** The scores of each label and their averages; the support of an average is the sum over the labels. */
export interface ScoreTable {
  /** By labelId. */
  perLabel: Scores[];
  /** From the counts of all labels together. */
  micro: Scores;
  /** Plain mean over the labels: a rare label weighs as much as a common one. */
  macro: Scores;
  /** Mean over the labels, weighted by support. */
  weighted: Scores;
}

/** How often a label was rightly given, wrongly given, and missed. */
export interface Hits {
  truePositives: number;
  falsePositives: number;
  falseNegatives: number;
}

/** The score table of some labels. An undefined ratio (0/0) counts as 0, as in scikit-learn's reports. */
export function scoreTable(hits: readonly Hits[]): ScoreTable {
  const perLabel = hits.map(scoresOf);
  const micro = scoresOf({
    truePositives: sum(hits.map((label) => label.truePositives)),
    falsePositives: sum(hits.map((label) => label.falsePositives)),
    falseNegatives: sum(hits.map((label) => label.falseNegatives)),
  });
  return {
    perLabel,
    micro,
    macro: average(perLabel, () => 1),
    weighted: average(perLabel, (scores) => scores.support),
  };
}

/** a / b, and 0 for 0/0. */
export const ratio = (a: number, b: number): number => (b === 0 ? 0 : a / b);

// https://en.wikipedia.org/wiki/Precision_and_recall
function scoresOf({ truePositives, falsePositives, falseNegatives }: Hits): Scores {
  return {
    precision: ratio(truePositives, truePositives + falsePositives),
    recall: ratio(truePositives, truePositives + falseNegatives),
    f1: ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives),
    support: truePositives + falseNegatives,
  };
}

function average(perLabel: readonly Scores[], weight: (scores: Scores) => number): Scores {
  const total = sum(perLabel.map(weight));
  const mean = (field: keyof Scores) =>
    ratio(sum(perLabel.map((scores) => weight(scores) * scores[field])), total);
  return {
    precision: mean("precision"),
    recall: mean("recall"),
    f1: mean("f1"),
    support: sum(perLabel.map((scores) => scores.support)),
  };
}
