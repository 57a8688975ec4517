import { TextgraftError } from "../base/errors.js";
import type { Dataset } from "./example.js";

/** What stays together in a split: one row, or a group of near duplicates. */
export interface Unit {
  /** Positions in the dataset's examples. */
  rows: number[];
  /** labelId → rows that have it. */
  counts: Map<number, number>;
}

/** The units of a dataset; `groups` has a number for each example, without it each is a unit of its own. */
export function unitsOf({ examples, labels }: Dataset, groups: readonly number[] | undefined): Unit[] {
  if (groups !== undefined && groups.length !== examples.length) {
    throw new TextgraftError("internal", {
      message: `${groups.length} group numbers for ${examples.length} examples.`,
    });
  }
  const labelIds = new Map(labels.map((label, labelId) => [label, labelId]));
  const units = new Map<number, Unit>();
  for (const [row, example] of examples.entries()) {
    const group = groups === undefined ? row : groups[row]!;
    const unit: Unit = units.get(group) ?? { rows: [], counts: new Map() };
    units.set(group, unit);
    unit.rows.push(row);
    for (const label of example.labels) {
      const labelId = labelIds.get(label)!;
      unit.counts.set(labelId, (unit.counts.get(labelId) ?? 0) + 1);
    }
  }
  return [...units.values()];
}

/** A group with more than this share of a part's rows would decide its metrics: it goes where there is most room. */
const largestShare = 0.1;

/** Whether a unit is a single row, or no more than a small share of a part of `size` rows. */
export const isSmallIn = ({ rows }: Unit, size: number): boolean =>
  rows.length === 1 || rows.length <= largestShare * size;
