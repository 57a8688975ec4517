import { expect, test } from "vitest";
import { random } from "../../../src/base/random.js";
import { compareAnswers, comparing, notWorse, requireComparable } from "../../../src/run/comparison.js";
import type { Judged } from "../../../src/run/events.js";
import { findJudgement } from "../../../src/run/judgement.js";
import { resamplesOf } from "../../../src/run/metrics/bootstrap.js";
import { wilson } from "../../../src/run/metrics/interval.js";
import { mcnemar } from "../../../src/run/metrics/mcnemar.js";

const problem = "single_label" as const;
const labels = ["ham", "spam"];

/** Texts with the label and the probability of spam. */
const judged = (answers: readonly (readonly [label: number, spam: number])[]): Judged[] =>
  answers.map(([label, spam], i) => ({
    text: `text ${i}`,
    row: i + 1,
    labelIds: [label],
    predictedIds: [spam > 0.5 ? 1 : 0],
    probabilities: [1 - spam, spam],
  }));

const repeated = <T>(times: number, value: T): T[] => Array.from({ length: times }, () => value);

test("flips are the texts with another answer, told by which model is right", () => {
  const a = judged([
    [1, 0.9],
    [1, 0.2],
    [0, 0.8],
    [0, 0.1],
  ]);
  const b = judged([
    [1, 0.3],
    [1, 0.7],
    [0, 0.9],
    [0, 0.1],
  ]);
  const { flips, verdict, ...others } = compareAnswers(a, b, { labels, problem });
  expect(flips.map(({ row, change }) => [row, change])).toEqual([
    [1, "worse"],
    [2, "better"],
  ]);
  expect(others.mcnemar).toEqual({ onlyA: 1, onlyB: 1, p: 1, method: "exact" });
  expect(verdict).toBe("undecided");
});

test("several labels: a text that is wrong both times is neither better nor worse", () => {
  const answers = (predicted: number[]): Judged[] => [
    { text: "t", row: 1, labelIds: [0, 1], predictedIds: predicted, probabilities: [0.5, 0.5, 0.5] },
  ];
  const of = (a: number[], b: number[]) =>
    compareAnswers(answers(a), answers(b), { labels: ["x", "y", "z"], problem: "multi_label" }).flips.map(
      ({ change }) => change,
    );
  expect(of([0], [0, 2])).toEqual(["other"]);
  expect(of([0], [0, 1])).toEqual(["better"]);
  expect(of([0, 1], [])).toEqual(["worse"]);
  expect(of([0], [0])).toEqual([]);
});

test("the interval of the accuracy's difference is that of paired texts", () => {
  // 200 texts: 160 right for both, 24 for A alone, 8 for B alone.
  const [right, wrong] = [0.1, 0.9];
  const a = judged(
    [...repeated(160, right), ...repeated(24, right), ...repeated(16, wrong)].map((p) => [0, p]),
  );
  const b = judged(
    [...repeated(160, right), ...repeated(24, wrong), ...repeated(8, right), ...repeated(8, wrong)].map(
      (p) => [0, p],
    ),
  );
  const { differences, verdict, ...others } = compareAnswers(a, b, { labels, problem });
  expect(others.mcnemar).toMatchObject({ onlyA: 24, onlyB: 8, method: "mid-p" });
  expect(verdict).toBe("a");
  const { value, interval } = differences.accuracy!;
  expect(value).toBeCloseTo(-16 / 200, 12);
  // Var of a mean of -1, 0 and 1: ((b + c) - (b - c)²/n) / n². https://doi.org/10.1002/sim.2780150707 (Bonett, Newcombe)
  const deviation = Math.sqrt(32 - 16 ** 2 / 200) / 200;
  expect(interval!.low).toBeCloseTo(value - 1.96 * deviation, 2);
  expect(interval!.high).toBeCloseTo(value + 1.96 * deviation, 2);
  // Far narrower than two intervals of one model each would suggest.
  const alone = wilson(184, 200)!;
  expect(interval!.high - interval!.low).toBeLessThan(1.5 * (alone.high - alone.low));
});

test("judging and comparing take a step for each draw of the texts", () => {
  const answers = judged(Array.from({ length: 40 }, (_, i) => [i % 2, (i % 7) / 7] as const));
  const shares = [...findJudgement(answers, problem)];
  expect(shares).toHaveLength(resamplesOf(40, 2));
  const both = [...comparing(answers, answers, { labels, problem })];
  expect(both).toHaveLength(3 * resamplesOf(40, 2));
  for (const told of [shares, both]) {
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(told.at(-1)).toBe(1);
  }
});

test("a model is not worse than itself, and one that errs much more is", () => {
  const draw = random(5);
  const answers = (noise: number) =>
    judged(
      Array.from({ length: 300 }, (_, i) => {
        const label = i % 3 === 0 ? 1 : 0;
        const right = draw.uniform() > noise;
        return [label, (label === 1) === right ? 0.9 : 0.1] as const;
      }),
    );
  const good = answers(0.05);
  const same = compareAnswers(good, good, { labels, problem });
  expect(same.flips).toEqual([]);
  expect(notWorse(same).map(({ passed }) => passed)).toEqual([true, true]);
  expect(same.differences.accuracy).toEqual({ value: 0, interval: null });
  const worse = compareAnswers(good, answers(0.3), { labels, problem });
  expect(notWorse(worse).map(({ passed }) => passed)).toEqual([false, false]);
  const better = compareAnswers(answers(0.3), good, { labels, problem });
  expect(notWorse(better).map(({ passed }) => passed)).toEqual([true, true]);
  expect(better.verdict).toBe("b");
});

test("of equally good models at most one in twenty is called different, and nearly so many", () => {
  const draw = random(8);
  const mistakes = () => Array.from({ length: 300 }, () => draw.uniform() < 0.15);
  let different = 0;
  for (let pair = 0; pair < 1000; pair++) {
    const [a, b] = [mistakes(), mistakes()];
    const onlyB = a.filter((wrong, i) => wrong && !b[i]).length;
    const onlyA = b.filter((wrong, i) => wrong && !a[i]).length;
    if (mcnemar(onlyA, onlyB).p < 0.05) different++;
  }
  // At most 50 expected, with a deviation of 7. About 77 texts differ, for which the test isn't very cautious.
  expect(different).toBeGreaterThan(25);
  expect(different).toBeLessThan(70);
});

test("models with other labels, or another kind of answer, can't be compared", () => {
  const a = { folder: "old", labels: ["ham", "spam"], problem };
  expect(() => requireComparable(a, { ...a, labels: ["spam", "ham"] })).not.toThrow();
  expect(() => requireComparable(a, { folder: "new", labels: ["ham", "junk"], problem })).toThrowError(
    'The models know other labels: only old knows "spam"; only new knows "junk".',
  );
  expect(() => requireComparable(a, { ...a, folder: "new", problem: "multi_label" })).toThrowError(
    "new gives a text any number of labels, old exactly one",
  );
});
