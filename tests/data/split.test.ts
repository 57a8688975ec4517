import fc from "fast-check";
import { expect, test } from "vitest";
import { random } from "../../src/base/random.js";
import { countLabels } from "../../src/data/check.js";
import type { Examples } from "../../src/data/examples.js";
import { defaultShares, type Split, splitStratified } from "../../src/data/split.js";
import { partNames, splitQuotas } from "../../src/data/split-quotas.js";
import { datasetOfLabels, errorOf } from "./support.js";

const labelsOf = (counts: readonly number[]): string[] =>
  counts.flatMap((count, labelId) => new Array<string>(count).fill(`label ${labelId}`));

const rowsOf = (examples: Examples): number[] => examples.map(({ row }) => row);

/** Row counts of two to five labels. */
const someCounts = fc.array(fc.integer({ min: 3, max: 60 }), { minLength: 2, maxLength: 5 });
const seeds = fc.integer();

/** Labels with near-duplicate groups that mostly hold one label. */
const grouped = fc
  .array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 8 }), fc.nat(20)), { minLength: 10, maxLength: 60 })
  .map((units) => {
    const rows = units.flatMap(([label, size, mixed], group) =>
      Array.from({ length: size }, (_, at) => ({
        label: `label ${mixed === 0 && at === 0 ? (label + 1) % 4 : label}`,
        group,
      })),
    );
    return {
      dataset: datasetOfLabels(rows.map(({ label }) => label)),
      groups: rows.map(({ group }) => group),
    };
  })
  .filter(({ dataset }) => {
    const counts = countLabels(dataset.examples, dataset.labels);
    return counts.length >= 2 && counts.every((count) => count >= 3);
  });

const allRows = (split: Split): number[] =>
  partNames.flatMap((part) => rowsOf(split[part])).sort((a, b) => a - b);

test("a split by rows is a partition with every label's share", () => {
  fc.assert(
    fc.property(someCounts, seeds, (counts, seed) => {
      const dataset = datasetOfLabels(labelsOf(counts));
      const split = splitStratified(dataset, defaultShares, { random: random(seed) });
      expect(allRows(split)).toEqual(rowsOf(dataset.examples));
      for (const part of partNames) {
        const found = countLabels(split[part], dataset.labels);
        for (const [labelId, count] of found.entries()) {
          expect(count).toBeGreaterThanOrEqual(1);
          // two roundings, and one row more or less where a part had none of the label
          expect(Math.abs(count - defaultShares[part] * counts[labelId]!)).toBeLessThan(3);
        }
      }
    }),
  );
});

test("groups are never torn apart, and every label is in train", () => {
  fc.assert(
    fc.property(grouped, seeds, ({ dataset, groups }, seed) => {
      const split = splitStratified(dataset, defaultShares, { random: random(seed), groups });
      expect(allRows(split)).toEqual(rowsOf(dataset.examples));
      const sides = partNames.map((part) => new Set(rowsOf(split[part]).map((row) => groups[row - 1]!)));
      const placed = sides.reduce((sum, side) => sum + side.size, 0);
      expect(placed).toBe(new Set(groups).size);
      expect(Math.min(...countLabels(split.train, dataset.labels))).toBeGreaterThan(0);
    }),
  );
});

test("a label with three groups of its own is in all parts", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 3, maxLength: 6 }),
      seeds,
      (sizes, seed) => {
        const groups = [...sizes, ...sizes].flatMap((size, group) => new Array<number>(size).fill(group));
        const dataset = datasetOfLabels(groups.map((group) => (group < sizes.length ? "a" : "b")));
        const split = splitStratified(dataset, defaultShares, { random: random(seed), groups });
        for (const part of partNames) {
          expect(Math.min(...countLabels(split[part], dataset.labels))).toBeGreaterThan(0);
        }
      },
    ),
  );
});

test("a label with one group is in train, also where train is the smallest part", () => {
  const groups = Array.from({ length: 40 }, (_, index) => (index < 8 ? 0 : index));
  const dataset = datasetOfLabels(groups.map((group) => (group === 0 ? "a" : "b")));
  const split = splitStratified(
    dataset,
    { train: 0.2, validation: 0.4, test: 0.4 },
    { random: random(0), groups },
  );
  expect(countLabels(split.train, ["a"])).toEqual([8]);
});

test("with single rows to fill up, whole groups don't cost shares", () => {
  // every third row belongs to a group of two to six
  const sizes = fc.array(fc.integer({ min: 2, max: 6 }), { minLength: 20, maxLength: 30 });
  fc.assert(
    fc.property(sizes, seeds, (groupSizes, seed) => {
      const inGroups = groupSizes.flatMap((size, group) => new Array<number>(size).fill(group));
      const groups = [...inGroups, ...Array.from({ length: 2 * inGroups.length }, (_, index) => 100 + index)];
      const dataset = datasetOfLabels(groups.map((group) => (group % 2 === 0 ? "a" : "b")));
      const split = splitStratified(dataset, defaultShares, { random: random(seed), groups });
      const counts = countLabels(dataset.examples, dataset.labels);
      for (const part of partNames) {
        for (const [labelId, count] of countLabels(split[part], dataset.labels).entries()) {
          expect(Math.abs(count - defaultShares[part] * counts[labelId]!)).toBeLessThan(2);
        }
      }
    }),
  );
});

