import type { Problem } from "../model/loss.js";
import { probabilitiesOf } from "./evaluate.js";
import type { TextLogits } from "./logit-table.js";
import { calibrationError, type Rows } from "./metrics/probabilities.js";
import { type LabelIds, rulesOf } from "./problem.js";
import { poolWindows, type WindowPooling } from "./window-pooling.js";

/** Texts with their labels, and how the answers to several windows of a text become one. */
export interface LabelledLogits {
  readonly logits: TextLogits;
  readonly labelIds: readonly LabelIds[];
  readonly problem: Problem;
  readonly windowPooling: WindowPooling;
}

/** Temperatures that are looked at, as logarithms: from 1/20 to 20. */
const WIDEST = Math.log(20);
/** Steps of a first look over the whole range; the minimum is then narrowed down between two neighbours. */
const COARSE = 8;
const TOLERANCE = 1e-4;

/**
 * The temperature T whose division of the logits makes the probabilities of `logits` most likely (Guo et al. 2017, On
 * Calibration of Modern Neural Networks, https://arxiv.org/abs/1706.04599): the minimum of Σ -ln p(labels) + (ln T)²/2, in
 * windows before they are pooled. The second term, a prior that weighs about as much as one text, keeps T near 1 where
 * texts are few or all are right, in which case the first term alone would have its minimum at 0.
 */
export function fitTemperature(texts: LabelledLogits): number {
  const loss = (u: number): number => texts.logits.length * textLoss(texts, Math.exp(u)) + (u * u) / 2;
  const step = WIDEST / COARSE;
  const coarse = Array.from({ length: 2 * COARSE + 1 }, (_, i) => -WIDEST + i * step);
  const losses = coarse.map(loss);
  const around = coarse[losses.indexOf(Math.min(...losses))]!;
  return Math.exp(goldenSection(loss, Math.max(-WIDEST, around - step), Math.min(WIDEST, around + step)));
}

/** Mean of -ln p(labels) over the texts, each with all its labels, at a temperature. */
function textLoss({ logits, labelIds, problem, windowPooling }: LabelledLogits, temperature: number): number {
  const labelCount = logits.at(0)![0]!.length;
  const pooled = pooledAt(logits, temperature, { problem, windowPooling });
  const mean = rulesOf(problem).loss(pooled, labelIds, new Array<number>(labelCount).fill(1));
  return problem === "multi_label" ? mean * labelCount : mean;
}

/** Logits of texts from those of their windows, divided by a temperature. */
export function pooledAt(
  logits: TextLogits,
  temperature: number,
  { problem, windowPooling }: Pick<LabelledLogits, "problem" | "windowPooling">,
): Rows {
  return logits.map((windows) => {
    const scaled =
      temperature === 1 ? windows : windows.map((row) => Array.from(row, (x) => x / temperature));
    return poolWindows(scaled, windowPooling, problem);
  });
}

/** The minimum of a function with one valley. Kiefer 1953, https://doi.org/10.2307/2032161 */
function goldenSection(f: (x: number) => number, from: number, to: number): number {
  const share = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [from, to];
  let [a, b] = [high - share * (high - low), low + share * (high - low)];
  let [fa, fb] = [f(a), f(b)];
  while (high - low > TOLERANCE) {
    if (fa < fb) {
      [high, b, fb] = [b, a, fa];
      a = high - share * (high - low);
      fa = f(a);
    } else {
      [low, a, fa] = [a, b, fb];
      b = low + share * (high - low);
      fb = f(b);
    }
  }
  return (low + high) / 2;
}

/** What probabilities are worth: without class weights, 0 is best in both. */
export interface CalibrationScores {
  /** As in `Metrics`. */
  logLoss: number;
  /** As in `Metrics`; where a text may have several labels, over all its yes-or-no answers. */
  calibrationError: number;
}

export function calibrationScores(
  logits: Rows,
  labelIds: readonly LabelIds[],
  problem: Problem,
): CalibrationScores {
  const labelCount = logits[0]!.length;
  const logLoss = rulesOf(problem).loss(logits, labelIds, new Array<number>(labelCount).fill(1));
  const probabilities = logits.map((row) => probabilitiesOf(row, problem));
  if (problem === "single_label") {
    const truth = labelIds.map(([labelId]) => labelId!);
    return { logLoss, calibrationError: calibrationError(truth, probabilities) };
  }
  const answers = probabilities.flatMap((row, i) =>
    row.map((p, id) => ({ truth: labelIds[i]!.includes(id) ? 1 : 0, row: [1 - p, p] })),
  );
  const error = calibrationError(
    answers.map(({ truth }) => truth),
    answers.map(({ row }) => row),
  );
  return { logLoss, calibrationError: error };
}
