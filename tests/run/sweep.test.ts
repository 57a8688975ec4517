import { describe, expect, test } from "vitest";
import { random } from "../../src/base/random.js";
import type { EpochFacts } from "../../src/run/events.js";
import { isHopeless, keyOf, objectiveOf, readSpace, trialsOf } from "../../src/run/sweep.js";

describe("what is tried", () => {
  test("is every combination", () => {
    const space = readSpace({ "learning-rate": [1e-4, 1e-3], epochs: [1, 2], freeze: ["none", 2] });
    const trials = trialsOf(space, random(1));
    expect(trials).toHaveLength(8);
    expect(trials[0]).toEqual({ learningRate: 1e-4, epochs: 1, freeze: "none" });
    expect(trials[7]).toEqual({ learningRate: 1e-3, epochs: 2, freeze: 2 });
    expect(new Set(trials.map(keyOf)).size).toBe(8);
  });

  test("or so many at random, within their ranges, and the same for the same seed", () => {
    const space = readSpace({
      "learning-rate": { min: 1e-5, max: 1e-3, log: true },
      epochs: { min: 2, max: 4 },
      warmup: { min: 0, max: 0.5 },
      head: ["stock", "mlp"],
      runs: 300,
    });
    const trials = trialsOf(space, random(7));
    expect(trials).toEqual(trialsOf(space, random(7)));
    expect(trials).not.toEqual(trialsOf(space, random(8)));
    const rates = trials.map(({ learningRate }) => learningRate as number);
    expect(Math.min(...rates)).toBeGreaterThanOrEqual(1e-5);
    expect(Math.max(...rates)).toBeLessThanOrEqual(1e-3);
    // Even in the logarithm: half of them lie below 1e-4; 4 standard deviations are 0.115.
    expect(Math.abs(rates.filter((rate) => rate < 1e-4).length / rates.length - 0.5)).toBeLessThan(0.115);
    expect([...new Set(trials.map(({ epochs }) => epochs))].sort()).toEqual([2, 3, 4]);
    expect(new Set(trials.map(({ head }) => head)).size).toBe(2);
  });

  test("more runs begin with the same ones", () => {
    const space = (runs: number) => readSpace({ warmup: { min: 0, max: 1 }, runs });
    expect(trialsOf(space(5), random(0))).toEqual(trialsOf(space(9), random(0)).slice(0, 5));
  });

  test("equal settings are tried once", () => {
    expect(trialsOf(readSpace({ epochs: [1, 2], runs: 50 }), random(0))).toHaveLength(2);
  });

  test.each([
    ["a range without runs", { epochs: { min: 1, max: 2 } }, "no end of values"],
    ["nothing", {}, "names no setting"],
    ["no map", [1], "must say what to try"],
    ["an unknown setting", { learningrate: [1] }, "no setting learningrate"],
    ["what can't vary", { output: ["a"] }, "output isn't a setting to try"],
    ["a single value", { epochs: 3 }, "must be a list"],
    ["a wrong value", { epochs: [1, "two"] }, '--epochs is "two"'],
    ["a range upside down", { epochs: { min: 3, max: 1 }, runs: 2 }, "min below max"],
    ["a logarithm of 0", { warmup: { min: 0, max: 1, log: true }, runs: 2 }, "above 0"],
    ["a misspelt end", { warmup: { min: 0, mx: 1 }, runs: 2 }, "has mx"],
    ["half a run", { epochs: [1], runs: 1.5 }, "runs is 1.5"],
  ])("%s is refused", (_name, given, message) => {
    expect(() => readSpace(given)).toThrow(message);
  });
});

describe("the median rule", () => {
  // By hand, after the definition: running means up to epoch 2 are 0.2, 0.5, 0.6; their median is 0.5.
  const ended = [
    [0.1, 0.3, 0.9],
    [0.4, 0.6, 0.7],
    [0.5, 0.7, 0.7],
  ];
  test("stops what is worse than half of the others were on average", () => {
    expect(isHopeless([0.3, 0.49], ended)).toBe(true);
    expect(isHopeless([0.3, 0.5], ended)).toBe(false);
    expect(isHopeless([0.51, 0.2], ended)).toBe(false); // its best counts, not its last
  });
  test("compares with nothing too early, or with too few", () => {
    expect(isHopeless([], ended)).toBe(false);
    expect(isHopeless([0], ended.slice(1))).toBe(false);
    expect(isHopeless([0, 0, 0, 0], ended)).toBe(false); // none had a fourth epoch
  });
  test("takes the mean of the two in the middle", () => {
    expect(isHopeless([0.44], [[0.1], [0.4], [0.5], [0.9]])).toBe(true);
    expect(isHopeless([0.46], [[0.1], [0.4], [0.5], [0.9]])).toBe(false);
  });
});

test("the objective is higher where the loss is lower", () => {
  const facts = { validationLoss: 0.3, validation: { accuracy: 0.9, macro: { f1: 0.8 } } } as EpochFacts;
  expect(objectiveOf(facts, "loss")).toBe(-0.3);
  expect(objectiveOf(facts, "accuracy")).toBe(0.9);
  expect(objectiveOf(facts, "macro-f1")).toBe(0.8);
});
