import type { Judged } from "./events.js";
import { isRight } from "./metrics/outcomes.js";

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
