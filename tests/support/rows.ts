import { peek } from "../../src/data/rows/bytes.js";
import { HEAD, openText, type ReadOptions } from "../../src/data/rows/open-text.js";
import type { Rejected, Row, RowSource } from "../../src/data/rows/row-source.js";

/** All rows of a source, good and bad. */
export async function allRows(
  source: RowSource,
  needed?: readonly number[],
): Promise<{ rows: Row[]; rejected: Rejected[] }> {
  const all: { rows: Row[]; rejected: Rejected[] } = { rows: [], rejected: [] };
  for await (const { rows, rejected } of source.chunks(needed)) {
    all.rows.push(...rows);
    all.rejected.push(...rejected);
  }
  return all;
}

/** The values of all good rows. */
export const valuesOf = async (source: RowSource): Promise<(readonly string[])[]> =>
  (await allRows(source)).rows.map(({ values }) => values);

/** A stream of bytes that is cut at the given positions. */
export async function* cutAt(bytes: Uint8Array, positions: readonly number[]): AsyncGenerator<Uint8Array> {
  const cuts = [...new Set([0, ...positions.map((at) => Math.min(at, bytes.length)), bytes.length])];
  cuts.sort((a, b) => a - b);
  for (const [i, start] of cuts.slice(0, -1).entries()) yield bytes.subarray(start, cuts[i + 1]);
}

/** Rows of a file in memory; its name may tell the format. */
export async function rowsFrom(
  content: string | Uint8Array,
  name: string,
  options: ReadOptions = {},
): Promise<RowSource> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return openText(await peek(cutAt(bytes, []), HEAD), { source: name, name }, options);
}
