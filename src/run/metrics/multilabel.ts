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
  return fromTally({
    ofLabel,
    samples: scoreTable(ofText).macro,
    texts: truth.length,
    rightTexts,
    wrongAnswers,
  });
}

/** What is counted over texts. */
export interface MultiLabelTally {
  ofLabel: readonly Hits[];
  /** Mean over the texts. */
  samples: Scores;
  texts: number;
  /** Texts whose labels are all right. */
  rightTexts: number;
  /** Single yes-or-no answers that are wrong. */
  wrongAnswers: number;
}

export function fromTally({
  ofLabel,
  samples,
  texts,
  rightTexts,
  wrongAnswers,
}: MultiLabelTally): MultiLabelMetrics {
  return {
    ...scoreTable(ofLabel),
    samples,
    accuracy: rightTexts / texts,
    hammingLoss: wrongAnswers / (texts * ofLabel.length),
    confusions: ofLabel.map(({ truePositives, falsePositives, falseNegatives }) => [
      [texts - truePositives - falsePositives - falseNegatives, falsePositives],
      [falseNegatives, truePositives],
    ]),
  };
}

const noHits = (): Hits => ({ truePositives: 0, falsePositives: 0, falseNegatives: 0 });
