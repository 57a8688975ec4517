import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { stringify } from "csv-stringify/sync";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chooseColumns } from "../../../src/data/columns.js";
import { openRows } from "../../../src/data/rows/open-rows-node.js";
import type { ReadOptions } from "../../../src/data/rows/open-text.js";
import { allRows, valuesOf } from "../../support/rows.js";
import { errorOf } from "../support.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "textgraft-rows-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

/** Reads standard input as if it were `content`. */
async function withInput<T>(content: string | Uint8Array, act: () => Promise<T>): Promise<T> {
  const stdin = Object.getOwnPropertyDescriptor(process, "stdin")!;
  const value = Readable.from([Buffer.from(content)]);
  Object.defineProperty(process, "stdin", { value, configurable: true });
  try {
    return await act();
  } finally {
    Object.defineProperty(process, "stdin", stdin);
  }
}

const rows = [
  ['win; a prize, "now"\nor never', "spam"],
  ["schöne Grüße 😀|🐀", "ham"],
  [" tab\there ", "ham"],
];
const table = [["text", "label"], ...rows];
const objects = rows.map(([text, label]) => ({ text, label }));
const csv = (delimiter: string) => stringify(table, { delimiter });
const utf16 = (text: string) => new Uint8Array(Buffer.from(`\uFEFF${text}`, "utf16le"));

test.each<[string, string | Uint8Array, string]>([
  ["a.csv", csv(","), "CSV with commas"],
  ["b.csv", csv(";"), "CSV with semicolons"],
  ["c.tsv", csv("\t"), "CSV with tabs"],
  ["d.csv", csv("|"), "CSV with bars"],
  ["e.csv", `\uFEFF${csv(",")}`, "CSV with commas, utf-8 with a byte order mark"],
  ["f.csv", utf16(csv("\t")), "CSV with tabs, utf-16le"],
  ["g.csv.gz", gzipSync(csv(",")), "CSV with commas, gzip"],
  ["h.jsonl", objects.map((row) => JSON.stringify(row)).join("\n"), "JSON lines"],
  ["i.ndjson.gz", gzipSync(objects.map((row) => JSON.stringify(row)).join("\r\n")), "JSON lines, gzip"],
  ["j.json", JSON.stringify(objects, null, 2), "a JSON array"],
  ["k.json", objects.map((row) => JSON.stringify(row)).join("\n"), "JSON lines"],
  ["l", JSON.stringify(objects), "a JSON array"],
  ["m.dat", csv(","), "CSV with commas"],
])("%s is the same rows, told as %3$s", async (name, content, format) => {
  const source = await openRows(await file(name, content));
  expect(source).toMatchObject({ columns: ["text", "label"], format });
  expect(await valuesOf(source)).toEqual(rows);
  await withInput(content, async () => {
    const fromInput = await openRows("-", { plainLines: true });
    expect(fromInput.source).toBe("standard input");
    if (name !== "c.tsv") expect(fromInput.format).toBe(format);
    expect(await valuesOf(fromInput)).toEqual(rows);
  });
});

test("a folder has a text in each file, and a label in each folder", async () => {
  await file("mails/spam/10.txt", "win a prize");
  await file("mails/spam/2.txt", new Uint8Array(Buffer.from("gr\u00fcn", "latin1")));
  await file("mails/ham/deeper/x.TXT", "two\nlines\n");
  await file("mails/ham/notes.md", "no text file");
  await file("mails/README.txt", "in no folder");
  await file("mails/.git/x.txt", "hidden");
  const source = await openRows(join(folder, "mails"));
  expect(source).toMatchObject({
    columns: ["text", "label", "file"],
    format: "text files in 2 folders named after their labels",
  });
  expect(await valuesOf(source)).toEqual([
    ["two\nlines\n", "ham", join("ham", "deeper", "x.TXT")],
    ["grün", "spam", join("spam", "2.txt")],
    ["win a prize", "spam", join("spam", "10.txt")],
  ]);
  await file("one/ham/1.txt", "hello");
  expect((await openRows(join(folder, "one"))).format).toBe("text files in 1 folder named after its label");
  await mkdir(join(folder, "bare"));
  await expect(openRows(join(folder, "bare"))).rejects.toMatchObject({
    code: "data-invalid",
    message: expect.stringContaining("has no text files in folders named after labels"),
  });
});

