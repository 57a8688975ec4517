import { random } from "../base/random.js";
import { atOnce, type Steps } from "../base/steps.js";
import type { Examples } from "../data/examples.js";
import type { Problem } from "../model/loss.js";
import { type Answered, answeredOf } from "./answered.js";
import { answerOf, type Decision } from "./decision.js";
import type { Judged } from "./events.js";
import { findIntervals, type Intervals } from "./intervals.js";
import { JudgedRow } from "./judged-row.js";
import { type SmallestDifference, smallestDifference } from "./metrics/mcnemar.js";
import { countMistakes } from "./metrics/outcomes.js";
import type { Metrics } from "./metrics.js";
import type { Prediction } from "./predict.js";
import { rulesOf } from "./problem.js";

/** What labelled texts say about a model. */
export interface Judgement {
  metrics: Metrics;
  intervals: Intervals;
  /** By how many of these texts another model has to differ, to be told apart from this one. */
  smallestDifference: SmallestDifference;
  judged: readonly Judged[];
  /** Absent where no answer was withheld: metrics are as if every text had been answered. */
  answered?: Answered;
}

/** Judges answers; refuses an empty set. The same answers give the same intervals, always. */
export const judgementOf = (judged: readonly Judged[], problem: Problem): Judgement =>
  atOnce(findJudgement(judged, problem));

/** The same in steps: of many texts, or with many labels, it takes seconds. */
export function* findJudgement(judged: readonly Judged[], problem: Problem): Steps<Judgement> {
  const metrics = rulesOf(problem).measure(
    judged.map(({ labelIds }) => labelIds),
    judged.map(({ probabilities }) => probabilities),
    judged.map(({ predictedIds }) => predictedIds),
  );
  return {
    metrics,
    intervals: yield* findIntervals(judged, metrics, { problem, random: resampling() }),
    smallestDifference: smallestDifference(judged.length, countMistakes(judged)),
    judged,
    ...(judged.some(({ unknown }) => unknown) && { answered: answeredOf(judged) }),
  };
}

/** Not the seed of a training: a model's numbers don't depend on who computes them. */
export const resampling = () => random(0).fork("bootstrap");

/**
 * A function that takes what a model answered to the next examples, and gives it beside their labels, with labelIds of
 * `labels`: the model's, in any order.
 */
export function judging(
  examples: Examples,
  labels: readonly string[],
  model: { labels: readonly string[]; problem: Problem; decision: Decision },
): (predictions: readonly Prediction[]) => Judged[] {
  let next = 0;
  const ids = new Map(labels.map((label, id) => [label, id]));
  const idsOf = (names: readonly string[]) => names.map((name) => ids.get(name)!).sort((a, b) => a - b);
  return (predictions) =>
    predictions.map(({ scores }) => {
      const own = model.labels.map((name) => scores[name]!);
      const { labelIds, unknown } = answerOf(model.problem, own, model.decision);
      const index = next++;
      return new JudgedRow(examples, index, {
        labelIds: idsOf(examples.at(index)!.labels),
        predictedIds: idsOf(labelIds.map((id) => model.labels[id]!)),
        probabilities: labels.map((name) => scores[name]!),
        ...(unknown && { unknown }),
      });
    });
}
