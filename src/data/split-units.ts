import { NumberLists } from "../base/column.js";
import { TextgraftError } from "../base/errors.js";
import type { Dataset } from "./example.js";

/** What stays together in a split: single rows, or groups of near duplicates. Numbered from 0. */
export interface Units {
  readonly length: number;
  /** How many rows a unit has. */
  sizeOf(unit: number): number;
  /** Positions in the dataset's examples, in rising order. */
  rowsOf(unit: number): Uint32Array;
  /** labelId → rows that have it, in the order in which they come. */
  countsOf(unit: number): Map<number, number>;
  /** Whether a row of a unit has a label. */
  has(unit: number, labelId: number): boolean;
}

/**
 * The units of a dataset, in the order of their first rows; `groups` has a small whole number for each example, without it
 * each is a unit of its own.
 */
export function unitsOf({ examples, labels }: Dataset, groups: ArrayLike<number> | undefined): Units {
  if (groups !== undefined && groups.length !== examples.length) {
    throw new TextgraftError("internal", {
      message: `${groups.length} group numbers for ${examples.length} examples.`,
    });
  }
  const labelIds = new Map(labels.map((label, labelId) => [label, labelId]));
  const lists = new NumberLists();
  for (const example of examples) lists.push(example.labels.map((label) => labelIds.get(label)!));

  const { starts, rows } = membersOf(
    groups ?? Uint32Array.from({ length: examples.length }, (_, row) => row),
  );
  const rowsOf = (unit: number) => rows.subarray(starts[unit]!, starts[unit + 1]!);
  return {
    length: starts.length - 1,
    sizeOf: (unit) => starts[unit + 1]! - starts[unit]!,
    rowsOf,
    countsOf(unit) {
      const counts = new Map<number, number>();
      for (let i = starts[unit]!; i < starts[unit + 1]!; i++)
        for (const labelId of lists.at(rows[i]!)) counts.set(labelId, (counts.get(labelId) ?? 0) + 1);
      return counts;
    },
    has(unit, labelId) {
      for (let i = starts[unit]!; i < starts[unit + 1]!; i++) if (lists.has(rows[i]!, labelId)) return true;
      return false;
    },
  };
}

/** The same units with other numbers: unit `order[i]` becomes `i`. */
export const reordered = (units: Units, order: Uint32Array): Units => ({
  length: order.length,
  sizeOf: (unit) => units.sizeOf(order[unit]!),
  rowsOf: (unit) => units.rowsOf(order[unit]!),
  countsOf: (unit) => units.countsOf(order[unit]!),
  has: (unit, labelId) => units.has(order[unit]!, labelId),
});

/** The rows of each group one after the other, and where each begins; groups in the order of their first rows. */
function membersOf(groups: ArrayLike<number>): { starts: Uint32Array; rows: Uint32Array } {
  let largest = 0;
  for (let row = 0; row < groups.length; row++) largest = Math.max(largest, groups[row]!);
  const units = new Uint32Array(largest + 1); // group → unit + 1
  const unitSizes = new Uint32Array(Math.min(largest + 1, groups.length));
  let count = 0;
  for (let row = 0; row < groups.length; row++) {
    const group = groups[row]!;
    if (units[group] === 0) units[group] = ++count;
    unitSizes[units[group]! - 1]!++;
  }
  const starts = new Uint32Array(count + 1);
  for (let unit = 0; unit < count; unit++) starts[unit + 1] = starts[unit]! + unitSizes[unit]!;
  const ends = starts.slice(0, count);
  const rows = new Uint32Array(groups.length);
  for (let row = 0; row < groups.length; row++) rows[ends[units[groups[row]!]! - 1]!++] = row;
  return { starts, rows };
}

/** A group with more than this share of a part's rows would decide its metrics: it goes where there is most room. */
const largestShare = 0.1;

/** Whether a unit of so many rows is a single row, or no more than a small share of a part of `size` rows. */
export const isSmallIn = (rows: number, size: number): boolean => rows === 1 || rows <= largestShare * size;
