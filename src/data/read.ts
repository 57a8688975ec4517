import { CsvError, parse } from "csv-parse/sync";
import { TextgraftError } from "../base/errors.js";
import { readJsonLines } from "./read-jsonl.js";
import { type Delimiter, place, quoted, rowList, type Table } from "./table.js";
import { decodeText } from "./text-encoding.js";

/**
 * Reads a file of rows by the ending of its name: `.txt` one text a line, `.jsonl` and `.ndjson` one object a line
 * (see `readJsonLines`), `.tsv` with tabs, all others as CSV
 * whose delimiter (comma, semicolon or tab) is the commonest in the header line. Quoting follows RFC 4180: a
 * quoted value may hold delimiters, line breaks and doubled quotes. Blank rows are skipped.
 *
 * @throws TextgraftError data-invalid: bad quotes, rows wider or narrower than the header, no rows, not UTF-8.
 */
export function readTable(content: Uint8Array | string, source: string): Table {
  const ending = /\.[a-z0-9]+$/i.exec(source)?.[0].toLowerCase();
  if (ending === ".txt") return readLines(content, source);
  if (ending === ".jsonl" || ending === ".ndjson") {
    return requireRows(readJsonLines(textOf(content, source), source), "Write one object on each line.");
  }
  if (ending !== undefined && foreign.has(ending)) {
    throw new TextgraftError("data-invalid", {
      message: `${source} ends in ${ending}; expected a table as .csv, .tsv or .jsonl, or texts as .txt.`,
      fix: "Export it as CSV in UTF-8, with a header line such as text,label.",
    });
  }
  const text = textOf(content, source);
  return readDelimited(text, source, ending === ".tsv" ? "\t" : guessDelimiter(text));
}

/** Reads one text a line, as from standard input, into a table with the one column `text`; skips blank lines. */
export function readLines(content: Uint8Array | string, source: string): Table {
  const table: Table = { source, columns: ["text"], rows: [], lines: [], delimiter: "," };
  for (const [index, line] of textOf(content, source)
    .split(/\r\n|\n|\r/)
    .entries()) {
    if (line.trim() === "") continue;
    table.rows.push([line]);
    table.lines.push(index + 1);
  }
  return requireRows(table, "Put one text on each line.");
}

/** Files that people have their tables in and that would fail as CSV with a strange message. */
const foreign = new Set([".json", ".parquet", ".arrow", ".xls", ".xlsx", ".ods", ".gz", ".zip"]);

const textOf = (content: Uint8Array | string, source: string): string =>
  typeof content === "string" ? content.replace(/^\uFEFF/, "") : decodeText(content, source);

function readDelimited(text: string, source: string, delimiter: Delimiter): Table {
  const bytes = new TextEncoder().encode(text);
  const lineAt = lineCounter(bytes);
  const records: string[][] = [];
  const lines: number[] = [];
  let end = 0; // of the last record, in bytes
  try {
    parse(bytes, {
      delimiter,
      record_delimiter: text.includes("\n") ? ["\r\n", "\n"] : "\r",
      relax_column_count: true, // checked below, all rows at once
      skip_empty_lines: true,
      on_record: (record, context) => {
        if (record.some((value) => value.trim() !== "")) {
          records.push(record);
          lines.push(lineAt(end));
        }
        end = context.bytes;
        return null;
      },
    });
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    const where = records.length === 0 ? "header" : place(records.length, lineAt(end));
    throw badQuotes(cause, source, where);
  }
  const columns = records.shift() ?? [];
  lines.shift();
  const table: Table = { source, columns, rows: records, lines, delimiter };
  requireWidth(table);
  return requireRows(table, "Write a header line such as text,label and below it one row for each text.");
}

/** The commonest of the three in the header line outside of quotes; the comma where there is none. */
function guessDelimiter(text: string): Delimiter {
  const header = text
    .slice(0, 100_000)
    .replace(/"[^"]*"/g, "")
    .replace(/^[\r\n]+/, "")
    .split(/[\r\n]/, 1)[0]!;
  let best: Delimiter = ",";
  for (const candidate of [";", "\t"] as const) {
    if (header.split(candidate).length > header.split(best).length) best = candidate;
  }
  return best;
}

/**
 * Byte offset after a record → line of the next non-blank one, for offsets that only grow. The parser's own
 * count takes a CRLF inside quotes for two lines.
 */
function lineCounter(bytes: Uint8Array): (offset: number) => number {
  const [lineFeed, carriageReturn] = [10, 13];
  const isBreak = (at: number) =>
    bytes[at] === lineFeed || (bytes[at] === carriageReturn && bytes[at + 1] !== lineFeed);
  let line = 1;
  let position = 0;
  return (offset) => {
    for (; position < offset; position++) if (isBreak(position)) line++;
    for (; bytes[position] === lineFeed || bytes[position] === carriageReturn; position++) {
      if (isBreak(position)) line++;
    }
    return line;
  };
}

function badQuotes(cause: CsvError, source: string, where: string): TextgraftError {
  const found: Partial<Record<string, string>> = {
    CSV_QUOTE_NOT_CLOSED: "a quoted value that is never closed",
    CSV_INVALID_CLOSING_QUOTE: "text after a closing quote",
    INVALID_OPENING_QUOTE: "a quote inside an unquoted value",
  };
  const column = typeof cause.column === "number" ? `, column ${cause.column + 1}` : "";
  return new TextgraftError("data-invalid", {
    message: `${source}, ${where}${column}: ${found[cause.code] ?? cause.message}.`,
    fix: 'Put quotes around the whole value and double the quotes in it: "he said ""yes"" twice".',
    cause,
  });
}

function requireRows(table: Table, fix: string): Table {
  if (table.rows.length > 0) return table;
  throw new TextgraftError("data-invalid", { message: `${table.source} has no rows of data.`, fix });
}

function requireWidth({ source, columns, rows, lines }: Table): void {
  const ragged = rows.flatMap((row, index) => (row.length === columns.length ? [] : [index + 1]));
  const first = ragged[0];
  if (first === undefined) return;
  const values = rows[first - 1]!;
  const others = ragged.length === 1 ? "" : ` In all ${ragged.length} rows: ${rowList(ragged)}.`;
  throw new TextgraftError("data-invalid", {
    message:
      `${source}, ${place(first, lines[first - 1])} has ${values.length} values ` +
      `(${values.slice(0, 3).map(quoted).join(", ")}${values.length > 3 ? ", …" : ""}), ` +
      `expected ${columns.length} as in the header (${columns.slice(0, 5).map(quoted).join(", ")}).${others}`,
    fix: 'Put quotes around texts that hold the delimiter or a line break: "well, yes".',
  });
}
