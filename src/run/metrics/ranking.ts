import { sum } from "../../base/numbers.js";
import { oneHot, type Rows } from "./probabilities.js";
import { ratio } from "./scores.js";

/** A number for one yes-or-no question: truth is 0 or 1, a higher score means a surer yes. */
export type RankingMetric = (truth: ArrayLike<number>, scores: ArrayLike<number>) => number;

/**
 * One point for each different score, the strictest first: what happens if that score and all above it count as yes.
 * Before them stands the point where nothing does, with the threshold Infinity.
 */
export interface RocCurve {
  /** Share of the noes that are taken for yes. */
  falsePositiveRate: number[];
  /** Share of the yeses that are found. */
  truePositiveRate: number[];
  thresholds: number[];
}

/** The laxest threshold comes first; the last precision and recall, 1 and 0, have no threshold. */
export interface PrecisionRecallCurve {
  precision: number[];
  recall: number[];
  thresholds: number[];
}

/** Receiver operating characteristic. Points that lie evenly between their neighbours are left out by default. */
export function rocCurve(
  truth: ArrayLike<number>,
  scores: ArrayLike<number>,
  { dropIntermediate = true }: { dropIntermediate?: boolean } = {},
): RocCurve {
  const steps = thresholdSteps(truth, scores);
  const last = steps.at(-1) ?? { threshold: 0, yes: 0, no: 0 };
  const even = (field: "yes" | "no", i: number) =>
    steps[i - 1]![field] + steps[i + 1]![field] === 2 * steps[i]![field];
  const kept = dropIntermediate
    ? steps.filter((_, i) => i === 0 || i === steps.length - 1 || !even("yes", i) || !even("no", i))
    : steps;
  const points = [{ threshold: Number.POSITIVE_INFINITY, yes: 0, no: 0 }, ...kept];
  return {
    falsePositiveRate: points.map(({ no }) => no / last.no),
    truePositiveRate: points.map(({ yes }) => yes / last.yes),
    thresholds: points.map(({ threshold }) => threshold),
  };
}

/** Precision and recall by threshold. Without any yes in the truth the recall is 1. */
export function precisionRecallCurve(
  truth: ArrayLike<number>,
  scores: ArrayLike<number>,
): PrecisionRecallCurve {
  const steps = thresholdSteps(truth, scores).reverse();
  const allYes = steps[0]?.yes ?? 0;
  return {
    precision: [...steps.map(({ yes, no }) => yes / (yes + no)), 1],
    recall: [...steps.map(({ yes }) => (allYes === 0 ? 1 : yes / allYes)), 0],
    thresholds: steps.map(({ threshold }) => threshold),
  };
}

/**
 * Area under the ROC curve: the chance that a random yes scores higher than a random no, equal scores counting half.
 * NaN if the truth holds only one of the two.
 */
export const rocAuc: RankingMetric = (truth, scores) => {
  const { falsePositiveRate: x, truePositiveRate: y } = rocCurve(truth, scores);
  return sum(x.slice(1).map((right, i) => ((right - x[i]!) * (y[i]! + y[i + 1]!)) / 2));
};

/** Σ (Rₙ − Rₙ₋₁) Pₙ over the thresholds, without interpolation; 0 if the truth holds no yes. */
export const averagePrecision: RankingMetric = (truth, scores) => {
  const { precision, recall } = precisionRecallCurve(truth, scores);
  return sum(recall.slice(1).map((next, i) => (recall[i]! - next) * precision[i]!));
};

/**
 * A ranking metric for several labels, each against the rest. `truth` is 0 or 1, `[example][labelId]`, for one label
 * a text see `oneHot`. macro: mean over labels; weighted: by how often they occur; micro: all answers in one
 * list; samples: mean over texts. NaN if a part of the average is.
 */
export function averageRanking(
  metric: RankingMetric,
  truth: Rows,
  scores: Rows,
  average: "macro" | "micro" | "weighted" | "samples",
): number {
  if (average === "micro") return metric(flat(truth), flat(scores));
  if (average === "samples") return sum(truth.map((row, i) => metric(row, scores[i]!))) / truth.length;
  const labels = Array.from(truth[0] ?? [], (_, labelId) => {
    const yes = column(truth, labelId);
    const weight = average === "macro" ? 1 : sum(yes);
    return { weight, value: weight === 0 ? 0 : metric(yes, column(scores, labelId)) };
  });
  return ratio(
    sum(labels.map(({ weight, value }) => weight * value)),
    sum(labels.map(({ weight }) => weight)),
  );
}

/**
 * Mean ROC-AUC over all pairs of labels, each among the texts of its two labels only; weighted: by how many those are.
 * Hand and Till 2001, https://doi.org/10.1023/A:1010920819831
 */
export function rocAucOneVsOne(
  labelIds: readonly number[],
  probabilities: Rows,
  average: "macro" | "weighted",
): number {
  const labelCount = probabilities[0]?.length ?? 0;
  const truth = oneHot(labelIds, labelCount);
  let total = 0;
  let weights = 0;
  for (let a = 0; a < labelCount; a++) {
    for (let b = a + 1; b < labelCount; b++) {
      const rows = [...labelIds.keys()].filter((i) => labelIds[i] === a || labelIds[i] === b);
      const among = (matrix: Rows, labelId: number) => rows.map((i) => matrix[i]![labelId]!);
      const [aucA, aucB] = [a, b].map((labelId) =>
        rocAuc(among(truth, labelId), among(probabilities, labelId)),
      );
      const weight = average === "macro" ? 1 : rows.length;
      total += (weight * (aucA! + aucB!)) / 2;
      weights += weight;
    }
  }
  return total / weights;
}

interface ThresholdStep {
  threshold: number;
  /** Yeses and noes with this score or a higher one. */
  yes: number;
  no: number;
}

/** From the highest score to the lowest. */
function thresholdSteps(truth: ArrayLike<number>, scores: ArrayLike<number>): ThresholdStep[] {
  const order = Array.from(truth, (_, i) => i).sort((i, j) => scores[j]! - scores[i]!);
  const steps: ThresholdStep[] = [];
  let [yes, no] = [0, 0];
  for (const [rank, i] of order.entries()) {
    if (truth[i] === 1) yes++;
    else no++;
    const next = order[rank + 1];
    if (next === undefined || scores[next] !== scores[i]) steps.push({ threshold: scores[i]!, yes, no });
  }
  return steps;
}

const column = (rows: Rows, labelId: number): number[] => rows.map((row) => row[labelId]!);

const flat = (rows: Rows): number[] => rows.flatMap((row) => Array.from(row));
