import fc from "fast-check";
import { expect, test } from "vitest";
import {
  countLabels,
  requireKnownLabels,
  requireSplittable,
  requireTwoLabels,
} from "../../src/data/check.js";
import { sortedLabels } from "../../src/data/example.js";
import { datasetOfLabels, errorOf } from "./support.js";

test.each([
  [
    ["10", "9", "-1", "9"],
    ["-1", "9", "10"],
  ],
  [
    ["10", "9", "x"],
    ["10", "9", "x"],
  ],
  [
    ["b", "B", "a", "é"],
    ["B", "a", "b", "é"],
  ],
  [
    ["😀", "\uFB01"],
    ["\uFB01", "😀"],
  ],
  [
    ["1.5", "10", "9"],
    ["1.5", "10", "9"],
  ],
])("labels %j are sorted as %j", (labels, sorted) => {
  expect(sortedLabels(labels)).toEqual(sorted);
});

test("the order of labels does not depend on the order of rows", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.integer().map(String))), (labels) => {
      expect(sortedLabels([...labels].reverse())).toEqual(sortedLabels(labels));
      expect(new Set(sortedLabels(labels))).toEqual(new Set(labels));
    }),
  );
});

test("one label alone is refused", () => {
  expect(errorOf(() => requireTwoLabels(datasetOfLabels(["a", "a"])))).toContain('have the label "a"');
  expect(() => requireTwoLabels(datasetOfLabels(["a", "b"]))).not.toThrow();
});

test("labels that can't be split are named with their counts", () => {
  const dataset = datasetOfLabels(["a", "a", "a", "b", "b", "c", "d", "d", "d"]);
  expect(errorOf(() => requireSplittable(dataset, 3))).toContain('needs 3; too few have "b" (2), "c" (1).');
});

test("a rare label that another one looks like is told as what it may be", () => {
  const dataset = datasetOfLabels(["Spam", "spam", "spam", "spam", "ham", "ham", "ham"]);
  expect(() => requireSplittable(dataset, 3)).toThrow(
    expect.objectContaining({
      fix: expect.stringMatching(/^"Spam" and "spam" differ only by case or spaces/),
    }),
  );
});

test("a column of ids taken for labels is recognised", () => {
  const dataset = datasetOfLabels(Array.from({ length: 100 }, (_, index) => `id${index}`));
  expect(() => requireSplittable(dataset, 3)).toThrow(
    expect.objectContaining({ fix: expect.stringContaining("100 different labels: name the right column") }),
  );
});

test("labels that the model doesn't know are told with their rows", () => {
  const dataset = datasetOfLabels(["ham", "scam", "spam", "scam"]);
  expect(errorOf(() => requireKnownLabels(dataset, ["ham", "spam"]))).toBe(
    'label-unknown: test.csv has an unknown label: "scam" (rows 2, 4); known are "ham", "spam".',
  );
  expect(() => requireKnownLabels(dataset, ["ham", "scam", "spam"])).not.toThrow();
});

test("labels are counted in the order given", () => {
  expect(countLabels(datasetOfLabels(["a", "b", "a", "x"]).examples, ["b", "a", "c"])).toEqual([1, 2, 0]);
});
