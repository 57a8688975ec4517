import { type BadRows, badRows, type OnBadRow, tooMany, tooManyBad } from "./bad-rows.js";
import type { OpenSpill } from "./byte-store.js";
import { type ColumnNames, chooseColumns } from "./columns.js";
import { type Dataset, sortedLabels } from "./example.js";
import { examplesBuilder } from "./examples.js";
import { looksLikeSets, setsHint } from "./label-sets.js";
import { spellings } from "./labels.js";
import { exampleOf } from "./row-examples.js";
import type { RowSource } from "./rows/row-source.js";

/** How rows become examples. */
export interface ExampleOptions {
  /** Whether a text may have any number of labels; see `exampleOf`. */
  multiLabel?: boolean | undefined;
  /** Default: auto. */
  onBadRow?: OnBadRow | undefined;
  /** Whether there have to be second texts, although the user named no column of them. */
  pairs?: boolean | undefined;
  /** Names of columns that are tried first, as the data had them that a model was trained on. */
  usual?: ColumnNames | undefined;
  /** Labels that a model or other data has: the same label in another spelling becomes that. */
  known?: readonly string[] | undefined;
  /** Where too many bad rows are listed before they stop the reading; gives the file's name. */
  listBad?: ((bad: BadRows) => Promise<string>) | undefined;
  /** Where large texts go; default: memory. */
  openSpill?: OpenSpill | undefined;
}

/** How a source was read. */
export interface Reading {
  /** Such as `CSV with semicolons, windows-1252`. */
  format: string;
  /** All, with the bad ones. */
  rows: number;
  bad: BadRows;
  /** Labels whose spelling was changed: found → used. */
  spellings: ReadonlyMap<string, string>;
}

/**
 * The examples of a source, its columns as named or else guessed. Rows that can't be used are left out and counted; an
 * empty cell of labels is one of those, but with `multiLabel` means none where lists aren't JSON.
 * @throws TextgraftError column-missing; data-invalid where there are too many bad rows for `onBadRow`.
 */
export async function readExamples(
  source: RowSource,
  names: ColumnNames = {},
  options: ExampleOptions = {},
): Promise<Dataset & Required<Pick<Dataset, "columns" | "reading">>> {
  const { multiLabel = false, onBadRow = "auto", pairs, usual, known, listBad, openSpill } = options;
  const columns = chooseColumns(source, names, { labelled: true, pairs, usual });
  const spelled = spellings(known);
  const reading = { columns, multiLabel, hasLists: source.hasLists, spellings: spelled };
  const bad = badRows(source.source);
  const examples = examplesBuilder(openSpill);
  const needed = [columns.text, columns.pair, ...columns.labels, columns.group, columns.time];
  let rows = 0;
  for await (const chunk of source.chunks(needed.flatMap((column) => column?.index ?? []))) {
    rows += chunk.rows.length + chunk.rejected.length;
    for (const rejected of chunk.rejected) bad.add(rejected);
    for (const row of chunk.rows) {
      const example = exampleOf(row, reading);
      if (typeof example === "string") bad.add({ ...row, reason: example });
      else examples.add(example);
    }
  }
  const labels = sortedLabels(examples.labels);
  if (tooMany(bad, rows, onBadRow)) {
    const hint = !multiLabel && looksLikeSets(labels) ? setsHint : undefined;
    throw tooManyBad(bad, rows, { hint, listedIn: await listBad?.(bad) });
  }
  return {
    source: source.source,
    examples: examples.examples,
    labels,
    columns,
    reading: { format: source.format, rows, bad, spellings: spelled.changed },
  };
}
