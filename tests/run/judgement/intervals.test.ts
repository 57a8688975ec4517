import { expect, test } from "vitest";
import { random } from "../../../src/base/random.js";
import { atOnce } from "../../../src/base/steps.js";
import { findIntervals } from "../../../src/run/intervals.js";
import { resamples, resamplesOf } from "../../../src/run/metrics/bootstrap.js";
import { type Answer, drawnMetrics } from "../../../src/run/metrics/drawn.js";
import { percentileInterval, wilson, wilsonF1 } from "../../../src/run/metrics/interval.js";
import { namedMetrics } from "../../../src/run/metrics/names.js";
import { measure } from "../../../src/run/metrics.js";
import { multiLabel } from "../../../src/run/multi-label.js";
import { singleLabel } from "../../../src/run/single-label.js";
import { expectClose } from "../../support/sklearn.js";
import { type JudgingCase, judging } from "./reference.js";

test.each(judging.wilson)("Wilson's interval of %d of %d is scipy's", (successes, total, low, high) => {
  const interval = wilson(successes, total)!;
  expectClose([interval.low, interval.high], [low, high], "interval");
});

test("none of none has no interval", () => {
  expect(wilson(0, 0)).toBeUndefined();
  expect(wilsonF1(0, 0, 0)).toBeUndefined();
});

test("the ends of an F1's interval are F1s whose share of right texts is an end of Wilson's", () => {
  const { low, high } = wilsonF1(30, 6, 4)!;
  const share = wilson(30, 40)!;
  // F1 = 2tp / (2tp + wrong) of counts per text that has the label or is marked with it
  for (const [f1, j] of [
    [low, share.low],
    [high, share.high],
  ] as const)
    expect(f1).toBeCloseTo((2 * j) / (2 * j + (1 - j)), 12);
  expect(wilsonF1(10, 0, 0)!.high).toBe(1);
  expect(wilsonF1(10, 0, 0)!.low).toBeLessThan(0.9);
});

test("percentiles are numpy's", () => {
  // numpy.quantile([3, 1, 4, 1, 5, 9, 2, 6], [0.025, 0.975]) = [1.0, 8.475]
  const interval = percentileInterval(Float64Array.of(3, 1, 4, 1, 5, 9, 2, 6))!;
  expectClose([interval.low, interval.high], [1, 8.475], "interval");
});

test("resamples that tell nothing give no interval", () => {
  const ramp = Float64Array.from({ length: 100 }, (_, i) => i);
  const without = (missing: number) => ramp.map((value, i) => (i < missing ? Number.NaN : value));
  // numpy.quantile(numpy.arange(5, 100), [0.025, 0.975]) = [7.35, 96.65]
  const { low, high } = percentileInterval(without(5))!;
  expectClose([low, high], [7.35, 96.65], "interval");
  expect(percentileInterval(without(6))).toBeUndefined();
  expect(percentileInterval(new Float64Array(100).fill(1))).toBeUndefined();
});

const oneLabel = judging.single.map((example) => ({ ...example, problem: "single_label" as const }));
const anyLabels = judging.multi.map((example) => ({ ...example, problem: "multi_label" as const }));
const cases = [
  ...oneLabel.map((example) => ({ ...example, answers: answersOf(example, single) })),
  ...anyLabels.map((example) => ({ ...example, answers: answersOf(example, several) })),
];

test.each(cases)("metrics are scikit-learn's: $name", ({ answers, problem, plain }) => {
  const rules = problem === "multi_label" ? multiLabel : singleLabel;
  const metrics = rules.measure(
    answers.map(({ labelIds }) => labelIds),
    answers.map(({ probabilities }) => probabilities as number[]),
    answers.map(({ predictedIds }) => predictedIds),
  );
  expectMetrics(metrics, plain);
});

test.each(cases)("metrics of drawn texts are scikit-learn's with weights: $name", (example) => {
  const { answers, problem, plain, resampled, drawn } = example;
  const metrics = drawnMetrics(answers, answers[0]!.probabilities.length, problem);
  expectMetrics(metrics(Uint32Array.from(drawn)), resampled);
  expectMetrics(metrics(new Uint32Array(drawn.length).fill(1)), plain);
});

test("without given answers the most probable label counts", () => {
  const { truth, probabilities, plain } = judging.single[0]!;
  expectMetrics(measure(truth, probabilities), plain);
});

test("each draw takes as many texts as there are, each as often as another", () => {
  const totals = new Float64Array(50);
  let count = 0;
  for (const drawn of resamples(50, 2000, random(3))) {
    expect(drawn.reduce((a, b) => a + b)).toBe(50);
    for (const [i, times] of drawn.entries()) totals[i]! += times;
    count++;
  }
  expect(count).toBe(2000);
  // 2,000 expected, with a deviation of √(2000 · 0.98) = 44
  for (const total of totals) expect(Math.abs(total - 2000)).toBeLessThan(5 * 45);
});

test("more texts and labels are drawn less often, but never less than 200 times", () => {
  expect(resamplesOf(836, 2)).toBe(2000);
  expect(resamplesOf(100_000, 2)).toBe(500);
  expect(resamplesOf(10_000_000, 2)).toBe(200);
});

test("the same seed gives the same intervals, another one others", () => {
  const { answers, problem } = cases[0]!;
  const of = (seed: number) => intervals(answers, problem, seed);
  expect(of(0)).toEqual(of(0));
  expect(of(0).overall["macro-f1"]).not.toEqual(of(1).overall["macro-f1"]);
});

