import type { Problem } from "../model/loss.js";
import { argmax } from "./metrics/probabilities.js";
import type { LabelIds } from "./problem.js";

/**
 * How probabilities become an answer. Where nothing is set, the usual rule: the most probable label, or, where a text may
 * have several, all from 0.5 on.
 */
export interface Decision {
  /**
   * By labelId: the label is given from this probability on; null where the usual rule holds. Where a text has one label,
   * the most probable of those that reach their thresholds wins, else the most probable of those without one; if all have
   * one and none reaches it, the answer is unknown.
   */
  readonly thresholds?: readonly (number | null)[];
  /**
   * `[true labelId][given labelId]`, what each error costs: the label with the least cost to be expected is given (Elkan
   * 2001, The Foundations of Cost-Sensitive Learning). For one label a text only, and instead of thresholds.
   */
  readonly costs?: readonly (readonly number[])[];
  /** Answers whose probability is lower are withheld: unknown. */
  readonly unknownBelow?: number;
}

/** What stands for a label where the answer is withheld. */
export const UNKNOWN = "unknown";

/** The usual rule. */
export const usual: Decision = {};

/** What a model answers. */
export interface Answer {
  /** Its labels: exactly one, or where a text may have several any number in rising order. Also of what is withheld. */
  readonly labelIds: LabelIds;
  /** See `certaintyOf`. */
  readonly probability: number;
  /** It is withheld. */
  readonly unknown: boolean;
}

/** Where a text may have several labels, each is given from this probability on. */
const USUAL_THRESHOLD = 0.5;

/** The answer that a row of probabilities, one for each label, stands for. Every command asks here and nowhere else. */
export function answerOf(
  problem: Problem,
  probabilities: ArrayLike<number>,
  decision: Decision = usual,
): Answer {
  const { unknownBelow = 0 } = decision;
  const { labelIds, undecided } =
    problem === "multi_label" ? several(probabilities, decision) : one(probabilities, decision);
  const probability = certaintyOf(problem, probabilities, labelIds);
  return { labelIds, probability, unknown: undecided || probability < unknownBelow };
}

/** How probable an answer is, by which it is withheld or not; of several yes-or-no answers, the least sure one. */
export function certaintyOf(problem: Problem, probabilities: ArrayLike<number>, labelIds: LabelIds): number {
  if (problem === "single_label") return probabilities[labelIds[0]!]!;
  let least = 1;
  for (let id = 0; id < probabilities.length; id++) {
    const p = probabilities[id]!;
    least = Math.min(least, labelIds.includes(id) ? p : 1 - p);
  }
  return least;
}

/** The label that is shown for an answer: the one that was chosen, or of several the most probable of all labels. */
export const shownId = (problem: Problem, probabilities: ArrayLike<number>, { labelIds }: Answer): number =>
  problem === "multi_label" ? argmax(probabilities) : labelIds[0]!;

function one(probabilities: ArrayLike<number>, { thresholds, costs }: Decision) {
  const found = costs ? cheapest(probabilities, costs) : reached(probabilities, thresholds);
  const labelId = found ?? argmax(probabilities);
  return { labelIds: [labelId], undecided: found === undefined };
}

/** The given label with the least expected cost Σᵢ pᵢ·costs[i][given]; the first of equals. */
function cheapest(probabilities: ArrayLike<number>, costs: NonNullable<Decision["costs"]>): number {
  const savings = costs.map((_, given) =>
    costs.reduce((sum, row, truth) => sum - probabilities[truth]! * row[given]!, 0),
  );
  return argmax(savings);
}

function reached(probabilities: ArrayLike<number>, thresholds: Decision["thresholds"]): number | undefined {
  if (!thresholds) return argmax(probabilities);
  const best = (eligible: (threshold: number | null, labelId: number) => boolean): number | undefined => {
    const fitting = thresholds.flatMap((threshold, id) => (eligible(threshold, id) ? [id] : []));
    return fitting.length === 0 ? undefined : fitting[argmax(fitting.map((id) => probabilities[id]!))]!;
  };
  return (
    best((threshold, id) => threshold !== null && probabilities[id]! >= threshold) ??
    best((threshold) => threshold === null)
  );
}

function several(probabilities: ArrayLike<number>, { thresholds }: Decision) {
  const labelIds: number[] = [];
  for (let id = 0; id < probabilities.length; id++)
    if (probabilities[id]! >= (thresholds?.[id] ?? USUAL_THRESHOLD)) labelIds.push(id);
  return { labelIds, undecided: false };
}
