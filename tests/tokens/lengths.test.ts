import fc from "fast-check";
import { expect, test } from "vitest";
import { lengthStatistics } from "../../src/tokens/lengths.js";

const someLengths = fc.array(fc.oneof(fc.integer({ min: 2, max: 40 }), fc.integer({ min: 2, max: 3000 })), {
  minLength: 1,
  maxLength: 150,
});

test("statistics of lengths counted by hand", () => {
  const statistics = lengthStatistics([4, 4, 6, 10]);
  expect(statistics).toMatchObject({ count: 4, mean: 6, suggestedLength: 16 });
  expect([50, 75, 76, 100].map(statistics.percentile)).toEqual([4, 6, 10, 10]);
  expect(statistics.cutShare(5)).toEqual({ count: 2, texts: 0.5, tokens: 6 / 24 });
  expect(statistics.cutShare(10)).toEqual({ count: 0, texts: 0, tokens: 0 });
});

test("a percentile is the smallest length that so many texts don't exceed", () => {
  fc.assert(
    fc.property(someLengths, fc.integer({ min: 1, max: 100 }), (lengths, percent) => {
      const enough = (limit: number): boolean =>
        lengths.filter((length) => length <= limit).length * 100 >= percent * lengths.length;
      const smallest = Math.min(...lengths.filter(enough));
      expect(lengthStatistics(lengths).percentile(percent)).toBe(smallest);
    }),
  );
});

test("the histogram counts every text once, in a dozen ranges without gaps", () => {
  fc.assert(
    fc.property(someLengths, (lengths) => {
      const { histogram } = lengthStatistics(lengths);
      expect(histogram.length).toBeLessThanOrEqual(12);
      for (const [i, { from, to, count }] of histogram.entries()) {
        if (i > 0) expect(from).toBe(histogram[i - 1]!.to + 1);
        expect(count).toBe(lengths.filter((length) => from <= length && length <= to).length);
      }
      expect(histogram.reduce((sum, { count }) => sum + count, 0)).toBe(lengths.length);
    }),
  );
});

test("one very long text doesn't flatten the histogram", () => {
  const lengths = [...Array.from({ length: 200 }, (_, i) => 10 + (i % 50)), 5000];
  const { histogram } = lengthStatistics(lengths);
  expect(histogram.slice(0, 2)).toEqual([
    { from: 10, to: 14, count: 20 },
    { from: 15, to: 19, count: 20 },
  ]);
  expect(histogram.at(-1)).toEqual({ from: 60, to: 5000, count: 1 });
});

test("the suggested length keeps 98 % of the texts whole, and 8 less would not", () => {
  fc.assert(
    fc.property(someLengths, (lengths) => {
      const { suggestedLength, cutShare } = lengthStatistics(lengths);
      expect(suggestedLength % 8).toBe(0);
      expect(cutShare(suggestedLength).texts).toBeLessThanOrEqual(0.02 + 1e-12);
      expect(cutShare(suggestedLength - 8).texts).toBeGreaterThan(0.02);
    }),
  );
});

test("2 long texts of 100 are cut, 3 are not", () => {
  const withLong = (count: number): number[] =>
    Array.from({ length: 100 }, (_, i) => (i < count ? 1000 : 10));
  expect(lengthStatistics(withLong(2)).suggestedLength).toBe(16);
  expect(lengthStatistics(withLong(3)).suggestedLength).toBe(1000);
});

test("texts without a single token count, too", () => {
  const { mean, suggestedLength, cutShare } = lengthStatistics([0, 0]);
  expect({ mean, suggestedLength, ...cutShare(8) }).toEqual({
    mean: 0,
    suggestedLength: 8,
    count: 0,
    texts: 0,
    tokens: 0,
  });
});

test("a suggestion is no more than the model reads", () => {
  expect(lengthStatistics([600, 700], 510).suggestedLength).toBe(510);
});

test("without texts there is nothing to say", () => {
  expect(() => lengthStatistics([])).toThrow(expect.objectContaining({ code: "data-invalid" }));
});
