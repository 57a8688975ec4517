import { type Random, shuffled } from "../base/random.js";
import { isSmallIn, type Units } from "./split-units.js";

/**
 * A part for each unit of multi-label data, numbered as in `shares`, by iterative stratification: again and again the
 * label with the fewest units left is taken, and each of these goes to the part that still lacks most rows of that
 * label, or of these parts to the one that lacks most rows; ties are drawn. Units without labels come last; groups that are large for the
 * smallest part come first and go where most rows are lacking. Labels thus have their shares in each part as far as
 * their sets allow; the parts' sizes follow nearly. Sechidis, Tsoumakas, Vlahavas 2011,
 * https://doi.org/10.1007/978-3-642-23808-6_10
 *
 * @param shares Of the rows for each part; their sum is 1, and a part with 0 gets nothing.
 */
export function iterativeParts(
  units: Units,
  shares: readonly number[],
  labelCount: number,
  random: Random,
): Uint8Array {
  let size = 0;
  const totals = new Array<number>(labelCount).fill(0);
  const unitCounts = new Uint32Array(labelCount); // of units that aren't placed yet
  for (let unit = 0; unit < units.length; unit++) {
    size += units.sizeOf(unit);
    for (const [labelId, rows] of units.countsOf(unit)) {
      totals[labelId]! += rows;
      unitCounts[labelId]!++;
    }
  }
  const rooms = shares.flatMap((share, part) =>
    share === 0 ? [] : [{ part, rows: share * size, labels: totals.map((total) => share * total) }],
  );

  const order = shuffled(
    Uint32Array.from({ length: units.length }, (_, unit) => unit),
    random,
  );
  const withLabel = unitsByLabel(units, order, unitCounts);
  const parts = new Uint8Array(units.length).fill(NOWHERE);
  const place = (unit: number, labelId: number | undefined): void => {
    const room = roomiest(rooms, labelId, random);
    parts[unit] = room.part;
    room.rows -= units.sizeOf(unit);
    for (const [id, rows] of units.countsOf(unit)) {
      room.labels[id]! -= rows;
      unitCounts[id]!--;
    }
  };

  const smallest = Math.min(...rooms.map(({ rows }) => rows));
  const large = order.filter((unit) => !isSmallIn(units.sizeOf(unit), smallest));
  for (const unit of large.sort((a, b) => units.sizeOf(b) - units.sizeOf(a))) place(unit, undefined);

  for (
    let labelId = rarest(unitCounts, random);
    labelId !== undefined;
    labelId = rarest(unitCounts, random)
  ) {
    for (const unit of withLabel(labelId)) if (parts[unit] === NOWHERE) place(unit, labelId);
  }
  for (const unit of order) if (parts[unit] === NOWHERE) place(unit, undefined);
  return parts;
}

/** What is not yet in a part. */
const NOWHERE = 255;

/** What a part still lacks, in rows. */
interface Room {
  part: number;
  rows: number;
  /** By labelId. */
  labels: number[];
}

/** The room that lacks most of a label, or, without one or where several do, most rows; ties are drawn. */
function roomiest(rooms: readonly Room[], labelId: number | undefined, random: Random): Room {
  const lacking = labelId === undefined ? rooms : largest(rooms, ({ labels }) => labels[labelId]!);
  return pick(
    largest(lacking, ({ rows }) => rows),
    random,
  );
}

/** labelId → the units that have it, in the given order; `counts` says how many these are. */
function unitsByLabel(
  units: Units,
  order: Uint32Array,
  counts: Uint32Array,
): (labelId: number) => Uint32Array {
  const starts = new Uint32Array(counts.length + 1);
  for (const [labelId, count] of counts.entries()) starts[labelId + 1] = starts[labelId]! + count;
  const ends = starts.slice();
  const found = new Uint32Array(starts.at(-1)!);
  for (const unit of order) for (const labelId of units.countsOf(unit).keys()) found[ends[labelId]!++] = unit;
  return (labelId) => found.subarray(starts[labelId]!, starts[labelId + 1]!);
}

/** The labelId with the fewest units left, but at least one. */
function rarest(unitCounts: Uint32Array, random: Random): number | undefined {
  const open = [...unitCounts.keys()].filter((labelId) => unitCounts[labelId]! > 0);
  return open.length === 0
    ? undefined
    : pick(
        largest(open, (labelId) => -unitCounts[labelId]!),
        random,
      );
}

function largest<T>(items: readonly T[], value: (item: T) => number): T[] {
  const most = Math.max(...items.map(value));
  return items.filter((item) => value(item) >= most - 1e-9); // sums of shares are rounded
}

const pick = <T>(items: readonly T[], random: Random): T => items[random.int(items.length)]!;
