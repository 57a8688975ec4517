import { sum } from "../base/numbers.js";
import { type Random, shuffled } from "../base/random.js";
import { type Part, partNames, requireShares, type Shares } from "./split-quotas.js";
import { isSmallIn, type Unit } from "./split-units.js";

/**
 * A part for each unit of multi-label data, by iterative stratification: again and again the label with the fewest
 * units left is taken, and each of these goes to the part that still lacks most rows of that label, or of these
 * parts to the one that lacks most rows; ties are drawn. Units without labels come last; groups that are large for the
 * smallest part come first and go where most rows are lacking. Labels thus have their shares in each part as far as
 * their sets allow; the parts' sizes follow nearly. Sechidis, Tsoumakas, Vlahavas 2011,
 * https://doi.org/10.1007/978-3-642-23808-6_10
 *
 * @throws TextgraftError option-invalid for shares that are none.
 */
export function iterativeParts(
  units: readonly Unit[],
  shares: Shares,
  labelCount: number,
  random: Random,
): Part[] {
  requireShares(shares);
  const wanted = partNames.filter((part) => shares[part] > 0);
  const size = sum(units.map(({ rows }) => rows.length));
  const totals = Array.from({ length: labelCount }, (_, labelId) =>
    sum(units.map(({ counts }) => counts.get(labelId) ?? 0)),
  );
  const rooms = wanted.map((part) => ({
    part,
    rows: shares[part] * size,
    labels: totals.map((total) => shares[part] * total),
  }));

  const order = shuffled([...units.keys()], random);
  const parts = new Map<number, Part>();
  const place = (index: number, labelId: number | undefined): void => {
    const unit = units[index]!;
    const room = roomiest(rooms, labelId, random);
    parts.set(index, room.part);
    room.rows -= unit.rows.length;
    for (const [id, rows] of unit.counts) room.labels[id]! -= rows;
  };

  const smallest = Math.min(...rooms.map(({ rows }) => rows));
  const large = order.filter((index) => !isSmallIn(units[index]!, smallest));
  for (const index of large.sort((a, b) => units[b]!.rows.length - units[a]!.rows.length))
    place(index, undefined);

  const left = unitsByLabel(
    units,
    order.filter((index) => !parts.has(index)),
    labelCount,
  );
  for (let labelId = rarest(left, random); labelId !== undefined; labelId = rarest(left, random)) {
    for (const index of [...left[labelId]!]) {
      place(index, labelId);
      for (const id of units[index]!.counts.keys()) left[id]!.delete(index);
    }
  }
  for (const index of order) if (!parts.has(index)) place(index, undefined);
  return units.map((_, index) => parts.get(index)!);
}

/** What a part still lacks, in rows. */
interface Room {
  part: Part;
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

/** labelId → positions of the units that have it, in the given order. */
function unitsByLabel(units: readonly Unit[], order: readonly number[], labelCount: number): Set<number>[] {
  const found = Array.from({ length: labelCount }, () => new Set<number>());
  for (const index of order) for (const labelId of units[index]!.counts.keys()) found[labelId]!.add(index);
  return found;
}

/** The labelId with the fewest units, but at least one. */
function rarest(left: readonly Set<number>[], random: Random): number | undefined {
  const open = [...left.keys()].filter((labelId) => left[labelId]!.size > 0);
  return open.length === 0
    ? undefined
    : pick(
        largest(open, (labelId) => -left[labelId]!.size),
        random,
      );
}

function largest<T>(items: readonly T[], value: (item: T) => number): T[] {
  const most = Math.max(...items.map(value));
  return items.filter((item) => value(item) >= most - 1e-9); // sums of shares are rounded
}

const pick = <T>(items: readonly T[], random: Random): T => items[random.int(items.length)]!;
