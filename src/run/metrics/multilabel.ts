import { type Hits, type Scores, type ScoreTable, scoreTable } from "./scores.js";

/** What can be said about predictions of any number of labels for each text. */
export interface MultiLabelMetrics extends ScoreTable {
  /** Mean over the texts of each text's own precision, recall and F1. */
  samples: Scores;
  /** Share of the texts whose labels are all right. */
  accuracy: number;
  /** Share of the single yes-or-no answers that are wrong. */
  hammingLoss: number;
  /** For each label `[[true negatives, false positives], [false negatives, true positives]]`. */
  confusions: [[number, number], [number, number]][];
}

/**
 * The metrics of multi-label predictions, as scikit-learn defines them. `truth` and `predictions` are 0 or 1,
 * both `[example][labelId]`.
 */
export function multiLabelMetrics(
  truth: readonly ArrayLike<number>[],
  predictions: readonly ArrayLike<number>[],
): MultiLabelMetrics {
  const labelCount = truth[0]?.length ?? 0;
  const ofLabel = Array.from({ length: labelCount }, noHits);
  const ofText = truth.map(noHits);
  let rightTexts = 0;
  let wrongAnswers = 0;
  for (const [i, row] of truth.entries()) {
    let wrongHere = 0;
    for (const [labelId, label] of ofLabel.entries()) {
      const wanted = row[labelId] === 1;
      const given = predictions[i]![labelId] === 1;
      if (wanted !== given) wrongHere++;
      if (!wanted && !given) continue;
      const outcome = wanted && given ? "truePositives" : given ? "falsePositives" : "falseNegatives";
      label[outcome]++;
      ofText[i]![outcome]++;
    }
    if (wrongHere === 0) rightTexts++;
    wrongAnswers += wrongHere;
  }
  return {
    ...scoreTable(ofLabel),
    samples: scoreTable(ofText).macro,
    accuracy: rightTexts / truth.length,
    hammingLoss: wrongAnswers / (truth.length * labelCount),
    confusions: ofLabel.map(({ truePositives, falsePositives, falseNegatives }) => [
      [truth.length - truePositives - falsePositives - falseNegatives, falsePositives],
      [falseNegatives, truePositives],
    ]),
  };
}

const noHits = (): Hits => ({ truePositives: 0, falsePositives: 0, falseNegatives: 0 });
