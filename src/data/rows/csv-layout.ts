import { type Delimiter, delimiters } from "../table.js";
import { type CsvDialect, type CsvRecord, recordSplitter } from "./csv-records.js";

/** How a CSV file is laid out. */
export interface CsvLayout extends CsvDialect {
  delimiter: Delimiter;
  /** Whether its first record names the columns. */
  header: boolean;
  /** The first rows, without a header. */
  sample: string[][];
}

/** What the user says about it; what is absent is told from the beginning of the file. */
export interface GivenLayout {
  delimiter?: Delimiter | undefined;
  header?: boolean | undefined;
  /** Whether a name is one of a column, so that a first record with it is a header. */
  isColumnName: (name: string) => boolean;
}

/** Rows of the sample. */
const SAMPLE = 100;

/**
 * The layout that the beginning of a file shows. The delimiter is the one that makes most records as wide as the first,
 * or of those the one that makes it widest. Between tabs quotes are characters like others where as quotes
 * they would be wrong, and without them all records are equally wide. The first record is a header
 * unless it looks like data: none of its values is a column's usual name, and one of them is a number, or comes again in
 * its column.
 */
export function csvLayout(head: string, given: GivenLayout): CsvLayout {
  const lineBreak = head.includes("\n") || !head.includes("\r") ? "\n" : "\r";
  const tried = given.delimiter === undefined ? delimiters : [given.delimiter];
  const sample = head.slice(0, SAMPLE_LENGTH);
  const { delimiter } = tried
    .map((delimiter) => ({
      delimiter,
      fit: fitOf(wholeRecords(sample, { delimiter, lineBreak, quotes: true })),
    }))
    .reduce((a, b) => (b.fit > a.fit ? b : a));
  const quotes = hasQuotes(head, { delimiter, lineBreak });
  const rows = wholeRecords(sample, { delimiter, lineBreak, quotes })
    .filter(({ reason }) => reason === undefined)
    .slice(0, SAMPLE)
    .map(({ values }) => values);
  const header = given.header ?? looksLikeHeader(rows, given.isColumnName);
  return { delimiter, lineBreak, quotes, header, sample: rows.slice(header ? 1 : 0) };
}

/** Characters by which the delimiter is chosen. */
const SAMPLE_LENGTH = 2 ** 16;

/** All records but one that is cut off, unless there is only that. */
function wholeRecords(text: string, dialect: CsvDialect): CsvRecord[] {
  const split = recordSplitter(dialect);
  const whole = split(text, false);
  return whole.length > 1 ? whole : [...whole, ...split("", true)];
}

/** How well a delimiter fits: 0 where it stands nowhere, else from the share of records as wide as the first. */
function fitOf(records: readonly CsvRecord[]): number {
  const width = records[0]?.values.length ?? 1;
  if (width === 1) return 0;
  const share = records.filter(({ values }) => values.length === width).length / records.length;
  return share >= 0.9 ? 1 + width / 1000 : share;
}

/** Whether quotes mean anything; see `csvLayout`. */
function hasQuotes(head: string, dialect: Omit<CsvDialect, "quotes">): boolean {
  if (dialect.delimiter !== "\t") return true;
  const quoted = wholeRecords(head, { ...dialect, quotes: true });
  if (quoted.every(({ reason }) => reason === undefined)) return true;
  const plain = wholeRecords(head, { ...dialect, quotes: false });
  const width = plain[0]?.values.length ?? 1;
  return width === 1 || plain.some(({ values }) => values.length !== width);
}

function looksLikeHeader(records: readonly string[][], isColumnName: (name: string) => boolean): boolean {
  const [first = [], ...others] = records;
  if (first.some((name) => isColumnName(name.trim()))) return true;
  return !first.some((value, column) => {
    const isNumber = value.trim() !== "" && Number.isFinite(Number(value));
    return isNumber || others.some((record) => record[column] === value && value.trim() !== "");
  });
}
