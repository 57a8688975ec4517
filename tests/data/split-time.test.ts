import fc from "fast-check";
import { expect, test } from "vitest";
import { defaultShares } from "../../src/data/split.js";
import { partNames } from "../../src/data/split-quotas.js";
import { splitByTime } from "../../src/data/split-time.js";
import { errorOf } from "./support.js";

test("the newest rows are test, the ones before validation, the oldest train", () => {
  const times = Array.from({ length: 100 }, (_, i) => ((i * 37) % 100) * 1000);
  const { parts, spans } = splitByTime(times, defaultShares);
  const timesOf = (part: string) => times.filter((_, row) => parts[row] === part).sort((a, b) => a - b);
  expect(timesOf("train")).toEqual(Array.from({ length: 70 }, (_, i) => i * 1000));
  expect(timesOf("validation")).toEqual(Array.from({ length: 15 }, (_, i) => (70 + i) * 1000));
  expect(spans).toEqual({
    train: { from: 0, to: 69_000 },
    validation: { from: 70_000, to: 84_000 },
    test: { from: 85_000, to: 99_000 },
  });
});

test("no time is on two sides, no part is empty, and sizes are off by less than the largest time", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(30), { minLength: 10, maxLength: 200 }), (times) => {
      const different = new Set(times);
      fc.pre(different.size >= 3);
      const { parts, spans } = splitByTime(times, defaultShares);
      const most = Math.max(...[...different].map((time) => times.filter((other) => other === time).length));
      let newest = -1;
      for (const part of partNames) {
        const own = times.filter((_, row) => parts[row] === part);
        expect(spans[part]).toEqual({ from: Math.min(...own), to: Math.max(...own) });
        expect(Math.min(...own)).toBeGreaterThan(newest);
        newest = Math.max(...own);
        if (different.size > 12)
          expect(Math.abs(own.length - defaultShares[part] * times.length)).toBeLessThan(2 * most + 1);
      }
    }),
  );
});

test("without a share for test the newest rows are validation", () => {
  const { parts, spans } = splitByTime([5, 1, 4, 2, 3], { train: 0.8, validation: 0.2, test: 0 });
  expect(parts).toEqual(["validation", "train", "train", "train", "train"]);
  expect(spans.test).toBeUndefined();
});

test("too few times are told", () => {
  expect(errorOf(() => splitByTime([1, 1, 2, 2], defaultShares))).toBe(
    "data-invalid: The rows have only 2 different times; a split by time into 3 parts needs 3.",
  );
});
