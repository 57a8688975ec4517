import type { Column, ColumnSource } from "./columns.js";

/** Fewer rows tell nothing. */
const FEWEST_ROWS = 5;

/**
 * Columns that their content shows: texts are at least twice as long as what stands in any other column, in the
 * mean; of labels there are fewer different ones than in any other column, and at most one for every second row.
 */
export function columnsByContent(
  { columns, sample = [] }: ColumnSource,
  taken: readonly (Column | undefined)[],
): { text?: Column; label?: Column } {
  if (sample.length < FEWEST_ROWS) return {};
  const isTaken = (index: number) => taken.some((column) => column?.index === index);
  const free = [...columns.keys()].filter((index) => !isTaken(index) && columns[index]!.trim() !== "");
  const guess = (index: number): Column => ({ name: columns[index]!.trim(), index, guessed: true });
  const length = (index: number) =>
    sample.reduce((sum, values) => sum + (values[index]?.length ?? 0), 0) / sample.length;
  const [text, second] = free.toSorted((a, b) => length(b) - length(a));
  if (text === undefined || length(text) < 2 * (second === undefined ? 0 : length(second))) return {};
  const different = (index: number) => new Set(sample.map((values) => values[index]?.trim())).size;
  const [label, next] = free
    .filter((index) => index !== text && different(index) > 1 && different(index) <= sample.length / 2)
    .toSorted((a, b) => different(a) - different(b));
  const isClear = label !== undefined && (next === undefined || different(next) > different(label));
  return { text: guess(text), ...(isClear && { label: guess(label) }) };
}
