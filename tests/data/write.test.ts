import fc from "fast-check";
import { expect, test } from "vitest";
import { readTable } from "../../src/data/read.js";
import type { Delimiter, Table } from "../../src/data/table.js";
import { writeCsv } from "../../src/data/write.js";
import { errorOf } from "./support.js";

test("predicted columns stand to the right of the input", () => {
  const table = readTable('id;text\n7;"a;b"\n8;=1+1\n', "t.csv");
  const extra = [
    { name: "predicted", values: ["spam", 'h"am'] },
    { name: "score", values: [0.5, 1] },
  ];
  expect(writeCsv(table, extra)).toBe('id;text;predicted;score\n7;"a;b";spam;0.5\n8;=1+1;"h""am";1\n');
});

test("a name that is taken gets a number", () => {
  const table = readTable("text,score,score_2\na,1,2\n", "t.csv");
  expect(writeCsv(table, [{ name: "score", values: [3] }])).toBe("text,score,score_2,score_3\na,1,2,3\n");
});

test("a column of another length is our bug", () => {
  const table = readTable("text\na\nb\n", "t.csv");
  expect(errorOf(() => writeCsv(table, [{ name: "score", values: [1] }]))).toMatch(
    /^internal: .*1 values for 2/,
  );
});

test("what is written is read as it was, in every delimiter", () => {
  const cell = fc.string({
    unit: fc.constantFrom("a", "é", "😀", '"', ",", ";", "\t", "\n", "\r", " ", "@"),
  });
  const delimiters = fc.constantFrom<Delimiter>(",", ";", "\t");
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1 }), delimiters, (rows, delimiter) => {
      const table: Table = { source: "t.csv", columns: ["text", "note"], rows, lines: [], delimiter };
      const values = rows.map((_, index) => index);
      const again = readTable(writeCsv(table, [{ name: "number", values }]), "t.csv");
      expect(again.columns).toEqual(["text", "note", "number"]);
      expect(again.rows).toEqual(rows.map((row, index) => [...row, String(index)]));
      expect(again.delimiter).toBe(delimiter);
    }),
  );
});