test("groups are drawn for the parts in about their shares", () => {
  // 300 pairs among 600 single rows: about 15 % of the pairs belong into the test part
  const groups = Array.from({ length: 1200 }, (_, index) => (index < 600 ? Math.floor(index / 2) : index));
  const dataset = datasetOfLabels(groups.map((group) => (group % 2 === 0 ? "a" : "b")));
  let pairs = 0;
  for (let seed = 0; seed < 20; seed++) {
    const { test } = splitStratified(dataset, defaultShares, { random: random(seed), groups });
    pairs += [...test].filter(({ row }) => row <= 600).length / 2 / 300;
  }
  expect(Math.abs(pairs / 20 - 0.15)).toBeLessThan(0.02); // standard error about 0.005
});

test("a huge group goes to train, not into a small part", () => {
  const groups = Array.from({ length: 200 }, (_, index) => (index < 24 ? 0 : index));
  const dataset = datasetOfLabels(groups.map((_, index) => (index % 2 === 0 ? "a" : "b")));
  for (let seed = 0; seed < 20; seed++) {
    const split = splitStratified(dataset, defaultShares, { random: random(seed), groups });
    expect(rowsOf(split.train)).toContain(1);
    expect([split.train.length, split.validation.length, split.test.length]).toEqual([140, 30, 30]);
  }
});

test("the seed alone decides: the same gives the same, another another", () => {
  const dataset = datasetOfLabels(labelsOf([50, 50]));
  const split = (seed: number) =>
    rowsOf(splitStratified(dataset, defaultShares, { random: random(seed) }).test);
  expect(split(0)).toEqual(split(0));
  expect(split(0)).not.toEqual(split(1));
  const stream = random(0);
  stream.uniform(); // a draw elsewhere changes nothing
  expect(rowsOf(splitStratified(dataset, defaultShares, { random: stream }).test)).toEqual(split(0));
});

// The first are the tutorial's numbers; the second by hand from scikit-learn's rule: ceil(0.3 · 100), then halves.
test.each([
  [
    [4825, 747],
    [3377, 523],
    [724, 112],
    [724, 112],
  ],
  [
    [60, 30, 10],
    [42, 21, 7],
    [9, 4.5, 1.5],
    [9, 4.5, 1.5],
  ],
])("sizes for %j rows are scikit-learn's", (counts, train, validation, test) => {
  const quotas = splitQuotas(counts, defaultShares, random(0));
  expect(quotas.train).toEqual(train);
  for (const [labelId, rows] of quotas.validation.entries()) {
    expect(Math.abs(rows - validation[labelId]!)).toBeLessThanOrEqual(0.5); // a tie is drawn
    expect(Math.abs(quotas.test[labelId]! - test[labelId]!)).toBeLessThanOrEqual(0.5);
  }
});

test("the held-out parts are rounded up as a whole, not label by label", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 3, max: 12 }), { minLength: 2, maxLength: 80 }),
      seeds,
      (counts, seed) => {
        const quotas = splitQuotas(counts, defaultShares, random(seed));
        const [train, validation, test] = partNames.map((part) => quotas[part].reduce((a, b) => a + b, 0));
        const rows = counts.reduce((a, b) => a + b, 0);
        const heldOut = Math.ceil(0.3 * rows);
        expect([train, test]).toEqual([rows - heldOut, Math.ceil(heldOut / 2)]);
        expect(validation).toBe(Math.floor(heldOut / 2));
        for (const [labelId, count] of counts.entries()) {
          expect(partNames.reduce((sum, part) => sum + quotas[part][labelId]!, 0)).toBe(count);
          expect(partNames.every((part) => quotas[part][labelId]! >= 0)).toBe(true);
        }
      },
    ),
  );
});

test("what can't be split is refused", () => {
  const split = (labels: string[], groups?: number[]) => () =>
    splitStratified(datasetOfLabels(labels), defaultShares, { random: random(0), groups });
  expect(errorOf(split(["a", "a", "a"]))).toMatch(/^data-invalid/);
  expect(errorOf(split(["a", "a", "a", "b", "b"]))).toContain('"b" (2)');
  expect(errorOf(split(labelsOf([5, 5]), new Array(10).fill(0)))).toContain(
    "nothing is left for validation and test",
  );
  const dataset = datasetOfLabels(labelsOf([9, 9]));
  const shares = { train: 0.7, validation: 0, test: 0.3 };
  expect(errorOf(() => splitStratified(dataset, shares, { random: random(0) }))).toMatch(/^option-invalid/);
});

test("a share of 0 leaves the test part empty, and two examples of a label are enough", () => {
  const dataset = datasetOfLabels([...labelsOf([40, 20]), "rare", "rare"]);
  const split = splitStratified(dataset, { train: 0.85, validation: 0.15, test: 0 }, { random: random(0) });
  expect([...split.test]).toEqual([]);
  expect([...split.train, ...split.validation].sort((a, b) => a.row - b.row)).toEqual([...dataset.examples]);
  for (const part of [split.train, split.validation])
    expect([...part].flatMap(({ labels }) => labels)).toContain("rare");
  expect(split.validation.length).toBeGreaterThan(7);
  expect(split.validation.length).toBeLessThan(13);
});
