import { INVALID } from "./encoding.js";

/** What ends a record: `\n` also ends it behind a `\r`; where lines end with `\r` alone, only that does. */
export type LineBreak = "\n" | "\r";

/** Values between delimiters, or what keeps a line from being that. */
export interface CsvRecord {
  values: string[];
  /** Line at which it starts, counted from 1. */
  line: number;
  reason?: string;
}

/** How values and records are told apart. */
export interface CsvDialect {
  delimiter: string;
  lineBreak: LineBreak;
  /** Whether values may stand in quotes; else quotes are characters like others. */
  quotes: boolean;
}

/** Splits text that comes in pieces; `last` says that there is no more. Records end with the piece that ends them. */
export type SplitRecords = (piece: string, last: boolean) => CsvRecord[];

/** A quoted value of more characters was never closed. */
const LONGEST_RECORD = 2 ** 26;

/**
 * Splits CSV as RFC 4180 defines it: a quoted value may hold delimiters, line breaks and doubled quotes. Records without
 * anything but white space are left out. Where quotes are wrong, the line that began the record is given with the reason,
 * and reading goes on with the next line, so that one wrong quote doesn't swallow the rest.
 * https://www.rfc-editor.org/rfc/rfc4180
 */
export function recordSplitter(dialect: CsvDialect, longest = LONGEST_RECORD): SplitRecords {
  const { delimiter, lineBreak } = dialect;
  let text = "";
  let line = 1;

  return (piece, last) => {
    text += piece;
    const hasInvalid = text.includes(INVALID);
    const next = { delimiter: finder(text, delimiter), lineBreak: finder(text, lineBreak) };
    const records: CsvRecord[] = [];
    let start = 0;
    while (start < text.length) {
      const { values, end, breaks } = readRecord(text, start, next, { ...dialect, last });
      const isLong = text.length - start > longest;
      const found = end ?? (isLong ? "never closed" : undefined);
      if (found === undefined) break;
      if (typeof found === "string") {
        if (next.lineBreak(start) > text.length && !last && !isLong) break; // the line isn't all there yet
        const stop = Math.min(next.lineBreak(start) + 1, text.length);
        const whole = withoutBreak(text.slice(start, stop), lineBreak);
        records.push({ values: [showInvalid(whole)], line, reason: reasons[found] });
        line++;
        start = stop;
        continue;
      }
      if (values.some((value) => value.trim() !== "")) {
        const bad = hasInvalid && values.some((value) => value.includes(INVALID));
        records.push(
          bad ? { values: values.map(showInvalid), line, reason: INVALID_BYTES } : { values, line },
        );
      }
      line += breaks;
      start = found;
    }
    text = text.slice(start);
    return records;
  };
}

type Wrong = "never closed" | "after quote" | "inside value";

const reasons: Record<Wrong, string> = {
  "never closed": "a quoted value that is never closed",
  "after quote": "text after a closing quote",
  "inside value": "a quote inside an unquoted value",
};

interface ReadRecord {
  values: string[];
  /** Where the next record starts; what is wrong; or undefined, where the record isn't all there yet. */
  end: number | Wrong | undefined;
  /** Line breaks in it, and behind it. */
  breaks: number;
}

/** Position of the next one from `from` on, or Infinity. */
type Find = (from: number) => number;

/** Remembers what it found: asked with rising positions, it goes through the text once. */
function finder(text: string, wanted: string): Find {
  let found = -1;
  return (from) => {
    if (found < from) {
      const at = text.indexOf(wanted, from);
      found = at === -1 ? Number.POSITIVE_INFINITY : at;
    }
    return found;
  };
}

function readRecord(
  text: string,
  start: number,
  next: { delimiter: Find; lineBreak: Find },
  { lineBreak, quotes, last }: CsvDialect & { last: boolean },
): ReadRecord {
  const values: string[] = [];
  let breaks = 0;
  const result = (end: ReadRecord["end"]): ReadRecord => ({ values, end, breaks });
  for (let at = start; ; at++) {
    if (quotes && text[at] === '"') {
      const close = closingQuote(text, at + 1);
      const isOpen = close === -1 || (close === text.length - 1 && !last);
      if (isOpen) return result(last ? "never closed" : undefined);
      const value = text.slice(at + 1, close);
      for (let i = value.indexOf(lineBreak); i !== -1; i = value.indexOf(lineBreak, i + 1)) breaks++;
      values.push(value.includes('"') ? value.replaceAll('""', '"') : value);
      at = close + 1;
      if (at === text.length) return result(at);
      if (next.delimiter(at) === at) continue;
      const isReturn = lineBreak === "\n" && text[at] === "\r";
      if (isReturn && at + 1 === text.length && !last) return result(undefined);
      const stop = isReturn ? at + 1 : at;
      if (text[stop] !== lineBreak) return result("after quote");
      breaks++;
      return result(stop + 1);
    }
    const [lineStop, valueStop] = [next.lineBreak(at), next.delimiter(at)];
    if (lineStop === Number.POSITIVE_INFINITY && !last) return result(undefined);
    const isLast = lineStop <= valueStop; // both are infinite behind the last delimiter of the last line
    const value = withoutBreak(text.slice(at, isLast ? lineStop + 1 : valueStop), lineBreak);
    if (quotes && value.includes('"')) return result("inside value");
    values.push(value);
    if (isLast) {
      if (lineStop < text.length) breaks++;
      return result(Math.min(lineStop + 1, text.length));
    }
    at = valueStop;
  }
}

/** Position of the quote that closes a value, or -1. */
function closingQuote(text: string, from: number): number {
  let at = text.indexOf('"', from);
  while (at !== -1 && text[at + 1] === '"') at = text.indexOf('"', at + 2);
  return at;
}

const withoutBreak = (line: string, lineBreak: LineBreak): string =>
  line.endsWith(lineBreak) ? line.slice(0, line.endsWith(`\r${lineBreak}`) ? -2 : -1) : line;

export const INVALID_BYTES = "bytes that are no text in the file's encoding";

/** As people see bytes that are no text. */
export const showInvalid = (text: string): string => text.replaceAll(INVALID, "\uFFFD");
