import { expect } from "vitest";
import { readReference } from "./reference.js";

export interface ReportRow {
  precision: number;
  recall: number;
  "f1-score": number;
  support: number;
}

/** What scikit-learn says about some predictions; `null` is undefined or infinite. See the reference's README. */
interface Case {
  name: string;
  target_names?: string[];
  report: Record<string, ReportRow | number>;
  report_text: string;
  accuracy: number;
  f1_macro: number;
  f1_micro: number;
  f1_weighted: number;
  [metric: string]: unknown;
}

/** One label for each text. */
export interface SingleLabelCase extends Case {
  y_true: number[];
  y_pred: number[];
  /** The probability of class 1, or a column for each class. */
  y_score?: number[] | number[][];
  labels: number[];
  classes: number[];
  confusion_matrix: number[][];
  class_weight_balanced: number[];
}

/** Any number of labels for each text. */
export interface MultiLabelCase extends Case {
  y_true: number[][];
  y_pred: number[][];
  y_score: number[][];
}

const { cases } = readReference<{ cases: (SingleLabelCase | MultiLabelCase)[] }>("sklearn_metrics.json");
const isMultiLabel = (example: SingleLabelCase | MultiLabelCase): example is MultiLabelCase =>
  Array.isArray(example.y_true[0]);

export const multiLabelCases: MultiLabelCase[] = cases.filter(isMultiLabel);
export const singleLabelCases: SingleLabelCase[] = cases.filter(
  (example): example is SingleLabelCase => !isMultiLabel(example),
);

/** scikit-learn's labels → positions in `labels`, which are our labelIds. */
export const idsOf = (values: readonly number[], { labels }: SingleLabelCase): number[] =>
  values.map((value) => labels.indexOf(value));

/** The names in a case's report: given ones, or the labels themselves. */
export const namesOf = (example: Case, labels: readonly number[]): string[] =>
  example.target_names ?? labels.map(String);

/** Agreement to 1e-12, absolute and relative, at any depth; `null` stands for NaN or Infinity. */
export function expectClose(actual: unknown, expected: unknown, what: string): void {
  if (Array.isArray(expected)) {
    expect(actual, what).toHaveLength(expected.length);
    for (const [i, value] of expected.entries()) {
      expectClose((actual as unknown[])[i], value, `${what}[${i}]`);
    }
  } else if (expected === null) {
    expect(actual, what).toSatisfy((value) => typeof value === "number" && !Number.isFinite(value));
  } else {
    const difference = Math.abs((actual as number) - (expected as number));
    expect(difference, `${what}: ${actual} in place of ${expected}`).toBeLessThanOrEqual(
      1e-12 * Math.max(1, Math.abs(expected as number)),
    );
  }
}