test.each<[string, ReadOptions, string[], string[][]]>([
  [
    "ham,see you\nspam,win now\nham,hello\n",
    {},
    ["1", "2"],
    [
      ["ham", "see you"],
      ["spam", "win now"],
      ["ham", "hello"],
    ],
  ],
  ["a,b\nc,d\n", {}, ["a", "b"], [["c", "d"]]],
  [
    "a,b\nc,d\n",
    { header: "no" },
    ["1", "2"],
    [
      ["a", "b"],
      ["c", "d"],
    ],
  ],
  ["1,2\nc,d\n", { header: "yes" }, ["1", "2"], [["c", "d"]]],
  ["1,text\n1,x\n", {}, ["1", "text"], [["1", "x"]]],
  ["1,body\n1,x\n", { text: "body" }, ["1", "body"], [["1", "x"]]],
  ["a;b,c\nd;e,f\n", { delimiter: ";" }, ["a", "b,c"], [["d", "e,f"]]],
  [
    "text;label\na, b, c;1\nd, e, f;0\n",
    {},
    ["text", "label"],
    [
      ["a, b, c", "1"],
      ["d, e, f", "0"],
    ],
  ],
])("the layout of %j, given %j, has the columns %j", async (content, options, columns, expected) => {
  const source = await openRows(await file("layout.csv", content), options);
  expect(source.columns).toEqual(columns);
  expect(await valuesOf(source)).toEqual(expected);
});

test("tabs without quoting are told by quotes that would be wrong", async () => {
  const content = 'ham\the said "hi" to me\nspam\t"WIN" now, 5" screen\nham\t"all of it"\n';
  const source = await openRows(await file("plain.tsv", content));
  expect(source.format).toBe("CSV with tabs, quotes as they are, no header line");
  expect(await valuesOf(source)).toEqual([
    ["ham", 'he said "hi" to me'],
    ["spam", '"WIN" now, 5" screen'],
    ["ham", '"all of it"'],
  ]);
});

test("rows that can't be read are given with their places and reasons", async () => {
  const bytes = Buffer.concat([
    Buffer.from('text,label\na,1\n\nb\n"c\nc",2,x\nx"y,3\n'),
    Buffer.from([0x67, 0xff, 0x2c, 0x34, 10]),
    Buffer.from("schön,5\nd,6"),
  ]);
  const { rows, rejected } = await allRows(
    await openRows(await file("bad.csv", bytes), { encoding: "utf-8" }),
  );
  expect(rows).toEqual([
    { values: ["a", "1"], row: 1, line: 2 },
    { values: ["schön", "5"], row: 6, line: 9 },
    { values: ["d", "6"], row: 7, line: 10 },
  ]);
  expect(rejected).toEqual([
    { values: ["b"], row: 2, line: 4, reason: "1 value, not 2 as the header has" },
    { values: ["c\nc", "2", "x"], row: 3, line: 5, reason: "3 values, not 2 as the header has" },
    { values: ['x"y,3'], row: 4, line: 7, reason: "a quote inside an unquoted value" },
    { values: ["g\uFFFD", "4"], row: 5, line: 8, reason: "bytes that are no text in the file's encoding" },
  ]);
});

test("JSON rows that are none are given with their lines", async () => {
  const lines =
    '{"text": "a", "label": 1.0}\n\n{"text": \n["b"]\n{"label": [true, null], "text": {"x": 1}, "text": null}\n';
  const { rows, rejected } = await allRows(await openRows(await file("bad.jsonl", lines)));
  expect(rows).toEqual([
    { values: ["a", "1"], row: 1, line: 1 },
    { values: ["", "[true,null]"], row: 4, line: 5 },
  ]);
  expect(rejected).toEqual([
    { values: ['{"text": '], row: 2, line: 3, reason: "text that is no JSON" },
    { values: ['["b"]'], row: 3, line: 4, reason: "something else than a JSON object" },
  ]);
});

