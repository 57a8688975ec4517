import { sum } from "../base/numbers.js";

/** What out-of-fold probabilities say about labels. */
export interface LabelDoubts {
  /** By labelId: the mean probability of a label over the rows that have it; NaN where none has. */
  thresholds: number[];
  /** The confident joint, `[given labelId][labelId it seems to be]`, in rows: only rows that are sure enough of a label. */
  joint: number[][];
  /** How many rows are wrongly labelled, estimated from the joint. */
  estimatedErrors: number;
  /** Every row, the most likely wrong first. */
  ranking: Doubt[];
}

/** How much one row's label is doubted. */
export interface Doubt {
  /** Number of the row. */
  example: number;
  given: number;
  /** The most probable other label. */
  suggested: number;
  /** Of `suggested`. */
  probability: number;
  /** Probability of the given label minus that of `suggested`, in [-1, 1]: negative speaks against the label. */
  margin: number;
  /** Off the diagonal of the confident joint: sure enough of another label. */
  likely: boolean;
}

/**
 * Confident learning: compares labels with probabilities `[row][labelId]` of models that didn't see the row.
 *
 * - tⱼ = mean of p(j; x) over the rows x labelled j. Thresholds by label make up for labels that are rare or that the
 *   model is generally less sure of.
 * - A row labelled i counts in C[i][j] for the most probable j among those with p(j; x) ≥ tⱼ. Where i ≠ j, the label is
 *   likely wrong.
 * - Rows are ranked by the normalised margin p(i; x) - max p(j; x) over j ≠ i, lowest first; likely errors before others.
 * - C with its rows scaled to the counts of the given labels estimates how many labels are wrong.
 *
 * Northcutt, Jiang, Chuang 2021, equations 1 and 2 and section 3.2, https://arxiv.org/abs/1911.00068
 */
export function doubtLabels(
  labelIds: readonly number[],
  probabilities: readonly ArrayLike<number>[],
): LabelDoubts {
  const labelCount = probabilities[0]?.length ?? 0;
  const counts = new Array<number>(labelCount).fill(0);
  const selfConfidence = new Array<number>(labelCount).fill(0);
  for (const [row, given] of labelIds.entries()) {
    counts[given]!++;
    selfConfidence[given]! += probabilities[row]![given]!;
  }
  const thresholds = selfConfidence.map((total, id) => total / counts[id]!);
  const joint = Array.from({ length: labelCount }, () => new Array<number>(labelCount).fill(0));
  const ranking = labelIds.map((given, example): Doubt => {
    const row = probabilities[example]!;
    const sure = largest(row, (id) => row[id]! >= thresholds[id]!);
    if (sure !== undefined) joint[given]![sure]!++;
    const suggested = largest(row, (id) => id !== given)!;
    const probability = row[suggested]!;
    const margin = row[given]! - probability;
    return { example, given, suggested, probability, margin, likely: sure !== undefined && sure !== given };
  });
  ranking.sort((a, b) => Number(b.likely) - Number(a.likely) || a.margin - b.margin || a.example - b.example);
  return { thresholds, joint, estimatedErrors: errorsOf(joint, counts), ranking };
}

/** n · Σ Q[i][j] over i ≠ j, where Q is the joint with its rows scaled to `counts` and the whole to 1. */
function errorsOf(joint: readonly number[][], counts: readonly number[]): number {
  const calibrated = joint.map((row, given) => {
    const total = sum(row);
    return row.map((count) => (total === 0 ? 0 : (count / total) * counts[given]!));
  });
  const all = sum(calibrated.flat());
  const wrong = sum(calibrated.flatMap((row, given) => row.filter((_, id) => id !== given)));
  return all === 0 ? 0 : (sum(counts) * wrong) / all;
}

/** The labelId with the largest value among those that `may` be; the first of equal ones, undefined where none may. */
function largest(row: ArrayLike<number>, may: (labelId: number) => boolean): number | undefined {
  let best: number | undefined;
  for (let id = 0; id < row.length; id++)
    if (may(id) && (best === undefined || row[id]! > row[best]!)) best = id;
  return best;
}
