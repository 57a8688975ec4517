import { stringify } from "csv-stringify/sync";
import { TextgraftError } from "../base/errors.js";
import type { Table } from "./table.js";

/** A column to append; `values` has one entry for each row. */
export interface ExtraColumn {
  name: string;
  values: readonly (string | number)[];
}

/**
 * The table as text with more columns on its right, in the table's own delimiter, lines ended by `\n`. The
 * original values stay as they are (also those that a spreadsheet takes for a formula). A new column whose name
 * is taken gets a number behind it: `predicted_2`.
 */
export function writeCsv(table: Table, extra: readonly ExtraColumn[] = []): string {
  for (const { name, values } of extra) {
    if (values.length === table.rows.length) continue;
    throw new TextgraftError("internal", {
      message: `Column "${name}" has ${values.length} values for ${table.rows.length} rows.`,
    });
  }
  const columns = [...table.columns];
  for (const { name } of extra) columns.push(freeName(name, columns));
  const rows = table.rows.map((row, index) => [...row, ...extra.map(({ values }) => String(values[index]))]);
  // quote_record_delimiter: a value with a carriage return needs quotes too
  return stringify([columns, ...rows], { delimiter: table.delimiter, quote_record_delimiter: true });
}

function freeName(name: string, taken: readonly string[]): string {
  let free = name;
  for (let number = 2; taken.includes(free); number++) free = `${name}_${number}`;
  return free;
}
