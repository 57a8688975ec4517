import { describe, expect, test } from "vitest";
import { random } from "../../src/base/random.js";
import type { Problem } from "../../src/model/loss.js";
import { probabilitiesOf } from "../../src/run/evaluate.js";
import {
  calibrationScores,
  fitTemperature,
  type LabelledLogits,
  pooledAt,
} from "../../src/run/temperature.js";

/** Logits, and labels that are drawn from their probabilities: what a model says that is right about itself. */
function honest(
  problem: Problem,
  texts: number,
  { windows = 1, labels = 3, spread = 2, seed = 0 } = {},
): LabelledLogits {
  const draw = random(seed);
  const shape = { problem, windowPooling: "mean" } as const;
  const logits = Array.from({ length: texts }, () =>
    Array.from({ length: windows }, () => Array.from({ length: labels }, () => spread * draw.normal())),
  );
  const labelIds = pooledAt(logits, 1, shape).map((row) => {
    const probabilities = probabilitiesOf(row, problem);
    if (problem === "multi_label") return probabilities.flatMap((p, id) => (draw.uniform() < p ? [id] : []));
    let rest = draw.uniform();
    const found = probabilities.findIndex((p) => {
      rest -= p;
      return rest < 0;
    });
    return [found < 0 ? labels - 1 : found];
  });
  return { ...shape, logits, labelIds };
}

const scaled = (texts: LabelledLogits, factor: number): LabelledLogits => ({
  ...texts,
  logits: texts.logits.map((windows) => windows.map((row) => Array.from(row, (x) => factor * x))),
});

describe("a temperature", () => {
  test.each<[Problem, number, number]>([
    ["single_label", 1, 1],
    ["single_label", 3, 1],
    ["single_label", 0.4, 1],
    ["single_label", 2.5, 3],
    ["multi_label", 2, 1],
    ["multi_label", 0.5, 2],
  ])("of %s logits multiplied by %d, in %d windows each, is found again", (problem, factor, windows) => {
    const texts = honest(problem, 4000, { windows });
    expect(Math.abs(Math.log(fitTemperature(scaled(texts, factor)) / factor))).toBeLessThan(0.06);
  });

  test("has the least loss of a fine grid, but for the prior", () => {
    const texts = scaled(honest("single_label", 300), 2);
    const loss = (u: number) => {
      const t = Math.exp(u);
      const sum = texts.labelIds.reduce((total, [labelId], i) => {
        const values = Array.from(texts.logits.at(i)![0]!, (x) => x / t);
        const logSum = Math.log(values.reduce((all, x) => all + Math.exp(x), 0));
        return total + logSum - values[labelId!]!;
      }, 0);
      return sum + u ** 2 / 2;
    };
    const grid = Array.from({ length: 1001 }, (_, i) => 0.2 + i / 1000);
    const best = grid.reduce((a, b) => (loss(b) < loss(a) ? b : a));
    expect(Math.abs(Math.log(fitTemperature(texts)) - best)).toBeLessThan(6e-4);
  });

  test("stays near 1 where there is nothing to learn it from", () => {
    const one = { problem: "single_label", windowPooling: "mean", labelIds: [[0]] } as const;
    expect(fitTemperature({ ...one, logits: [[[8, 0]]] })).toBeCloseTo(1, 2);
    // A hundred texts, all right: the likelihood alone would have temperature 0.
    const sure = Array.from({ length: 100 }, () => [[4, 0]]);
    const found = fitTemperature({ ...one, logits: sure, labelIds: sure.map(() => [0]) });
    expect(found).toBeGreaterThan(0.25);
    expect(found).toBeLessThan(1);
  });

  test("survives logits that are far apart", () => {
    const logits = [[[2000, -2000]], [[-3000, 1000]], [[500, 0]]];
    const texts = {
      problem: "single_label",
      windowPooling: "mean",
      logits,
      labelIds: [[0], [1], [1]],
    } as const;
    expect(fitTemperature(texts)).toBeCloseTo(20, 0);
  });
});

test("calibration makes the calibration error of overconfident logits small, and changes no answer", () => {
  for (const problem of ["single_label", "multi_label"] as const) {
    const texts = scaled(honest(problem, 3000), 3);
    const at = (t: number) => calibrationScores(pooledAt(texts.logits, t, texts), texts.labelIds, problem);
    const after = at(fitTemperature(texts));
    expect(at(1).calibrationError).toBeGreaterThan(0.1);
    expect(after.calibrationError).toBeLessThan(0.03);
    expect(after.logLoss).toBeLessThan(at(1).logLoss);
  }
});

test("scores of several labels are those of all yes-or-no answers", () => {
  // σ(0) = 1/2 and σ(ln 3) = 3/4
  const logits = [[0, Math.log(3)]];
  const { logLoss, calibrationError } = calibrationScores(logits, [[1]], "multi_label");
  expect(logLoss).toBeCloseTo((Math.log(2) + Math.log(4 / 3)) / 2, 12);
  expect(calibrationError).toBeCloseTo((0.5 + 0.25) / 2, 12); // surest answers: a wrong or right 1/2, a right 3/4
});
