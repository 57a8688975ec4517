import { TextgraftError } from "../base/errors.js";
import { mapped } from "../base/iterables.js";
import type { OpenSpill } from "./byte-store.js";
import type { Column, ColumnNames, Columns } from "./columns.js";
import { chooseColumns } from "./columns.js";
import { type Examples, examplesBuilder } from "./examples.js";
import { looksLikeSets, parseLabels, setsHint } from "./label-sets.js";
import { place, quoted, rowList, type Table } from "./table.js";

/** One text with its labels. */
export interface Example {
  text: string;
  /** Exactly one, or in multi-label data any number, each once; trimmed, never empty. */
  labels: readonly string[];
  /** Data row of the source, counted from 1. */
  row: number;
  /** Line of the file at which the row starts; absent where the source is no file. */
  line?: number;
  /** The second of a pair of texts. */
  pair?: string;
  /** What it belongs to, such as a customer: rows of one group stay together in a split. */
  group?: string;
  /** When it was written, in milliseconds since 1970. */
  time?: number;
}

/** Labelled examples of one source. */
export interface Dataset {
  /** File name or description, as messages tell it. */
  source: string;
  examples: Examples;
  /** Every label once, in the order of labelIds: numeric if all are integers, else by code points. */
  labels: string[];
  /** Where texts and labels were found; absent where the source is no file. */
  columns?: Required<Columns>;
}

/**
 * A dataset of rows made elsewhere, one after the other; `labels` is what occurs in them. Large texts leave memory where
 * there is an `openSpill`.
 */
export function datasetOf(source: string, rows: Iterable<Example>, openSpill?: OpenSpill): Dataset {
  const builder = examplesBuilder(openSpill);
  for (const example of rows) builder.add(example);
  return { source, examples: builder.examples, labels: sortedLabels(builder.labels) };
}

/**
 * The examples of a table, its columns as named or else guessed. With `multiLabel` the label column has sets of labels
 * as `parseLabels` reads them, and an empty cell means none (but in JSON lines, where an empty list does, a missing value).
 * @throws TextgraftError column-missing; data-invalid telling all rows without a text or a label, or with a bad list.
 */
export function readDataset(
  table: Table,
  names: ColumnNames = {},
  { multiLabel = false, openSpill }: { multiLabel?: boolean | undefined; openSpill?: OpenSpill } = {},
): Dataset {
  const columns = chooseColumns(table, names);
  const cells = table.rows.map((values) => values[columns.label.index]!.trim());
  const emptyIsNone = multiLabel && !table.hasLists;
  const hint = !multiLabel && looksLikeSets(cells) ? setsHint : undefined;
  requireValues(table, emptyIsNone ? [columns.text] : [columns.text, columns.label], hint);
  const labelsOf = multiLabel ? labelSets(table, columns.label) : cells.map((cell) => [cell]);
  let index = 0;
  const examples = mapped(table.rows, (values): Example => {
    const [labels, line] = [labelsOf[index]!, table.lines[index]!];
    return { text: values[columns.text.index]!, labels, row: ++index, line };
  });
  return { ...datasetOf(table.source, examples, openSpill), columns };
}

/** The texts of a table, one for each row, for prediction. Empty ones are refused as in `readDataset`. */
export function textsOf(table: Table, column: Column): string[] {
  requireValues(table, [column]);
  return table.rows.map((values) => values[column.index]!);
}

/** Each label once: in numeric order if all are integers, else in the order of code points. */
export function sortedLabels(labels: Iterable<string>): string[] {
  const distinct = [...new Set(labels)].sort(byCodePoint);
  if (!distinct.every((label) => /^-?\d+$/.test(label))) return distinct;
  return distinct.sort((a, b) => Number(a) - Number(b)); // stable: "01" stays before "1"
}

/** The default order of strings compares UTF-16 units, which puts 😀 before ﬁ. */
function byCodePoint(a: string, b: string): number {
  const [left, right] = [a[Symbol.iterator](), b[Symbol.iterator]()];
  for (;;) {
    const x = left.next().value?.codePointAt(0) ?? -1;
    const y = right.next().value?.codePointAt(0) ?? -1;
    if (x !== y || x === -1) return x - y;
  }
}

/** The labels of each row. */
function labelSets(table: Table, { name, index }: Column): string[][] {
  const sets = table.rows.map((values) => parseLabels(values[index]!));
  const bad = sets.flatMap((labels, row) => (labels === undefined ? [row + 1] : []));
  const [first] = bad;
  if (first !== undefined) {
    throw new TextgraftError("data-invalid", {
      message:
        `${table.source}, ${place(first, table.lines[first - 1])}: column ${quoted(name)} has ` +
        `${quoted(table.rows[first - 1]![index]!)}, which is no JSON list of names` +
        `${bad.length === 1 ? "" : `; in all ${rowList(bad)}`}.`,
      fix: 'Write several labels as a|b, or as a JSON list with double quotes: ["a", "b"].',
    });
  }
  return sets.map((labels) => sortedLabels(labels!));
}

function requireValues(table: Table, columns: readonly Column[], hint?: string): void {
  const problems = columns.flatMap(({ name, index }) => {
    const empty = table.rows.flatMap((values, row) => (values[index]!.trim() === "" ? [row + 1] : []));
    if (empty.length === 0) return [];
    if (empty.length === 1)
      return [`${place(empty[0]!, table.lines[empty[0]! - 1])} has nothing in column ${quoted(name)}`];
    return [`${empty.length} rows have nothing in column ${quoted(name)}: ${rowList(empty)}`];
  });
  if (problems.length === 0) return;
  throw new TextgraftError("data-invalid", {
    message: `${table.source}: ${problems.join("; ")}.`,
    fix:
      hint ??
      `Fill in or remove these rows${table.hasLists ? "." : " (row 1 is the first below the header)."}`,
  });
}
