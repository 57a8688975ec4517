import fc from "fast-check";
import { expect, test } from "vitest";
import type { Delimiter, Table } from "../../src/data/table.js";
import { csvWriter } from "../../src/data/write.js";
import { allRows, rowsFrom } from "../support/rows.js";

/** The table with more columns, in lists of two rows. */
function writeCsv(table: Table, extra: { name: string; values: (string | number)[] }[]): string {
  const { header, lines } = csvWriter(
    table,
    extra.map(({ name }) => name),
  );
  const rows = table.rows.map((row, i) => [...row, ...extra.map(({ values }) => values[i]!)]);
  let text = header;
  for (let first = 0; first < rows.length; first += 2) text += lines(rows.slice(first, first + 2));
  return text;
}

/** A file as it would be written again. */
async function tableOf(file: string): Promise<Table> {
  const source = await rowsFrom(file, "t.csv", { header: "yes" });
  const { rows } = await allRows(source);
  return {
    source: source.source,
    columns: [...source.columns],
    rows: rows.map(({ values }) => [...values]),
    delimiter: source.delimiter,
  };
}

test("predicted columns stand to the right of the input", async () => {
  const table = await tableOf('id;text\n7;"a;b"\n8;=1+1\n');
  const extra = [
    { name: "predicted", values: ["spam", 'h"am'] },
    { name: "score", values: [0.5, 1] },
  ];
  expect(writeCsv(table, extra)).toBe('id;text;predicted;score\n7;"a;b";spam;0.5\n8;=1+1;"h""am";1\n');
});

test("a name that is taken gets a number", async () => {
  const table = await tableOf("text,score,score_2\na,1,2\n");
  expect(writeCsv(table, [{ name: "score", values: [3] }])).toBe("text,score,score_2,score_3\na,1,2,3\n");
});

test("what is written is read as it was, in every delimiter", async () => {
  const cell = fc.string({
    unit: fc.constantFrom("a", "é", "😀", '"', ",", ";", "\t", "\n", "\r", " ", "@"),
  });
  const delimiters = fc.constantFrom<Delimiter>(",", ";", "\t");
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(cell, cell), { minLength: 1 }),
      delimiters,
      async (rows, delimiter) => {
        const table: Table = { source: "t.csv", columns: ["text", "note"], rows, delimiter };
        const values = rows.map((_, index) => index);
        const again = await tableOf(writeCsv(table, [{ name: "number", values }]));
        expect(again.columns).toEqual(["text", "note", "number"]);
        expect(again.rows).toEqual(rows.map((row, index) => [...row, String(index)]));
        expect(again.delimiter).toBe(delimiter);
      },
    ),
  );
});