test.each(cases)("every metric has an interval, around its value: $name", ({ answers, problem, plain }) => {
  const { overall, perLabel } = intervals(answers, problem, 0);
  expect(Object.keys(overall)).toEqual(namedMetrics(problem).map(({ name }) => name));
  for (const [name, interval] of Object.entries(overall)) expect(interval, name).not.toBeNull();
  expect(overall.accuracy!.low).toBeLessThan(plain.accuracy as number);
  expect(overall.accuracy!.high).toBeGreaterThan(plain.accuracy as number);
  expect(perLabel).toHaveLength(answers[0]!.probabilities.length);
});

test.each(oneLabel)("what is the same number has the same interval: $name", (example) => {
  const { overall } = intervals(answersOf(example, single), "single_label", 0);
  const accuracy = example.plain.accuracy as number;
  const metrics = drawnMetrics(answersOf(example, single), example.probabilities[0]!.length, "single_label");
  const values = metrics(new Uint32Array(example.truth.length).fill(1));
  for (const { name, of } of namedMetrics("single_label").filter(({ name }) =>
    /^micro-|^weighted-recall$/.test(name),
  )) {
    expect(of(values)).toBeCloseTo(accuracy, 12);
    expect(overall[name], name).toEqual(overall.accuracy);
  }
});

/**
 * The promise of an interval: made from many samples, 95 of 100 hold the true value. Bootstrap intervals of small
 * samples keep it nearly.
 */
test("of 200 samples' intervals about 95 % hold the true value", () => {
  const draw = (n: number, of: ReturnType<typeof random>): Answer[] =>
    Array.from({ length: n }, () => {
      const label = of.uniform() < 0.3 ? 1 : 0;
      const logit = of.normal() + (label === 1 ? 1.2 : -1.2);
      const p = 1 / (1 + Math.exp(-1.5 * logit));
      return { labelIds: [label], predictedIds: [p > 0.5 ? 1 : 0], probabilities: [1 - p, p] };
    });
  const seeded = random(11);
  const named = namedMetrics("single_label").filter(({ name }) =>
    ["macro-f1", "balanced-accuracy", "mcc", "roc-auc", "log-loss", "brier"].includes(name),
  );
  const all = draw(200_000, seeded.fork("all"));
  const truth = drawnMetrics(all, 2, "single_label")(new Uint32Array(all.length).fill(1));
  const held = named.map(() => 0);
  const labelsHeld = { wilson: 0, f1: 0 };
  for (let sample = 0; sample < 200; sample++) {
    const answers = draw(200, seeded.fork("sample", sample));
    const metrics = drawnMetrics(answers, 2, "single_label");
    const found = named.map(() => [] as number[]);
    for (const drawn of resamples(200, 400, seeded.fork("resamples", sample))) {
      const resampled = metrics(drawn);
      for (const [i, { of }] of named.entries()) found[i]!.push(of(resampled));
    }
    for (const [i, { of }] of named.entries()) {
      const { low, high } = percentileInterval(Float64Array.from(found[i]!))!;
      if (low <= of(truth) && of(truth) <= high) held[i]!++;
    }
    const right = answers.filter(({ labelIds, predictedIds }) => labelIds[0] === 1 && predictedIds[0] === 1);
    const have = answers.filter(({ labelIds }) => labelIds[0] === 1).length;
    const given = answers.filter(({ predictedIds }) => predictedIds[0] === 1).length;
    const recall = wilson(right.length, have)!;
    const f1 = wilsonF1(right.length, given - right.length, have - right.length)!;
    const { recall: trueRecall, f1: trueF1 } = truth.perLabel[1]!;
    if (recall.low <= trueRecall && trueRecall <= recall.high) labelsHeld.wilson++;
    if (f1.low <= trueF1 && trueF1 <= f1.high) labelsHeld.f1++;
  }
  // 190 expected, with a deviation of √(200 · 0.95 · 0.05) = 3.1
  for (const [i, { name }] of named.entries()) expect(held[i], name).toBeGreaterThanOrEqual(175);
  for (const number of Object.values(labelsHeld)) expect(number).toBeGreaterThanOrEqual(178);
  // Intervals that always held it would be too wide.
  expect(Math.min(...held, labelsHeld.wilson, labelsHeld.f1)).toBeLessThan(199);
});

function intervals(answers: readonly Answer[], problem: "single_label" | "multi_label", seed: number) {
  const rules = problem === "multi_label" ? multiLabel : singleLabel;
  const metrics = rules.measure(
    answers.map(({ labelIds }) => labelIds),
    answers.map(({ probabilities }) => probabilities as number[]),
    answers.map(({ predictedIds }) => predictedIds),
  );
  return atOnce(findIntervals(answers, metrics, { problem, random: random(seed) }));
}

function answersOf<Label>(
  { truth, predictions, probabilities }: JudgingCase<Label>,
  ids: (label: Label) => number[],
): Answer[] {
  return truth.map((label, i) => ({
    labelIds: ids(label),
    predictedIds: ids(predictions[i]!),
    probabilities: probabilities[i]!,
  }));
}

function single(labelId: number): number[] {
  return [labelId];
}

function several(row: number[]): number[] {
  return row.flatMap((yes, id) => (yes === 1 ? [id] : []));
}

/** Every expected field, at any depth. */
function expectMetrics(metrics: object, expected: Record<string, unknown>): void {
  for (const [field, value] of Object.entries(expected)) {
    const found = (metrics as Record<string, unknown>)[field];
    if (Array.isArray(value)) {
      for (const [i, row] of value.entries()) expectMetrics((found as object[])[i]!, row);
    } else if (typeof value === "object" && value !== null) {
      expectMetrics(found as object, value as Record<string, unknown>);
    } else {
      expectClose(found, value, field);
    }
  }
}
