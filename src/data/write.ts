import { stringify } from "csv-stringify/sync";
import type { Delimiter } from "./table.js";

/** Writes rows as CSV, some at a time. */
export interface CsvWriter {
  /** The line with the names. */
  readonly header: string;
  /** Rows as lines. */
  lines(rows: readonly (readonly (string | number)[])[]): string;
}

/**
 * A table as text with more columns on its right, in the table's own delimiter, lines ended by `\n`. The original values
 * stay as they are (also those that a spreadsheet takes for a formula). A new column whose name is taken gets a number
 * behind it: `predicted_2`.
 */
export function csvWriter(
  { columns, delimiter }: { columns: readonly string[]; delimiter: Delimiter },
  added: readonly string[] = [],
): CsvWriter {
  const names = [...columns];
  for (const name of added) names.push(freeName(name, names));
  const lines = (rows: readonly (readonly (string | number)[])[]): string =>
    // quote_record_delimiter: a value with a carriage return needs quotes too
    stringify(
      rows.map((row) => row.map(String)),
      { delimiter, quote_record_delimiter: true },
    );
  return { header: lines([names]), lines };
}

function freeName(name: string, taken: readonly string[]): string {
  let free = name;
  for (let number = 2; taken.includes(free); number++) free = `${name}_${number}`;
  return free;
}
