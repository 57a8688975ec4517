import fc from "fast-check";
import { expect, test } from "vitest";
import { readLines, readTable } from "../../src/data/read.js";
import type { Delimiter } from "../../src/data/table.js";
import { errorOf } from "./support.js";

test("quotes, doubled quotes, delimiters and line breaks inside quotes", () => {
  const table = readTable('label,text\n1,"a ""b"", c\nd"\n0, plain \n', "t.csv");
  expect(table.columns).toEqual(["label", "text"]);
  expect(table.rows).toEqual([
    ["1", 'a "b", c\nd'],
    ["0", " plain "],
  ]);
  expect(table.lines).toEqual([2, 4]);
});

test.each(["\n", "\r\n", "\r"])("lines are counted for the line break %j, blank rows too", (nl) => {
  const file = ["", "text,label", "", '"x', 'y",1', "   ", " , ", "ü,2", "z,3"].join(nl);
  const table = readTable(file, "t.csv");
  expect(table.rows).toEqual([
    [`x${nl}y`, "1"],
    ["ü", "2"],
    ["z", "3"],
  ]);
  expect(table.lines).toEqual([4, 8, 9]);
});

test("line breaks may be mixed", () => {
  expect(readTable("text,label\na,1\r\nb,2\n", "t.csv").rows).toEqual([
    ["a", "1"],
    ["b", "2"],
  ]);
});

test("a lone carriage return belongs to the text", () => {
  expect(readTable("text,label\na\rb,1\n", "t.csv").rows).toEqual([["a\rb", "1"]]);
});

test.each([
  ["text,label", "t.csv", ","],
  ["text;label", "t.csv", ";"],
  ["text\tlabel", "t.csv", "\t"],
  ['"a;b;c",label', "t.csv", ","],
  ["a,b,c\tlabel", "t.tsv", "\t"],
])("the delimiter of header %j in %s is %j", (header, name, delimiter) => {
  expect(readTable(`${header}\n1${delimiter}2\n`, name).delimiter).toBe(delimiter);
});

test("a byte order mark is no part of the first column; UTF-16 with one is read", () => {
  const text = "\uFEFFtext,label\nschön 😀,1\n";
  const littleEndian = new Uint8Array(Buffer.from(text, "utf16le"));
  const bigEndian = new Uint8Array(Buffer.from(text, "utf16le").swap16());
  for (const content of [text, new TextEncoder().encode(text), littleEndian, bigEndian]) {
    const table = readTable(content, "t.csv");
    expect(table.columns).toEqual(["text", "label"]);
    expect(table.rows).toEqual([["schön 😀", "1"]]);
  }
});

test("another encoding is refused with the line", () => {
  const latin1 = Uint8Array.from(Buffer.from("text,label\nplain,1\ncaf\u00e9,2\n", "latin1"));
  expect(errorOf(() => readTable(latin1, "t.csv"))).toBe(
    "data-invalid: t.csv is not UTF-8 text (first seen in line 3).",
  );
});

test("all ragged rows are told at once", () => {
  const file = 'text,label\na,1\n"b\nb",c,2\nd\ne,1\nf,,\n';
  expect(errorOf(() => readTable(file, "t.csv"))).toBe(
    'data-invalid: t.csv, row 2 (line 3) has 3 values ("b\\nb", "c", "2"), expected 2 as in the header ' +
      '("text", "label"). In all 3 rows: rows 2, 3, 5.',
  );
});

test.each([
  ['text,label\na,1\n\n"b,2\nc,3\n', "row 2 (line 4), column 1: a quoted value that is never closed."],
  ['text,label\na,1\nx"y,2\n', "row 2 (line 3), column 1: a quote inside an unquoted value."],
  ['text,label\na,"1"2\n', "row 1 (line 2), column 2: text after a closing quote."],
  ['"text,label\na,1\n', "header, column 1: a quoted value that is never closed."],
])("bad quotes in %j", (file, message) => {
  expect(errorOf(() => readTable(file, "t.csv"))).toBe(`data-invalid: t.csv, ${message}`);
});

test.each(["", "\n\n", "text,label\n", "\uFEFF"])("no rows in %j", (file) => {
  expect(errorOf(() => readTable(file, "t.csv"))).toBe("data-invalid: t.csv has no rows of data.");
  if (!file.includes("text")) {
    expect(errorOf(() => readLines(file, "t.txt"))).toBe("data-invalid: t.txt has no rows of data.");
  }
});

test("a text file has one text a line, commas and quotes as they are", () => {
  const table = readTable('a, "b"\r\n\n"c\n', "t.txt");
  expect(table).toMatchObject({ columns: ["text"], rows: [['a, "b"'], ['"c']], lines: [1, 3] });
});

test("files that are no tables are named as such", () => {
  expect(errorOf(() => readTable("PK", "t.XLSX"))).toContain("t.XLSX ends in .xlsx");
});

test("a record longer than any buffer default is read", () => {
  const long = "word ".repeat(100_000);
  expect(readTable(`text,label\n"${long}",1\n`, "t.csv").rows[0]![0]).toBe(long);
});

test("any table written by RFC 4180's rules is read as it was", () => {
  const value = fc.string({
    unit: fc.constantFrom("a", "ü", "😀", '"', ",", ";", "\t", "\n", "\r", " ", "="),
  });
  const delimiter = fc.constantFrom<Delimiter>(",", ";", "\t");
  const rows = fc.array(fc.tuple(value, value), { minLength: 1 });
  fc.assert(
    fc.property(rows, delimiter, fc.constantFrom("\n", "\r\n"), (pairs, separator, nl) => {
      const expected = pairs.filter((row) => row.some((cell) => cell.trim() !== ""));
      fc.pre(expected.length > 0);
      const quoteAll = (cells: readonly string[]) =>
        cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(separator) + nl;
      const file = [["text", "label"], ...pairs].map(quoteAll).join("");
      // all is quoted, so the delimiter stands in the header outside of quotes
      expect(readTable(file, "t.csv").rows).toEqual(expected);
    }),
  );
});
