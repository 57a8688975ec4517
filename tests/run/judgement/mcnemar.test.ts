import { expect, test } from "vitest";
import { mcnemar, smallestDifference } from "../../../src/run/metrics/mcnemar.js";
import { judging } from "./reference.js";

test.each(judging.mcnemar)(
  "%d texts that only A has right, %d only B: p as scipy has it",
  (b, c, exact, mid) => {
    const { p, method } = mcnemar(b, c);
    expect(method).toBe(b + c < 25 ? "exact" : "mid-p");
    const expected = method === "exact" ? exact : mid;
    expect(Math.abs(p - expected)).toBeLessThan(1e-12 + 1e-9 * expected);
    expect(mcnemar(c, b).p).toBe(p);
  },
);

test("equally many are no difference, however many", () => {
  expect(mcnemar(0, 0).p).toBe(1);
  expect(mcnemar(5000, 5000).p).toBe(1);
});

test("tables of a million texts have a p, too", () => {
  // z = 2000 / √2,000,000 = 1.41421: p = 0.1573 by the normal distribution
  expect(mcnemar(1_001_000, 999_000).p).toBeCloseTo(0.1573, 4);
});

test("the smallest difference is where McNemar's test begins to tell models apart", () => {
  const { least, usual } = smallestDifference(836, 40);
  expect(mcnemar(0, least).p).toBeLessThan(0.05);
  expect(mcnemar(0, least - 1).p).toBeGreaterThan(0.05);
  // By simulation of the definition: the other model makes k mistakes fewer, independent of the first one's.
  const expected = (k: number) => {
    const better = Math.round(40 * (1 - (40 - k) / 836));
    return mcnemar(better - k, better).p;
  };
  expect(expected(usual!)).toBeLessThan(0.05);
  expect(expected(usual! - 1)).toBeGreaterThanOrEqual(0.05);
});

test("where a model makes fewer than six mistakes, none can be shown to be better", () => {
  expect(smallestDifference(836, 5).usual).toBeUndefined();
  expect(smallestDifference(836, 0).usual).toBeUndefined();
  expect(smallestDifference(836, 6).usual).toBe(6);
});
