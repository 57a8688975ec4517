import fc from "fast-check";
import { expect, test } from "vitest";
import { bucketOf, chooseBuckets } from "../../src/tokens/buckets.js";

const paddedTokens = (lengths: readonly number[], buckets: readonly number[]): number =>
  lengths.reduce((sum, length) => sum + buckets.find((bucket) => bucket >= length)!, 0);

/** The cheapest of all subsets of the possible lengths. */
function bruteForce(lengths: readonly number[], maxLength: number, count: number): number {
  const longest = Math.max(...lengths);
  const possible: number[] = [];
  for (let length = 8; length - 8 < longest; length += 8) possible.push(Math.min(length, maxLength));
  let best = Number.POSITIVE_INFINITY;
  for (let chosen = 1; chosen < 2 ** possible.length; chosen++) {
    const buckets = possible.filter((_, i) => (chosen >> i) & 1);
    if (buckets.length > count || buckets.at(-1)! < longest) continue;
    best = Math.min(best, paddedTokens(lengths, buckets));
  }
  return best;
}

test("no choice of as many buckets pads less", () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 25 });
  const maxLength = fc.integer({ min: 1, max: 80 });
  fc.assert(
    fc.property(lengths, maxLength, fc.integer({ min: 1, max: 5 }), (lengths, maxLength, count) => {
      const cut = lengths.map((length) => Math.min(length, maxLength));
      const buckets = chooseBuckets(lengths, maxLength, count);
      expect(buckets.length).toBeLessThanOrEqual(count);
      expect(buckets).toEqual([...new Set(buckets)].sort((a, b) => a - b));
      for (const bucket of buckets) expect(bucket === maxLength || bucket % 8 === 0).toBe(true);
      expect(buckets.at(-1)).toBeGreaterThanOrEqual(Math.max(...cut));
      expect(buckets.at(-1)).toBeLessThanOrEqual(maxLength);
      expect(paddedTokens(cut, buckets)).toBe(bruteForce(cut, maxLength, count));
    }),
    { numRuns: 200 },
  );
});

test("no bucket is there for nothing", () => {
  expect(chooseBuckets([5, 6, 7], 512)).toEqual([8]);
  expect(chooseBuckets([5, 100], 512)).toEqual([8, 104]);
  expect(chooseBuckets(Int32Array.of(25, 300), 25)).toEqual([25]);
  expect(chooseBuckets([], 512)).toEqual([8]);
});

test("a million texts have the buckets of a thousand in the same proportions", () => {
  const thousand = Array.from({ length: 1000 }, (_, i) => 3 + ((i * i) % 509));
  const million = Int32Array.from({ length: 1_000_000 }, (_, i) => thousand[i % 1000]!);
  const buckets = chooseBuckets(million, 512);
  expect(buckets).toHaveLength(6);
  expect(buckets).toEqual(chooseBuckets(thousand, 512));
});

test("a text goes into the smallest bucket that holds it", () => {
  expect([1, 8, 9, 24].map((length) => bucketOf(length, [8, 16, 24]))).toEqual([8, 8, 16, 24]);
  expect(() => bucketOf(25, [8, 16, 24])).toThrow(expect.objectContaining({ code: "internal" }));
});
