import fc from "fast-check";
import { expect, test } from "vitest";
import {
  countLabels,
  requireKnownLabels,
  requireSplittable,
  requireTwoLabels,
} from "../../src/data/check.js";
import { chooseTextColumn } from "../../src/data/columns.js";
import { readDataset, sortedLabels, textsOf } from "../../src/data/example.js";
import { readTable } from "../../src/data/read.js";
import { datasetOfLabels, errorOf } from "./support.js";

test("a table becomes examples with trimmed labels and their places", () => {
  const table = readTable('label,text\n spam ," win\n now "\n\nham,hello\n', "t.csv");
  const { examples, ...rest } = readDataset(table);
  expect({ ...rest, examples: [...examples] }).toEqual({
    source: "t.csv",
    examples: [
      { text: " win\n now ", labels: ["spam"], row: 1, line: 2 },
      { text: "hello", labels: ["ham"], row: 2, line: 5 },
    ],
    labels: ["ham", "spam"],
    columns: {
      text: { name: "text", index: 1, guessed: true },
      label: { name: "label", index: 0, guessed: true },
    },
  });
});

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

test("empty texts and labels are told together, with rows and counts", () => {
  const rows = ["a,", "b, ", "c,1", " ,1", "e,", "f,", "g,", "h,"];
  const table = readTable(`text,label\n${rows.join("\n")}\n`, "t.csv");
  expect(errorOf(() => readDataset(table))).toBe(
    'data-invalid: t.csv: row 4 (line 5) has nothing in column "text"; ' +
      '6 rows have nothing in column "label": rows 1, 2, 5, 6, 7 and 1 more.',
  );
  expect(errorOf(() => textsOf(table, chooseTextColumn(table)))).not.toContain("label");
});

test("texts for prediction are one for each row", () => {
  const table = readTable("a\n\nb\n", "t.txt");
  expect(textsOf(table, chooseTextColumn(table))).toEqual(["a", "b"]);
});

test("one label alone is refused", () => {
  expect(errorOf(() => requireTwoLabels(datasetOfLabels(["a", "a"])))).toContain('have the label "a"');
  expect(() => requireTwoLabels(datasetOfLabels(["a", "b"]))).not.toThrow();
});

test("labels that can't be split are named with their counts", () => {
  const dataset = datasetOfLabels(["a", "a", "a", "b", "b", "c", "d", "d", "d"]);
  expect(errorOf(() => requireSplittable(dataset, 3))).toContain('needs 3; too few have "b" (2), "c" (1).');
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
