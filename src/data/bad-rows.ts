import { TextgraftError } from "../base/errors.js";
import { setsHint } from "./label-sets.js";
import { INVALID_BYTES } from "./rows/csv-records.js";
import type { Rejected } from "./rows/row-source.js";
import { place, rowList } from "./table.js";

/** What happens to rows that can't be used: `auto` leaves them out as long as they are few. */
export type OnBadRow = "auto" | "stop" | "skip";
export const onBadRow: readonly OnBadRow[] = ["auto", "stop", "skip"];

/** More than this share of the rows is no accident. */
const FEW = 0.01;

/** So many are listed; all are counted. */
const MOST_LISTED = 10_000;

/** Rows of one source that can't be used. */
export interface BadRows {
  readonly source: string;
  /** As they were found; of very many only the first. */
  readonly listed: readonly Rejected[];
  /** All, by what is wrong with them, and the first of them. */
  readonly byReason: ReadonlyMap<string, { count: number; first: readonly Rejected[] }>;
  readonly count: number;
  add(rejected: Rejected): void;
}

export function badRows(source: string): BadRows {
  const listed: Rejected[] = [];
  const byReason = new Map<string, { count: number; first: Rejected[] }>();
  let count = 0;
  return {
    source,
    listed,
    byReason,
    get count() {
      return count;
    },
    add(rejected) {
      count++;
      if (listed.length < MOST_LISTED) listed.push(rejected);
      const found = byReason.get(rejected.reason) ?? { count: 0, first: [] };
      byReason.set(rejected.reason, found);
      found.count++;
      if (found.first.length < 5) found.first.push(rejected);
    },
  };
}

/** Whether the bad rows among `rows` are more than the user wants to go without. */
export function tooMany({ count }: BadRows, rows: number, policy: OnBadRow): boolean {
  if (count === 0 || policy === "skip") return count > 0 && count === rows;
  return policy === "stop" || count > FEW * rows;
}

/** What is wrong with them, such as `row 4 (line 5) has nothing in column "text"`. */
export function badRowsText({ byReason }: BadRows): string {
  const kinds = [...byReason].sort(([, a], [, b]) => a.first[0]!.row - b.first[0]!.row);
  const told = kinds.slice(0, 6).map(([reason, { count, first }]) => {
    if (count === 1) return `${place(first[0]!.row, first[0]!.line)} has ${reason}`;
    const rows = rowList(first.map(({ row }) => row));
    return `${count} rows have ${reason}: ${rows}${count > first.length ? ` and ${count - first.length} more` : ""}`;
  });
  return told.join("; ") + (kinds.length > told.length ? "; and more" : "");
}

/**
 * The refusal of a source with too many of them; `hint` is what may be wrong with the whole of it, `listedIn` a file that
 * has them all.
 */
export function tooManyBad(
  bad: BadRows,
  rows: number,
  { hint, listedIn }: { hint?: string | undefined; listedIn?: string | undefined } = {},
): TextgraftError {
  const { source, count } = bad;
  return new TextgraftError("data-invalid", {
    message: `${source}: ${count} of ${rows} rows ${count === 1 ? "is" : "are"} bad: ${badRowsText(bad)}.`,
    fix: [
      hint ?? adviceFor(bad, count === rows),
      ...(listedIn === undefined ? [] : [`They are listed in ${listedIn}.`]),
    ].join(" "),
  });
}

function adviceFor({ byReason }: BadRows, all: boolean): string {
  const has = (start: string) => [...byReason.keys()].some((reason) => reason.includes(start));
  if (has(INVALID_BYTES))
    return "Name the file's encoding, such as --encoding windows-1252, or save it as UTF-8.";
  if (has("needs --multi-label")) return setsHint;
  const ways: string[] = [];
  if (has("values, not") || has("value, not")) {
    ways.push('put quotes around texts that hold the delimiter or a line break: "well, yes"');
  } else if (has("quote")) {
    ways.push('put quotes around the whole value and double the quotes in it: "he said ""yes"" twice"');
  }
  if (has("JSON list of names"))
    ways.push('write several labels as a|b, or as a JSON list with double quotes: ["a", "b"]');
  if (has("no JSON") || has("a JSON object"))
    ways.push('write one object on each line, such as {"text": "…", "label": "…"}');
  if (ways.length === 0) ways.push("fill in or remove these rows");
  const advice = ways.join("; ");
  const skip = all ? "." : ", or go without them: --on-bad-row skip.";
  return `${advice.charAt(0).toUpperCase()}${advice.slice(1)}${skip}`;
}
