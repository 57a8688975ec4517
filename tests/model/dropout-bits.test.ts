import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dropoutBit, dropoutKeys, dropoutThreshold } from "../../src/model/dropout-bits.js";

const rows = 256;
const columns = 384;
const size = rows * columns;

describe.each([0.1, 0.5])("dropout with p = %s", (p) => {
  const threshold = dropoutThreshold(p);
  const mask = (seed: number, step: number, site: number, example: number) => {
    const keys = dropoutKeys(seed, step, site, example);
    return Uint8Array.from({ length: size }, (_, element) => dropoutBit(keys, element, threshold));
  };
  const base = mask(0, 0, 0, 0);
  /** How many standard deviations the number kept lies off: normal with mean 0 and variance 1 if all is well. */
  const deviation = (kept: number, n: number) => (kept - n * (1 - p)) / Math.sqrt(n * p * (1 - p));

  test("keeps a share of 1 - p, whatever the keys", () => {
    for (let i = 0; i < 32; i++) {
      const kept = sum(mask(i % 2, i >> 1, 31 - i, i * i));
      expect(Math.abs(deviation(kept, size))).toBeLessThan(5);
    }
  });

  test.each<[string, number, number, number, number]>([
    ["rows", rows, columns, columns, 1],
    ["columns", columns, rows, 1, columns],
  ])(
    "keeps a share of 1 - p in all %s, neither too even nor too uneven",
    (_name, lines, n, stride, inner) => {
      const deviations = Array.from({ length: lines }, (_, line) =>
        deviation(sum(Uint8Array.from({ length: n }, (_, i) => base[line * stride + i * inner]!)), n),
      );
      expect(Math.max(...deviations.map(Math.abs))).toBeLessThan(5);
      // The mean of `lines` squared standard normals has variance 2 / lines.
      const meanSquare = deviations.reduce((total, z) => total + z * z, 0) / lines;
      expect(Math.abs(meanSquare - 1)).toBeLessThan(5 * Math.sqrt(2 / lines));
    },
  );

  test.each([1, 2, 3, 4, 8, 16, 64, columns, 12 * columns])(
    "elements %i apart are independent",
    (distance) => {
      expectIndependent(base.subarray(distance), base.subarray(0, size - distance), p);
    },
  );

  test.each<[string, (i: number) => Uint8Array]>([
    ["seeds", (i) => mask(i, 0, 0, 0)],
    ["steps", (i) => mask(0, i, 0, 0)],
    ["sites", (i) => mask(0, 0, i, 0)],
    ["examples", (i) => mask(0, 0, 0, i)],
    ["a step and an example exchanged", (i) => mask(0, i % 2, 0, (i + 1) % 2)],
  ])("masks of neighbouring %s are independent", (_name, make) => {
    for (let i = 0; i < 8; i++) expectIndependent(make(i), make(i + 1), p);
  });
});

test("no two of many masks share their keys", () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 4; seed++)
    for (let step = 0; step < 40; step++)
      for (let site = 0; site < 40; site++)
        for (let example = 0; example < 32; example++)
          seen.add(dropoutKeys(seed, step, site, example).join());
  expect(seen.size).toBe(4 * 40 * 40 * 32);
});

test("one more in any of the four integers flips about half of the bits of both keys", () => {
  const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  const flipped: number[] = [];
  fc.assert(
    fc.property(fc.tuple(uint32, uint32, uint32, uint32), fc.nat(3), (integers, place) => {
      const next = integers.with(place, integers[place]! + 1) as typeof integers;
      const [before, after] = [dropoutKeys(...integers), dropoutKeys(...next)];
      flipped.push(...before.map((key, i) => bitsSet(key ^ after[i]!)));
    }),
    { numRuns: 2000, seed: 1 },
  );
  // The number of flipped bits of 32 has mean 16 and variance 8.
  const mean = flipped.reduce((total, count) => total + count, 0) / flipped.length;
  expect(Math.abs(mean - 16)).toBeLessThan(5 * Math.sqrt(8 / flipped.length));
  expect(Math.min(...flipped)).toBeGreaterThan(1);
});

test("the threshold is p of 2 to the 32, and p = 0 keeps everything", () => {
  expect([0, 0.1, 0.5, 1 - 2 ** -53].map(dropoutThreshold)).toEqual([0, 429496730, 2 ** 31, 2 ** 32 - 1]);
  const keys = dropoutKeys(1, 2, 3, 4);
  for (let element = 0; element < 1000; element++) expect(dropoutBit(keys, element, 0)).toBe(1);
});

test.each([-0.1, 1, 1.5, Number.NaN])("p = %s is refused", (p) => {
  expect(() => dropoutThreshold(p)).toThrow(expect.objectContaining({ code: "option-invalid" }));
});

/** The number of elements kept in both lies within five standard deviations of what independence gives. */
function expectIndependent(a: Uint8Array, b: Uint8Array, p: number): void {
  const covariance = a.reduce((total, x, i) => total + (x - (1 - p)) * (b[i]! - (1 - p)), 0) / a.length;
  const correlation = covariance / (p * (1 - p));
  expect(Math.abs(correlation) * Math.sqrt(a.length)).toBeLessThan(5);
}

function sum(bits: Uint8Array): number {
  return bits.reduce((total, bit) => total + bit, 0);
}

function bitsSet(x: number): number {
  return (x >>> 0).toString(2).replaceAll("0", "").length;
}
