import { TextgraftError } from "../../base/errors.js";
import type { Delimiter } from "../table.js";

/** One row of a source. */
export interface Row {
  /** One for each column of the source, exactly as it stands there; empty where there is none. */
  values: readonly string[];
  /** Data row of the source, counted from 1; blank rows don't count, bad ones do. */
  row: number;
  /** Line of the file at which the row starts, counted from 1; absent where there are no lines. */
  line?: number | undefined;
}

/** A row that can't be used, and why. */
export interface Rejected extends Row {
  /** What it has, to be read behind "row 17 has": `nothing in column "text"`. The same words for the same kind. */
  reason: string;
}

/** Consecutive rows, and those between them that are bad. */
export interface RowChunk {
  rows: readonly Row[];
  rejected: readonly Rejected[];
}

/** Rows of a file or stream, which are read as they are asked for: nothing holds them all. */
export interface RowSource {
  /** File name or description, as messages tell it. */
  readonly source: string;
  /** Names of a row's values. */
  readonly columns: readonly string[];
  /** Rows further down may have values under other names; columns that the user named are among `columns`, come what may. */
  readonly open?: boolean;
  /** They are numbers, since no header line names them. */
  readonly numbered?: boolean;
  /** How it is read, for one line to the user: `CSV with semicolons, windows-1252`. */
  readonly format: string;
  /** Values of some of the first rows, from which columns may be told; none where that would take long. */
  readonly sample: readonly (readonly string[])[];
  /** For CSV that is written from these rows. */
  readonly delimiter: Delimiter;
  /** Lists are JSON there, so that an empty value is a missing one and not an empty list. */
  readonly hasLists: boolean;
  /**
   * The rows in their order, some at a time; to be called once. With `needed`, positions of columns, other columns may
   * be left empty, which spares work with Parquet.
   * @throws TextgraftError data-invalid where there is no row at all, and for what can't be read on.
   */
  chunks(needed?: readonly number[]): AsyncIterable<RowChunk>;
}

/** What a format's reader finds: a row that isn't numbered yet, with a reason if it is bad. */
export interface FoundRow {
  values: readonly string[];
  line?: number | undefined;
  reason?: string;
}

/** A source from a reader's findings: numbers the rows, and refuses a source without any. */
export function rowSource(
  facts: Omit<RowSource, "chunks">,
  read: (needed: readonly number[] | undefined) => AsyncIterable<readonly FoundRow[]>,
  ifEmpty: string,
): RowSource {
  async function* chunks(needed?: readonly number[]): AsyncGenerator<RowChunk> {
    let number = 0;
    for await (const found of read(needed)) {
      const chunk: { rows: Row[]; rejected: Rejected[] } = { rows: [], rejected: [] };
      for (const { values, line, reason } of found) {
        const row = ++number;
        if (reason === undefined) chunk.rows.push({ values, row, line });
        else chunk.rejected.push({ values, row, line, reason });
      }
      if (found.length > 0) yield chunk;
    }
    if (number > 0) return;
    throw new TextgraftError("data-invalid", {
      message: `${facts.source} has no rows of data.`,
      fix: ifEmpty,
    });
  }
  return { ...facts, chunks };
}
