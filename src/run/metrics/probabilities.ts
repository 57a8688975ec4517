import { mean, sum } from "../../base/numbers.js";

/** `[example][labelId]`; rows of numbers or of typed arrays. */
export type Rows = readonly ArrayLike<number>[];

/** The first position of the largest number: the labelId that a row of logits or probabilities predicts. */
export function argmax(row: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < row.length; i++) if (row[i]! > row[best]!) best = i;
  return best;
}

/** A row for each labelId with 1 at its place and 0 elsewhere: `[example][labelId]`. */
export const oneHot = (labelIds: readonly number[], labelCount: number): number[][] =>
  labelIds.map((labelId) => Array.from({ length: labelCount }, (_, i) => (i === labelId ? 1 : 0)));

/** Mean negative log-probability of the true label (natural logarithm); 0 is best. */
export const logLoss = (labelIds: readonly number[], probabilities: Rows): number =>
  mean(labelIds.map((labelId, i) => -Math.log(clipped(probabilities[i]![labelId]!))));

/** Mean binary cross-entropy over all texts and labels; `truth` is 0 or 1. */
export const multiLabelLogLoss = (truth: Rows, probabilities: Rows): number =>
  meanOfElements(truth, probabilities, (y, p) => -Math.log(clipped(y === 1 ? p : 1 - p)));

/**
 * Mean squared distance between probabilities and truth, summed over the labels; 0 is best. With two labels half of
 * that, which is the usual (p − y)². Brier 1950.
 */
export function brierScore(labelIds: readonly number[], probabilities: Rows): number {
  const labelCount = probabilities[0]?.length ?? 0;
  const share = multiLabelBrierScore(oneHot(labelIds, labelCount), probabilities);
  return labelCount === 2 ? share : share * labelCount;
}

/** Mean of (p − y)² over all texts and labels; `truth` is 0 or 1. */
export const multiLabelBrierScore = (truth: Rows, probabilities: Rows): number =>
  meanOfElements(truth, probabilities, (y, p) => (p - y) ** 2);

/**
 * Expected calibration error in [0, 1]: texts fall into equal bins (low, high] of the top probability, and the gaps
 * between mean probability and accuracy are averaged by share of the texts. https://arxiv.org/abs/1706.04599
 */
export function calibrationError(labelIds: readonly number[], probabilities: Rows, binCount = BINS): number {
  const gaps = new Array<number>(binCount).fill(0); // Σ (confidence − right) of each bin
  for (const [i, labelId] of labelIds.entries()) {
    const prediction = argmax(probabilities[i]!);
    const confidence = probabilities[i]![prediction]!;
    gaps[binOf(confidence, binCount)]! += confidence - (prediction === labelId ? 1 : 0);
  }
  return sum(gaps.map(Math.abs)) / labelIds.length;
}

/** Of calibration. */
export const BINS = 10;

/** The bin (low, high] of a probability, from 0. */
export function binOf(confidence: number, binCount = BINS): number {
  let bin = 0;
  while (bin < binCount - 1 && confidence > (bin + 1) / binCount) bin++;
  return bin;
}

/** Keeps logarithms finite; scikit-learn's limits for float64. */
export const clipped = (p: number): number => Math.min(Math.max(p, Number.EPSILON), 1 - Number.EPSILON);

const meanOfElements = (truth: Rows, probabilities: Rows, f: (y: number, p: number) => number): number =>
  mean(truth.map((row, i) => mean(Array.from(row, (y, labelId) => f(y, probabilities[i]![labelId]!)))));
