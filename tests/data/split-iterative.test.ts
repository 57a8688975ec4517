import fc from "fast-check";
import { expect, test } from "vitest";
import { random, shuffled } from "../../src/base/random.js";
import { countLabels } from "../../src/data/check.js";
import { type Dataset, datasetOf } from "../../src/data/example.js";
import type { Examples } from "../../src/data/examples.js";
import { defaultShares, type Split, splitStratified } from "../../src/data/split.js";
import { partNames } from "../../src/data/split-quotas.js";
import { errorOf } from "./support.js";

const datasetOfSets = (sets: readonly (readonly string[])[]): Dataset =>
  datasetOf(
    "test.csv",
    sets.map((labels, index) => ({ text: `text number ${index}`, labels, row: index + 1 })),
  );

/** Sets in which labels come with odds of 1/2, 1/4, 1/8 …; some are empty. */
function skewedSets(count: number, labelCount: number, seed: number): string[][] {
  const stream = random(seed);
  return Array.from({ length: count }, () =>
    Array.from({ length: labelCount }, (_, i) => `label ${i}`).filter(
      (_, i) => stream.uniform() < 0.5 ** (i + 1),
    ),
  );
}

/** Mean over labels and parts of | odds in the part - odds in all |: LD of Sechidis et al. 2011, equation 1. */
function labelDistribution(split: Split, { examples, labels }: Dataset): number {
  const odds = (part: Examples) =>
    countLabels(part, labels).map((count) => count / Math.max(1, part.length - count));
  const all = odds(examples);
  const differences = partNames.flatMap((part) => odds(split[part]).map((own, i) => Math.abs(own - all[i]!)));
  return differences.reduce((a, b) => a + b) / differences.length;
}

/** The same sizes, but drawn without looking at labels. */
function drawn({ examples }: Dataset, seed: number): Split {
  const order = shuffled([...examples], random(seed));
  const [train, validation] = [Math.round(0.7 * order.length), Math.round(0.85 * order.length)];
  return {
    train: order.slice(0, train),
    validation: order.slice(train, validation),
    test: order.slice(validation),
  };
}

test("sets are partitioned, and each label has its share in each part", () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const dataset = datasetOfSets(skewedSets(200, 4, seed));
      fc.pre(dataset.labels.length === 4);
      const split = splitStratified(dataset, defaultShares, { random: random(seed) });
      const rows = partNames.flatMap((part) => split[part].map(({ row }) => row));
      expect(rows.sort((a, b) => a - b)).toEqual(dataset.examples.map(({ row }) => row));
      const counts = countLabels(dataset.examples, dataset.labels);
      for (const part of partNames) {
        expect(Math.abs(split[part].length - defaultShares[part] * 200)).toBeLessThanOrEqual(4);
        for (const [i, count] of countLabels(split[part], dataset.labels).entries()) {
          expect(Math.abs(count - defaultShares[part] * counts[i]!)).toBeLessThanOrEqual(3);
        }
      }
    }),
    { numRuns: 50 },
  );
});

test("labels are far closer to their shares than in a random split", () => {
  const [stratified, random_] = [0, 1, 2, 3, 4]
    .map((seed) => {
      const dataset = datasetOfSets(skewedSets(400, 6, seed));
      const split = splitStratified(dataset, defaultShares, { random: random(seed) });
      return [labelDistribution(split, dataset), labelDistribution(drawn(dataset, seed), dataset)] as const;
    })
    .reduce(([a, b], [c, d]) => [a + c, b + d] as const);
  expect(stratified).toBeLessThan(0.3 * random_);
});

test("near duplicates stay together, in about their shares", () => {
  // 100 pairs among 200 single rows
  const groups = Array.from({ length: 400 }, (_, index) => (index < 200 ? Math.floor(index / 2) : index));
  const sets = skewedSets(400, 3, 1);
  const dataset = datasetOfSets(groups.map((group) => sets[group]!));
  let pairs = 0;
  for (let seed = 0; seed < 10; seed++) {
    const split = splitStratified(dataset, defaultShares, { random: random(seed), groups });
    const partOf = new Map(partNames.flatMap((part) => split[part].map(({ row }) => [row, part] as const)));
    for (let row = 1; row < 200; row += 2) expect(partOf.get(row)).toBe(partOf.get(row + 1));
    pairs += [...split.test].filter(({ row }) => row <= 200).length / 2 / 100;
  }
  expect(Math.abs(pairs / 10 - 0.15)).toBeLessThan(0.05);
});

test("a huge group goes to train, not into a small part", () => {
  const groups = Array.from({ length: 200 }, (_, index) => (index < 24 ? 0 : index));
  const dataset = datasetOfSets(
    groups.map((_, index) => (index % 3 === 0 ? [] : index % 2 === 0 ? ["a"] : ["a", "b"])),
  );
  for (let seed = 0; seed < 20; seed++) {
    const { train } = splitStratified(dataset, defaultShares, { random: random(seed), groups });
    expect(train.map(({ row }) => row)).toContain(1);
  }
});

test("a rare label is in train, and a label of three rows in every part", () => {
  const sets = [...skewedSets(60, 2, 3), ["once", "label 0"], ["thrice"], ["thrice", "label 1"], ["thrice"]];
  const dataset = datasetOfSets(sets);
  for (let seed = 0; seed < 20; seed++) {
    const split = splitStratified(dataset, defaultShares, { random: random(seed) });
    expect(countLabels(split.train, ["once"])).toEqual([1]);
    for (const part of partNames) expect(countLabels(split[part], ["thrice"])).toEqual([1]);
  }
});

test("the seed alone decides", () => {
  const dataset = datasetOfSets(skewedSets(80, 3, 5));
  const rows = (seed: number) =>
    splitStratified(dataset, defaultShares, { random: random(seed) }).test.map(({ row }) => row);
  expect(rows(0)).toEqual(rows(0));
  expect(rows(0)).not.toEqual(rows(1));
});

test("a share of 0 leaves test empty; what can't be split is refused", () => {
  const dataset = datasetOfSets(skewedSets(80, 3, 5));
  const split =
    (of: Dataset, shares = defaultShares) =>
    () =>
      splitStratified(of, shares, { random: random(0) });
  expect(split(dataset, { train: 0.85, validation: 0.15, test: 0 })().test.length).toBe(0);
  expect(errorOf(split(dataset, { train: 0.7, validation: 0, test: 0.3 }))).toMatch(/^option-invalid/);
  expect(errorOf(split(datasetOfSets([[], ["a"], ["a"]])))).toContain('have the label "a"');
  expect(errorOf(split(datasetOfSets([[], [], []])))).toContain("No row of test.csv has a label");
});