test.each<[string, string | Uint8Array, RegExp]>([
  ["empty.csv", "", /has no rows of data/],
  ["header.csv", "text,label\n\n", /has no rows of data/],
  ["blank.txt", " \n\n", /has no rows of data/],
  ["empty.jsonl", "\n", /has no rows of data/],
  ["empty.json", "[]", /has no rows of data/],
  ["object.json", '{\n  "text": ["a"]\n}', /is one JSON object/],
  ["sheet.csv", "PK\x03\x04rest", /is a zip archive or an Excel file/],
  ["sheet.ods", "x", /is an OpenDocument file/],
  ["image.csv", Uint8Array.from({ length: 999 }, (_, i) => (i % 5 === 0 ? 0 : i % 256)), /is no text file/],
  ["open.csv", '"text,label\na,1\n', /line 1: the first row has a quoted value that is never closed/],
  ["short.csv.gz", gzipSync("text,label\na,1\n").subarray(0, 20), /can't be unpacked as gzip/],
])("%s is refused", async (name, content, message) => {
  const path = await file(name, content);
  await expect(openRows(path).then((source) => allRows(source))).rejects.toMatchObject({
    code: "data-invalid",
    message: expect.stringMatching(message),
  });
});

test.each<[ReadOptions["header"], RegExp]>([
  ["no", /^Name the column by its number with --text\. .* --header yes\.$/],
  ["auto", /^Name the column by its number with --text\. .* --header yes\.$/],
  ["yes", /--header no/],
])(
  "with --header %s the advice for columns that can't be guessed is another header than that",
  async (header, fix) => {
    const source = await openRows(await file("numbered.csv", "1,2,3\n4,5,6\n"), { header });
    expect(() => chooseColumns(source)).toThrow(
      expect.objectContaining({ code: "column-missing", fix: expect.stringMatching(fix) }),
    );
  },
);

describe.each(["jsonl", "json"])("a column whose key comes only behind the first megabyte (%s)", (ending) => {
  const first = Array.from({ length: 1000 }, (_, i) => ({ text: `${i} ${"word ".repeat(250)}` }));
  const last = Array.from({ length: 3 }, (_, i) => ({ text: `last ${i}`, kind: `kind ${i}` }));
  const all = [...first, ...last];
  const content = ending === "json" ? JSON.stringify(all) : all.map((row) => JSON.stringify(row)).join("\n");

  test("is read where it is named", async () => {
    const source = await openRows(await file(`late.${ending}`, content), { label: "kind" });
    expect(source.columns).toEqual(["text", "kind"]);
    const values = await valuesOf(source);
    expect(values).toHaveLength(1003);
    expect(values[0]).toEqual([first[0]!.text, ""]);
    expect(values.slice(1000)).toEqual(last.map(({ text, kind }) => [text, kind]));
  });

  test("that never comes is missing, which is known behind the last row", async () => {
    const path = await file(`never.${ending}`, content);
    const source = await openRows(path, { label: "kind,sort", text: "text" });
    await expect(allRows(source)).rejects.toMatchObject({
      code: "column-missing",
      message: `${path} has no column "sort"; the columns in its first megabyte are "text".`,
      fix: "Name one of them with --label.",
    });
  });

  test("that isn't named can't be guessed, and the message says where was looked", async () => {
    const source = await openRows(await file(`unnamed.${ending}`, content));
    expect(errorOf(() => chooseColumns(source))).toMatch(
      /^column-missing: .* the columns in its first megabyte are "text"\.$/,
    );
  });
});

test("a huge line, and zero bytes, are read as they are", async () => {
  const huge = "word 😀 ".repeat(1_000_000);
  const source = await openRows(await file("huge.csv", `text,label\n"${huge}",1\n${huge},2\na\0b,3\n`));
  const values = await valuesOf(source);
  expect(values.map(([text, label]) => [text!.length, label])).toEqual([
    [huge.length, "1"],
    [huge.length, "2"],
    [3, "3"],
  ]);
  expect(values[0]![0]).toBe(huge);
  expect(values[2]![0]).toBe("a\0b");
});
