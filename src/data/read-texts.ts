import { type BadRows, badRows, tooMany, tooManyBad } from "./bad-rows.js";
import { type ColumnNames, type Columns, chooseColumns } from "./columns.js";
import { spellings } from "./labels.js";
import type { ExampleOptions } from "./read-examples.js";
import { exampleOf } from "./row-examples.js";
import type { Row, RowSource } from "./rows/row-source.js";

/** A row with the text, or pair of texts, that is to be predicted. */
export interface TextRow extends Row {
  text: string;
  pair?: string;
}

type TextOptions = Pick<ExampleOptions, "onBadRow" | "pairs" | "usual" | "listBad">;

/** Rows that are only to be predicted. */
export interface TextRows {
  columns: Columns;
  /** Those that were left out so far. */
  bad: BadRows;
  /**
   * In their order, some at a time; to be called once.
   * @throws TextgraftError data-invalid behind the last row where too many were bad.
   */
  chunks(): AsyncIterable<TextRow[]>;
  /** Instead: reads all rows for nothing but that error, before anything is made of them. */
  check(): Promise<void>;
}

/**
 * The texts of a source, its columns as named or else guessed. Labels that it may have aren't looked at.
 * @throws TextgraftError column-missing.
 */
export function readTexts(
  source: RowSource,
  names: ColumnNames,
  { onBadRow = "auto", pairs, usual, listBad }: TextOptions = {},
): TextRows {
  const columns = chooseColumns(source, names, { labelled: false, pairs, usual });
  const reading = { columns, multiLabel: false, hasLists: source.hasLists, spellings: spellings() };
  const bad = badRows(source.source);
  async function* chunks(needed?: readonly number[]): AsyncGenerator<TextRow[]> {
    let count = 0;
    for await (const { rows, rejected } of source.chunks(needed)) {
      count += rows.length + rejected.length;
      for (const row of rejected) bad.add(row);
      yield rows.flatMap((row) => {
        const example = exampleOf(row, reading);
        if (typeof example === "string") {
          bad.add({ ...row, reason: example });
          return [];
        }
        const { text, pair } = example;
        return [{ ...row, text, ...(pair !== undefined && { pair }) }];
      });
    }
    if (tooMany(bad, count, onBadRow)) throw tooManyBad(bad, count, { listedIn: await listBad?.(bad) });
  }
  const check = async () => {
    const needed = [columns.text, columns.pair].flatMap((column) => column?.index ?? []);
    for await (const _rows of chunks(needed));
  };
  return { columns, bad, chunks, check };
}
