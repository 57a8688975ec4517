/** Rows with names for their values, as they are written. */
export interface Table {
  /** The file's name as messages tell it. */
  source: string;
  columns: string[];
  /** Each as wide as `columns`. */
  rows: string[][];
  delimiter: Delimiter;
}

export const delimiters = [",", ";", "\t", "|"] as const;
export type Delimiter = (typeof delimiters)[number];

/** Where a row stands, such as `row 17 (line 19)`. */
export function place(row: number, line: number | undefined): string {
  return line === undefined ? `row ${row}` : `row ${row} (line ${line})`;
}

/** The first few of many rows, such as `rows 3, 7, 9, 12, 20 and 14 more`. */
export function rowList(rows: readonly number[]): string {
  if (rows.length === 1) return `row ${rows[0]}`;
  const shown = rows.slice(0, 5).join(", ");
  return rows.length <= 5 ? `rows ${shown}` : `rows ${shown} and ${rows.length - 5} more`;
}

/** A value in quotes for a message, cut to 40 characters. */
export function quoted(value: string): string {
  const characters = [...value.slice(0, 200)];
  return JSON.stringify(characters.length <= 40 ? value : `${characters.slice(0, 39).join("")}…`);
}
