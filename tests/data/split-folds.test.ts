import fc from "fast-check";
import { expect, test } from "vitest";
import { random } from "../../src/base/random.js";
import { countLabels } from "../../src/data/check.js";
import { type Dataset, datasetOf } from "../../src/data/example.js";
import { foldsOf } from "../../src/data/split-folds.js";
import { readReference } from "../support/reference.js";
import { datasetOfLabels, errorOf } from "./support.js";

interface Case {
  labels: number[];
  folds: number;
  /** `[fold][label]`: rows that StratifiedKFold tests there. */
  tested: number[][];
}

/** Rows of each label in each fold. */
const tested = (dataset: Dataset, foldOf: Uint8Array, folds: number): number[][] =>
  Array.from({ length: folds }, (_, fold) =>
    countLabels(
      [...dataset.examples].filter((_, row) => foldOf[row] === fold),
      dataset.labels,
    ),
  );

test.each(readReference<Case[]>("stratified_folds.json"))(
  "$folds folds have scikit-learn's numbers of each label",
  ({ labels, folds, tested: expected }) => {
    const dataset = datasetOfLabels(labels.map(String));
    for (const seed of [0, 1]) {
      const foldOf = foldsOf(dataset, folds, { random: random(seed) });
      expect(tested(dataset, foldOf, folds)).toEqual(expected);
    }
  },
);

test("which rows are tested where depends on the seed alone", () => {
  const dataset = datasetOfLabels(Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? "a" : "b")));
  const folds = (seed: number) => foldsOf(dataset, 4, { random: random(seed) });
  expect(folds(0)).toEqual(folds(0));
  expect(folds(0)).not.toEqual(folds(1));
});

const sizes = fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 5 })), { minLength: 60, maxLength: 90 });

test("groups stay whole, folds are of about one size, and outside of each there is every label", () => {
  fc.assert(
    fc.property(sizes, fc.integer({ min: 2, max: 6 }), fc.nat(), (units, folds, seed) => {
      const rows = units.flatMap(([label, size], group) =>
        new Array(size).fill({ label: `l${label}`, group }),
      );
      const dataset = datasetOfLabels(rows.map(({ label }) => label));
      fc.pre(dataset.labels.length === 3);
      const groups = rows.map(({ group }) => group);
      fc.pre(dataset.labels.every((_, id) => units.filter(([label]) => label === id).length >= 10));
      const foldOf = foldsOf(dataset, folds, { random: random(seed), groups });
      const pairs = new Set(Array.from(foldOf, (fold, row) => `${groups[row]} ${fold}`));
      expect(pairs.size).toBe(units.length);
      const counts = tested(dataset, foldOf, folds);
      const all = countLabels(dataset.examples, dataset.labels);
      for (const fold of counts) {
        for (const [id, count] of fold.entries()) {
          expect(all[id]! - count).toBeGreaterThanOrEqual(2);
          expect(Math.abs(count - all[id]! / folds)).toBeLessThanOrEqual(5);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test("sets of labels are dealt so that each label has its share in each fold", () => {
  const stream = random(5);
  const examples = Array.from({ length: 200 }, (_, index) => ({
    text: `text ${index}`,
    labels: ["a", "b", "c"].filter((_, i) => stream.uniform() < 0.5 ** (i + 1)),
    row: index + 1,
  }));
  const dataset = datasetOf("sets.csv", examples);
  const foldOf = foldsOf(dataset, 5, { random: random(0) });
  const all = countLabels(examples, dataset.labels);
  for (const counts of tested(dataset, foldOf, 5))
    for (const [id, count] of counts.entries()) expect(Math.abs(count - all[id]! / 5)).toBeLessThanOrEqual(2);
  for (const fold of [0, 1, 2, 3, 4])
    expect(Math.abs(foldOf.filter((other) => other === fold).length - 40)).toBeLessThanOrEqual(3);
});

test("labels that are too rare, and groups that are too large, are refused with what would do", () => {
  const labels = [...new Array<string>(20).fill("a"), ...new Array<string>(4).fill("b")];
  const dataset = datasetOfLabels(labels);
  const folds = (count: number, groups?: number[]) => () =>
    foldsOf(dataset, count, { random: random(0), groups });
  expect(errorOf(folds(5))).toBe(
    'data-invalid: test.csv: 5-fold cross-validation needs 5 different texts of each label; too few have "b" (4).',
  );
  expect(folds(4)()).toHaveLength(24);
  const pairs = labels.map((label, row) => (label === "b" ? 100 + (row % 2) : row));
  expect(errorOf(folds(3, pairs))).toContain('"b" (2)');
  const lump = labels.map((label, row) => (label === "a" && row < 14 ? 0 : row));
  expect(errorOf(folds(3, lump))).toContain("14 of the 24 rows are one group");
});
