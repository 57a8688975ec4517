import type { Problem } from "../../model/loss.js";
import type { Judged } from "../../run/events.js";
import { argmax } from "../../run/metrics/probabilities.js";
import { averagePrecision, precisionRecallCurve, rocAuc, rocCurve } from "../../run/metrics/ranking.js";

/** How one label's probability sorts the texts that have it from those that don't. */
export interface LabelCurves {
  labelId: number;
  /** Points from left to right, thinned to what an eye can tell apart. */
  roc: readonly Point[];
  precisionRecall: readonly Point[];
  rocAuc: number;
  averagePrecision: number;
  /** What happens if texts get the label from this probability on. */
  at(threshold: number): Outcome;
}

export type Point = readonly [x: number, y: number];

export interface Outcome {
  precision: number;
  recall: number;
  falsePositiveRate: number;
}

/** A label that each text has, or none, sorts nothing: undefined. */
export function labelCurves(judged: readonly Judged[], labelId: number): LabelCurves | undefined {
  const truth = judged.map(({ labelIds }): number => (labelIds.includes(labelId) ? 1 : 0));
  const scores = judged.map(({ probabilities }) => probabilities[labelId]!);
  const yes = truth.filter((value) => value === 1).length;
  if (yes === 0 || yes === truth.length) return undefined;
  const roc = rocCurve(truth, scores);
  const { precision, recall } = precisionRecallCurve(truth, scores);
  return {
    labelId,
    roc: thinned(roc.falsePositiveRate.map((x, i): Point => [x, roc.truePositiveRate[i]!])),
    precisionRecall: thinned(recall.map((x, i): Point => [x, precision[i]!]).reverse()),
    rocAuc: rocAuc(truth, scores),
    averagePrecision: averagePrecision(truth, scores),
    at: (threshold) => {
      let [right, marked] = [0, 0];
      for (const [i, score] of scores.entries()) {
        if (score < threshold) continue;
        marked++;
        right += truth[i]!;
      }
      return {
        precision: right / marked,
        recall: right / yes,
        falsePositiveRate: (marked - right) / (truth.length - yes),
      };
    },
  };
}

/** Leaves out points that lie within about a pixel of the last one kept; both ends stay. */
export function thinned(points: readonly Point[], distance = 1 / 300): Point[] {
  const kept: Point[] = [];
  for (const [i, point] of points.entries()) {
    const last = kept.at(-1);
    const near = last && Math.abs(point[0] - last[0]) + Math.abs(point[1] - last[1]) < distance;
    if (!near || i === points.length - 1) kept.push(point);
  }
  return kept;
}

/** Answers of about the same probability: how sure they are on average, and which share is right. */
export interface ReliabilityBin {
  from: number;
  to: number;
  answers: number;
  meanProbability: number;
  rightShare: number;
}

/**
 * The bins (from, to] of `calibrationError` that hold any answer. An answer is a text's most probable label, or, where
 * texts may have several labels, the yes to each label of each text.
 */
export function reliability(
  judged: readonly Pick<Judged, "labelIds" | "probabilities">[],
  problem: Problem,
  binCount = 10,
): ReliabilityBin[] {
  const bins = Array.from({ length: binCount }, (_, i) => ({
    from: i / binCount,
    to: (i + 1) / binCount,
    answers: 0,
    sum: 0,
    right: 0,
  }));
  const add = (probability: number, right: boolean): void => {
    let bin = 0;
    while (bin < binCount - 1 && probability > (bin + 1) / binCount) bin++;
    const into = bins[bin]!;
    into.answers++;
    into.sum += probability;
    if (right) into.right++;
  };
  for (const { labelIds, probabilities } of judged) {
    if (problem === "multi_label") {
      for (const [id, probability] of probabilities.entries()) add(probability, labelIds.includes(id));
    } else {
      const best = argmax(probabilities);
      add(probabilities[best]!, labelIds.includes(best));
    }
  }
  return bins
    .filter(({ answers }) => answers > 0)
    .map(({ from, to, answers, sum, right }) => ({
      from,
      to,
      answers,
      meanProbability: sum / answers,
      rightShare: right / answers,
    }));
}

/**
 * The probabilities before logits were divided by a temperature T: of softmax(z/T) its powers by T, again adding up to 1; of
 * sigmoid(z/T) sigmoid(z). Exact where a text is one passage.
 */
export function uncalibrated(
  judged: readonly Judged[],
  temperature: number,
  problem: Problem,
): { labelIds: Judged["labelIds"]; probabilities: number[] }[] {
  return judged.map(({ labelIds, probabilities }) => {
    const powers = probabilities.map((p) => p ** temperature);
    const rest = probabilities.map((p) => (1 - p) ** temperature);
    const sum = powers.reduce((a, b) => a + b, 0);
    const before = powers.map((power, id) => power / (problem === "multi_label" ? power + rest[id]! : sum));
    return { labelIds, probabilities: before };
  });
}
