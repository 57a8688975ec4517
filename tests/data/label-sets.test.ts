import fc from "fast-check";
import { expect, test } from "vitest";
import { readDataset } from "../../src/data/example.js";
import { formatLabels, looksLikeSets, parseLabels } from "../../src/data/label-sets.js";
import { readTable } from "../../src/data/read.js";
import { summarize } from "../../src/data/summary.js";
import { errorOf } from "./support.js";

test.each<[string, string[] | undefined]>([
  ["sea", ["sea"]],
  [" sea | garden ", ["sea", "garden"]],
  ["sea|sea||garden|", ["sea", "garden"]],
  ["", []],
  [" | ", []],
  ["[]", []],
  ['["sea", " garden", "sea"]', ["sea", "garden"]],
  ['["a|b", "c, d"]', ["a|b", "c, d"]],
  ["[1, 20]", ["1", "20"]],
  ["[x]|y", ["[x]", "y"]],
  ["['sea', 'garden']", undefined],
  ["[sea]", undefined],
  ['["sea", ""]', undefined],
  ['["sea", null]', undefined],
  ['[["sea"]]', undefined],
])("the cell %j names %j", (cell, labels) => {
  expect(parseLabels(cell)).toEqual(labels);
});

test("what is written is read again, whatever the names are", () => {
  const name = fc
    .oneof(fc.string(), fc.stringMatching(/^[[\]|"a]{1,4}$/))
    .map((text) => text.trim())
    .filter((text) => text !== "");
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 4 }), (labels) => {
      expect(parseLabels(formatLabels(labels))).toEqual(labels);
    }),
  );
  expect(formatLabels(["sea", "garden"])).toBe("sea|garden");
});

test("labels look like sets from one cell of ten on", () => {
  const cells = (sets: number) => Array.from({ length: 20 }, (_, i) => (i < sets ? "a|b" : "a"));
  expect(looksLikeSets(cells(1))).toBe(false);
  expect(looksLikeSets(cells(2))).toBe(true);
  expect(looksLikeSets(["['a']", "a"])).toBe(true);
  expect(looksLikeSets(["a|", "|"])).toBe(false);
});

const multi = (file: string, name = "t.csv") => readDataset(readTable(file, name), {}, { multiLabel: true });

test("a table's label column has sets of labels, an empty cell is none", () => {
  const { examples, labels } = multi('text,labels\na,sea|garden\nb,\nc,"[""kitchen""]"\nd,sea\n');
  expect(labels).toEqual(["garden", "kitchen", "sea"]);
  expect(examples.map((example) => example.labels)).toEqual([["garden", "sea"], [], ["kitchen"], ["sea"]]);
});

test("JSON lines have real lists, and an empty cell there is a missing value", () => {
  const lines = ['{"text":"a","labels":["x","y"],"id":7}', "", '{"labels":[],"text":"b"}'];
  const { examples, labels } = multi(lines.join("\r\n"), "t.jsonl");
  expect(labels).toEqual(["x", "y"]);
  expect([...examples]).toEqual([
    { text: "a", labels: ["x", "y"], row: 1, line: 1 },
    { text: "b", labels: [], row: 2, line: 3 },
  ]);
  const lacking = [...lines, '{"text":"c"}', '{"text":"d","labels":null}'].join("\n");
  expect(errorOf(() => multi(lacking, "t.jsonl"))).toContain(
    '2 rows have nothing in column "labels": rows 3, 4',
  );
  expect(errorOf(() => multi("text,labels\na\n"))).toContain("has 1 values"); // in CSV the cell itself is missing
});

test("lists that can't be read are told together, with what to write", () => {
  expect(() => multi("text,labels\na,x\nb,\"['x', 'y']\"\nc,[x]\n")).toThrowError(
    expect.objectContaining({
      code: "data-invalid",
      message: `t.csv, row 2 (line 3): column "labels" has "['x', 'y']", which is no JSON list of names; in all rows 2, 3.`,
      fix: expect.stringContaining('["a", "b"]'),
    }),
  );
});

test("sets that are read as single labels are recognised, also by their empty cells", () => {
  const file = "text,label\na,x|y\nb,\nc,x\n";
  expect(() => readDataset(readTable(file, "t.csv"))).toThrowError(
    expect.objectContaining({ fix: expect.stringContaining("--multi-label") }),
  );
  expect(() => readDataset(readTable("text,label\na,x\nb,\n", "t.csv"))).toThrowError(
    expect.objectContaining({ fix: expect.not.stringContaining("--multi-label") }),
  );
});

test("a summary counts each label of a row, and tells different sets for one text", () => {
  const { labels, unlabelled, conflicts } = summarize(
    multi("text,labels\nsame,x|y\nsame,\nother,y\nsame,y|x\n"),
  );
  expect(labels).toEqual([
    { label: "x", count: 2, share: 0.5 },
    { label: "y", count: 3, share: 0.75 },
  ]);
  expect(unlabelled).toBe(1);
  expect(conflicts.first).toEqual([{ text: "same", rows: [1, 2, 4], labels: ["x|y", ""] }]);
});
