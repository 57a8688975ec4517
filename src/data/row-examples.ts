import type { Columns } from "./columns.js";
import type { Example } from "./example.js";
import { sortedLabels } from "./example.js";
import { parseLabels } from "./label-sets.js";
import type { Spellings } from "./labels.js";
import type { Row } from "./rows/row-source.js";
import { quoted } from "./table.js";

export interface RowReading {
  columns: Columns;
  /** Whether a text may have any number of labels. */
  multiLabel: boolean;
  /** See `RowSource`. */
  hasLists: boolean;
  spellings: Spellings;
}

/** The example that a row is, or what keeps it from being one, to be read behind "row 17 has". */
export function exampleOf(row: Row, reading: RowReading): Example | string {
  const { columns } = reading;
  const { text, pair, group, time } = columns;
  for (const column of [text, pair, group, time]) {
    if (column && isBlank(row.values[column.index]!)) return nothingIn(column.name);
  }
  const labels = columns.labels.length === 0 ? [] : labelsOf(row, reading);
  if (typeof labels === "string") return labels;
  const ms = time && timeOf(row.values[time.index]!);
  if (time && ms === undefined) return `no date, time or number in column ${quoted(time.name)}`;
  return {
    text: row.values[text.index]!,
    ...(pair && { pair: row.values[pair.index]! }),
    labels,
    row: row.row,
    ...(row.line !== undefined && { line: row.line }),
    ...(group && { group: row.values[group.index]!.trim() }),
    ...(ms !== undefined && { time: ms }),
  };
}

const isBlank = (value: string): boolean => value.trim() === "";

const nothingIn = (column: string): string => `nothing in column ${quoted(column)}`;

/** The labels of a row, each once and in order, or what is wrong with them. */
function labelsOf(
  { values }: Row,
  { columns, multiLabel, hasLists, spellings }: RowReading,
): string[] | string {
  const [column, ...more] = columns.labels;
  if (more.length > 0) {
    const set: string[] = [];
    for (const { name, index } of columns.labels) {
      const isSet = yesOrNo(values[index]!);
      if (isSet === undefined) return `something else than 0 or 1 in column ${quoted(name)}`;
      if (isSet) set.push(name);
    }
    if (multiLabel || set.length === 1) return sortedLabels(set);
    return set.length === 0
      ? "no label: all its label columns are 0"
      : "several labels, which needs --multi-label";
  }
  const value = values[column!.index]!;
  if (isBlank(value) && (!multiLabel || hasLists)) return nothingIn(column!.name);
  if (!multiLabel) return [spellings.of(value.trim())];
  const names = parseLabels(value);
  if (names === undefined) return `no JSON list of names in column ${quoted(column!.name)}`;
  return sortedLabels(new Set(names.map(spellings.of)));
}

function yesOrNo(value: string): boolean | undefined {
  switch (value.trim().toLowerCase()) {
    case "1":
    case "1.0":
    case "true":
    case "yes":
      return true;
    case "0":
    case "0.0":
    case "false":
    case "no":
    case "":
      return false;
    default:
      return undefined;
  }
}

/** Milliseconds since 1970 of a date, in UTC where it names no zone; a number as it is. */
export function timeOf(value: string): number | undefined {
  const trimmed = value.trim();
  const number = Number(trimmed);
  if (Number.isFinite(number)) return number;
  const isZoned = /(?:Z|[+-]\d\d:?\d\d|[A-Z]{3,})\s*\)?$/i.test(trimmed);
  const ms = Date.parse(isZoned ? trimmed : `${trimmed}Z`);
  const found = Number.isNaN(ms) ? Date.parse(trimmed) : ms;
  return Number.isNaN(found) ? undefined : found;
}
