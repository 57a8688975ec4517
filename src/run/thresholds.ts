import { sum } from "../base/numbers.js";
import { ratio } from "./metrics/scores.js";
import type { Aim } from "./threshold-aims.js";

/** What becomes of texts where a label is given from some probability on. */
export interface Outcome {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly trueNegatives: number;
}

/** A threshold with what it does to the texts that it was chosen on. */
export interface Candidate extends Outcome {
  readonly threshold: number;
}

/** Aims that a threshold is looked for. The macro F1 is that of two labels, the given one and the other. */
export type Wanted = Exclude<Aim, { kind: "fixed" }> | { readonly kind: "macro-f1" };

export interface Choice {
  readonly best: Candidate;
  /** Whether the aim is met; if not, `best` comes nearest to it. */
  readonly reached: boolean;
}

/**
 * The threshold of one label that fits an aim best, of all that make a difference. `scores` are probabilities of the label,
 * `truth` is 1 where a text has it. Of equally good ones the nearest to 0.5 is taken, which changes least.
 */
export function chooseThreshold(scores: ArrayLike<number>, truth: ArrayLike<number>, aim: Wanted): Choice {
  let best: { candidate: Candidate; rating: readonly number[] } | undefined;
  for (const candidate of candidates(scores, truth)) {
    const rating = rate(candidate, aim);
    const order = best ? compare(rating, best.rating) : 1;
    if (order > 0 || (order === 0 && change(candidate) < change(best!.candidate)))
      best = { candidate, rating };
  }
  return { best: best!.candidate, reached: best!.rating[0]! >= 1 };
}

const change = ({ threshold }: Candidate): number => Math.abs(threshold - 0.5);

/**
 * One threshold for each set of texts that can be given the label, the empty one first. Each lies halfway between two
 * probabilities, since those of the saved model differ in their last digits.
 */
export function candidates(scores: ArrayLike<number>, truth: ArrayLike<number>): Candidate[] {
  const order = Array.from(scores, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
  const positives = sum(Array.from(truth));
  const found: Candidate[] = [];
  let truePositives = 0;
  let falsePositives = 0;
  for (let given = 0; given <= order.length; given++) {
    const last = given === 0 ? 1 : scores[order[given - 1]!]!;
    const next = given === order.length ? 0 : scores[order[given]!]!;
    if (next < last || given === order.length) {
      found.push({
        threshold: (last + next) / 2,
        truePositives,
        falsePositives,
        falseNegatives: positives - truePositives,
        trueNegatives: order.length - positives - falsePositives,
      });
    }
    if (given === order.length) break;
    if (truth[order[given]!] === 1) truePositives++;
    else falsePositives++;
  }
  return found;
}

/**
 * How good a candidate is: numbers of falling importance, more is better. The first is 1 where the aim is met. A label that
 * is never given has the precision 0.
 */
function rate(outcome: Outcome, aim: Wanted): readonly number[] {
  const { truePositives, falsePositives, falseNegatives, trueNegatives } = outcome;
  const precision = ratio(truePositives, truePositives + falsePositives);
  const recall = ratio(truePositives, truePositives + falseNegatives);
  const f1 = (right: number) => ratio(2 * right, 2 * right + falsePositives + falseNegatives);
  switch (aim.kind) {
    case "f1":
      return [1, f1(truePositives)];
    case "macro-f1":
      return [1, (f1(truePositives) + f1(trueNegatives)) / 2];
    case "precision":
      return [Math.min(1, precision / aim.atLeast), recall, precision];
    case "recall":
      return [Math.min(1, recall / aim.atLeast), precision, recall];
    case "costs":
      return [1, -(aim.missed * falseNegatives + aim.wrong * falsePositives)];
    default:
      return aim satisfies never;
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  const first = a.findIndex((value, i) => value !== b[i]);
  return first < 0 ? 0 : a[first]! - b[first]!;
}

/** From which probability on answers are given, so that few of them are wrong. */
export interface AnswerChoice {
  /** 0 where all can be given; undefined where none can. */
  readonly unknownBelow: number | undefined;
  readonly answered: number;
  readonly wrong: number;
}

/**
 * The lowest probability from which on at most the share `mostWrong` of the answers is wrong: as many answers as possible.
 * `probabilities` are those of the answers.
 */
export function chooseUnknown(
  probabilities: readonly number[],
  right: readonly boolean[],
  mostWrong: number,
): AnswerChoice {
  const truth = right.map((isRight) => (isRight ? 1 : 0));
  const fitting = candidates(probabilities, truth).filter(
    ({ truePositives, falsePositives }) =>
      truePositives + falsePositives > 0 && falsePositives <= mostWrong * (truePositives + falsePositives),
  );
  const most = fitting.at(-1);
  if (!most) return { unknownBelow: undefined, answered: 0, wrong: 0 };
  const answered = most.truePositives + most.falsePositives;
  const all = answered === probabilities.length;
  return { unknownBelow: all ? 0 : most.threshold, answered, wrong: most.falsePositives };
}
