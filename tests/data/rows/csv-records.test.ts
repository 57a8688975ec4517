import { parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type LineBreak, recordSplitter } from "../../../src/data/rows/csv-records.js";

/** All records of a text that comes in pieces. */
function split(pieces: readonly string[], delimiter = ",", lineBreak: LineBreak = "\n", longest?: number) {
  const splitter = recordSplitter({ delimiter, lineBreak, quotes: true }, longest);
  return [...pieces.flatMap((piece) => splitter(piece, false)), ...splitter("", true)];
}

/** A text cut at some of its positions, also within surrogate pairs. */
const cut = (text: string, positions: readonly number[]): string[] => {
  const cuts = [0, ...positions.map((at) => Math.min(at, text.length)), text.length].sort((a, b) => a - b);
  return cuts.slice(0, -1).map((start, i) => text.slice(start, cuts[i + 1]));
};

const cell = fc.string({
  unit: fc.constantFrom("a", "ü", "😀", '"', ",", ";", "\t", "|", "\n", "\r", " ", "="),
});
const cuts = fc.array(fc.nat(200), { maxLength: 12 });

test("what csv-stringify writes is read as it was, wherever the text is cut", () => {
  const rows = fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { minLength: 1 });
  const delimiters = fc.constantFrom(",", ";", "\t", "|");
  const breaks = fc.constantFrom<"\n" | "\r\n" | "\r">("\n", "\r\n", "\r");
  fc.assert(
    fc.property(rows, delimiters, breaks, fc.boolean(), cuts, (table, delimiter, nl, quoted, positions) => {
      const isReturn = nl === "\r";
      // where lines end with \r alone, a file has no \n
      const cells = isReturn ? table.map((row) => row.map((value) => value.replaceAll("\n", ""))) : table;
      const options = { delimiter, record_delimiter: nl, quoted, quote_record_delimiter: true };
      // csv-stringify leaves a lone \r or \n unquoted where the record delimiter is another
      const text = stringify(cells, { ...options, quoted_match: /[\r\n]/ });
      const expected = cells.filter((row) => row.some((value) => value.trim() !== ""));
      const found = split(cut(text, positions), delimiter, isReturn ? "\r" : "\n");
      expect(found.map(({ values, reason }) => ({ values, reason }))).toEqual(
        expected.map((values) => ({ values, reason: undefined })),
      );
    }),
    { numRuns: 500 },
  );
});

test("any text gives the same records however it is cut", () => {
  fc.assert(
    fc.property(cell, cuts, (text, positions) => {
      expect(split(cut(text, positions))).toEqual(split([text]));
    }),
    { numRuns: 1000 },
  );
});

test("texts whose quotes are right are read as csv-parse reads them", () => {
  const lenient = fc.array(fc.constantFrom("a", '"b"', '"c,""d"', "", " ", ",", "\n", "\r\n", "ü"), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(lenient, (parts) => {
      const text = parts.join("");
      let expected: string[][];
      try {
        const options = {
          record_delimiter: ["\r\n", "\n"],
          relax_column_count: true,
          skip_empty_lines: true,
        };
        expected = parse(text, options) as string[][];
      } catch {
        expect(split([text]).some(({ reason }) => reason?.includes("quote"))).toBe(true);
        return;
      }
      const records = split([text]);
      expect(records.map(({ values }) => values)).toEqual(
        expected.filter((row) => row.some((value) => value.trim() !== "")),
      );
      expect(records.every(({ reason }) => reason === undefined)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test.each<[string, { line: number; values: string[]; reason?: string }[]]>([
  [
    'a,1\n"b,2\nc,3\n',
    [
      { line: 1, values: ["a", "1"] },
      { line: 2, values: ['"b,2'], reason: "a quoted value that is never closed" },
      { line: 3, values: ["c", "3"] },
    ],
  ],
  [
    'x"y,2\r\nc,3\r\n',
    [
      { line: 1, values: ['x"y,2'], reason: "a quote inside an unquoted value" },
      { line: 2, values: ["c", "3"] },
    ],
  ],
  [
    '"a\nb"c,1\n"d\n\ne",4\nf,5',
    [
      { line: 1, values: ['"a'], reason: "text after a closing quote" },
      { line: 2, values: ['b"c,1'], reason: "a quote inside an unquoted value" },
      { line: 3, values: ["d\n\ne", "4"] },
      { line: 6, values: ["f", "5"] },
    ],
  ],
  ['"', [{ line: 1, values: ['"'], reason: "a quoted value that is never closed" }]],
])("after wrong quotes in %j reading goes on with the next line", (text, expected) => {
  expect(split([text])).toEqual(expected);
  expect(split([...text])).toEqual(expected);
});

test("a quote that is never closed doesn't swallow more than so many characters", () => {
  const lines = Array.from({ length: 50 }, (_, i) => `row ${i},1\n`);
  const records = split(['"open,0\n', ...lines], ",", "\n", 100);
  expect(records[0]).toEqual({
    line: 1,
    values: ['"open,0'],
    reason: "a quoted value that is never closed",
  });
  expect(records.slice(1).map(({ values }) => values[0])).toEqual(lines.map((_, i) => `row ${i}`));
  expect(records.at(-1)?.line).toBe(51);
});
