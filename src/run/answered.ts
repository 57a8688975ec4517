import type { Problem } from "../model/loss.js";
import { certaintyOf } from "./decision.js";
import type { Judged } from "./events.js";
import { isRight } from "./metrics/outcomes.js";
import type { Metrics } from "./metrics.js";
import { rulesOf } from "./problem.js";

/** How many texts got an answer, where a model may say unknown. */
export interface Answered {
  /** Texts that were judged. */
  texts: number;
  /** Those that got an answer, and those of them where all labels are right. */
  answered: number;
  right: number;
  /** answered / texts */
  coverage: number;
  /** right / answered; NaN where none was answered. */
  accuracy: number;
  /** Of the others, those whose withheld answer was right. */
  withheldRight: number;
}

export function answeredOf(judged: readonly Judged[]): Answered {
  const given = judged.filter(({ unknown }) => !unknown);
  const right = given.filter(isRight).length;
  return {
    texts: judged.length,
    answered: given.length,
    right,
    coverage: given.length / judged.length,
    accuracy: right / given.length,
    withheldRight: judged.filter(isRight).length - right,
  };
}

/** The metrics of the answers that were given alone; undefined where none was. */
export function metricsOfAnswers(judged: readonly Judged[], problem: Problem): Metrics | undefined {
  const given = judged.filter(({ unknown }) => !unknown);
  if (given.length === 0) return undefined;
  return rulesOf(problem).measure(
    given.map(({ labelIds }) => labelIds),
    given.map(({ probabilities }) => probabilities),
    given.map(({ predictedIds }) => predictedIds),
  );
}

/** What comes of answering only from some probability on. */
export interface CoveragePoint {
  /** Of the least sure answer that is given. */
  readonly probability: number;
  readonly answered: number;
  /** Of the answered ones, those where all labels are right. */
  readonly right: number;
}

/**
 * How many texts are answered, and how many of these rightly, for each probability that makes a difference: from the surest
 * answer alone to all of them (the risk-coverage curve of El-Yaniv and Wiener 2010, with accuracy in place of risk).
 */
export function coverageCurve(judged: readonly Judged[], problem: Problem): CoveragePoint[] {
  const answers = judged
    .map((answer) => ({
      probability: certaintyOf(problem, answer.probabilities, answer.predictedIds),
      right: isRight(answer),
    }))
    .sort((a, b) => b.probability - a.probability);
  const points: CoveragePoint[] = [];
  let right = 0;
  for (const [i, answer] of answers.entries()) {
    if (answer.right) right++;
    if (answers[i + 1]?.probability === answer.probability) continue; // equally sure ones are answered together
    points.push({ probability: answer.probability, answered: i + 1, right });
  }
  return points;
}
