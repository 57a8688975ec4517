import { readFileSync } from "node:fs";

/** What make.py wrote; null is NaN. */
export interface Judging {
  /** [successes, total, low, high] */
  wilson: [number, number, number, number][];
  /** [only A right, only B right, exact p, mid-p] */
  mcnemar: [number, number, number, number][];
  single: JudgingCase<number>[];
  multi: JudgingCase<number[]>[];
}

export interface JudgingCase<Label> {
  name: string;
  truth: Label[];
  predictions: Label[];
  probabilities: number[][];
  /** How often each text was drawn. */
  drawn: number[];
  /** The metrics of the texts, and of those that were drawn, by the names of our fields. */
  plain: Record<string, unknown>;
  resampled: Record<string, unknown>;
}

export const judging = JSON.parse(readFileSync(new URL("expected.json", import.meta.url), "utf8")) as Judging;
