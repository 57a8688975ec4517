import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { probabilitiesOf } from "../../src/run/evaluate.js";
import { logOddsOf, poolingSlopes, poolWindows, type WindowPooling } from "../../src/run/window-pooling.js";

const softmax = (x: number[]): number[] => {
  const powers = x.map(Math.exp);
  return powers.map((power) => power / powers.reduce((a, b) => a + b));
};
const sigmoid = (x: number[]): number[] => x.map((value) => 1 / (1 + Math.exp(-value)));
const columns = (rows: number[][]): number[][] => rows[0]!.map((_, label) => rows.map((row) => row[label]!));
const sum = (values: number[]): number => values.reduce((a, b) => a + b);

const naive = {
  single_label: {
    mean: (windows: number[][]) => columns(windows.map(softmax)).map((p) => sum(p) / p.length),
    max: (windows: number[][]) => {
      const largest = columns(windows.map(softmax)).map((p) => Math.max(...p));
      return largest.map((p) => p / sum(largest));
    },
  },
  multi_label: {
    mean: (windows: number[][]) => columns(windows.map(sigmoid)).map((p) => sum(p) / p.length),
    max: (windows: number[][]) => columns(windows.map(sigmoid)).map((p) => Math.max(...p)),
  },
};

const logits = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 2, max: 4 }))
  .chain(([windows, labels]) =>
    fc.array(
      fc.array(fc.double({ min: -12, max: 12, noNaN: true }), { minLength: labels, maxLength: labels }),
      { minLength: windows, maxLength: windows },
    ),
  );

describe.each(["single_label", "multi_label"] as const)("%s", (problem) => {
  test.each<WindowPooling>(["mean", "max"])("%s of the windows' probabilities", (pooling) => {
    fc.assert(
      fc.property(logits, (windows) => {
        const expected = naive[problem][pooling](windows);
        const found = probabilitiesOf(poolWindows(windows, pooling, problem), problem);
        for (const [label, p] of expected.entries()) expect(found[label]).toBeCloseTo(p, 10);
      }),
    );
  });

  test.each<WindowPooling>(["mean", "max"])("%s of one window is the window, to the last bit", (pooling) => {
    const window = Float32Array.from([0.1, -3, 77]);
    expect(poolWindows([window], pooling, problem)).toBe(window);
  });
});

describe.each(["single_label", "multi_label"] as const)("%s: log-odds of the pooled answer", (problem) => {
  test("are ln(p / (1 - p)) of the probability", () => {
    fc.assert(
      fc.property(logits, ([window]) => {
        for (const [label, p] of probabilitiesOf(window!, problem).entries()) {
          const odds = logOddsOf(window!, problem, label);
          expect(1 / (1 + Math.exp(-odds))).toBeCloseTo(p, 12);
        }
      }),
    );
  });

  // A label's logit alone changes its odds in a window and leaves the other labels' shares among themselves.
  test.each<WindowPooling>(["mean", "max"])("%s: slopes are differences of poolWindows", (pooling) => {
    const step = 1e-5;
    fc.assert(
      fc.property(logits, (windows) => {
        fc.pre(pooling === "mean" || !alike(windows.map((row) => probabilitiesOf(row, problem))));
        const slopes = poolingSlopes(windows, pooling, problem, 0);
        const odds = (window: number, offset: number): number => {
          const moved = windows.map((row, i) => (i === window ? [row[0]! + offset, ...row.slice(1)] : row));
          return logOddsOf(poolWindows(moved, pooling, problem), problem, 0);
        };
        for (const [window, slope] of slopes.entries()) {
          expect(slope).toBeCloseTo((odds(window, step) - odds(window, -step)) / (2 * step), 5);
        }
      }),
    );
  });
});

/** Whether two windows have the largest probability of a label, so that there is no slope. */
const alike = (windows: number[][]): boolean =>
  columns(windows).some((p) => {
    const [first, second = 0] = p.toSorted((a, b) => b - a);
    return first! - second < 1e-4;
  });

test("windows that are quite sure have finite slopes, too", () => {
  const sure = [
    [0, 800],
    [0, 900],
    [900, 0],
  ];
  for (const problem of ["single_label", "multi_label"] as const)
    for (const pooling of ["mean", "max"] as const)
      for (const x of poolingSlopes(sure, pooling, problem, 1)) expect(x).toSatisfy(Number.isFinite);
});

test("windows that are quite sure leave finite logits", () => {
  const sure = [
    [0, 1000],
    [0, 2000],
  ];
  for (const problem of ["single_label", "multi_label"] as const)
    for (const pooling of ["mean", "max"] as const)
      for (const x of Array.from(poolWindows(sure, pooling, problem))) expect(x).toSatisfy(Number.isFinite);
  expect(
    probabilitiesOf(
      poolWindows(
        [
          [0, 1000],
          [1000, 0],
        ],
        "mean",
        "single_label",
      ),
      "single_label",
    ),
  ).toEqual([0.5, 0.5]);
});
