import fc from "fast-check";
import { expect, test } from "vitest";
import { formatLabels, looksLikeSets, parseLabels } from "../../src/data/label-sets.js";
import { readExamples } from "../../src/data/read-examples.js";
import { summarize } from "../../src/data/summary.js";
import { rowsFrom } from "../support/rows.js";
import { rejectionOf } from "./support.js";

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

const read = async (file: string, multiLabel: boolean, name = "t.csv") =>
  readExamples(await rowsFrom(file, name), {}, { multiLabel });

const multi = (file: string, name?: string) => read(file, true, name);

test("a table's label column has sets of labels, an empty cell is none", async () => {
  const { examples, labels } = await multi('text,labels\na,sea|garden\nb,\nc,"[""kitchen""]"\nd,sea\n');
  expect(labels).toEqual(["garden", "kitchen", "sea"]);
  expect(examples.map((example) => example.labels)).toEqual([["garden", "sea"], [], ["kitchen"], ["sea"]]);
});

test("JSON lines have real lists, and an empty cell there is a missing value", async () => {
  const lines = ['{"text":"a","labels":["x","y"],"id":7}', "", '{"labels":[],"text":"b"}'];
  const { examples, labels } = await multi(lines.join("\r\n"), "t.jsonl");
  expect(labels).toEqual(["x", "y"]);
  expect([...examples]).toEqual([
    { text: "a", labels: ["x", "y"], row: 1, line: 1 },
    { text: "b", labels: [], row: 2, line: 3 },
  ]);
  const lacking = [...lines, '{"text":"c"}', '{"text":"d","labels":null}'].join("\n");
  expect(await rejectionOf(multi(lacking, "t.jsonl"))).toContain(
    '2 rows have nothing in column "labels": rows 3, 4',
  );
  expect(await rejectionOf(multi("text,labels\na\n"))).toContain("has 1 value, not 2"); // in CSV the cell itself is missing
});

test("lists that can't be read are told together, with what to write", async () => {
  await expect(multi("text,labels\na,x\nb,\"['x', 'y']\"\nc,[x]\n")).rejects.toMatchObject({
    code: "data-invalid",
    message: 't.csv: 2 of 3 rows are bad: 2 rows have no JSON list of names in column "labels": rows 2, 3.',
    fix: expect.stringContaining('["a", "b"]'),
  });
});

test("sets that are read as single labels are recognised, also by their empty cells", async () => {
  const file = "text,label\na,x|y\nb,\nc,x\n";
  await expect(read(file, false)).rejects.toMatchObject({ fix: expect.stringContaining("--multi-label") });
  await expect(read("text,label\na,x\nb,\n", false)).rejects.toMatchObject({
    fix: expect.not.stringContaining("--multi-label"),
  });
});

test("a summary counts each label of a row, and tells different sets for one text", async () => {
  const { labels, unlabelled, conflicts } = summarize(
    await multi("text,labels\nsame,x|y\nsame,\nother,y\nsame,y|x\n"),
  );
  expect(labels).toEqual([
    { label: "x", count: 2, share: 0.5 },
    { label: "y", count: 3, share: 0.75 },
  ]);
  expect(unlabelled).toBe(1);
  expect(conflicts.first).toEqual([{ text: "same", rows: [1, 2, 4], labels: ["x|y", ""] }]);
});
