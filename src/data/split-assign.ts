import { sum } from "../base/numbers.js";
import { type Random, shuffled } from "../base/random.js";
import { isSmallIn, reordered, type Units } from "./split-units.js";

/** Units in the order in which parts are chosen for them: large ones first, those of one size in random order. */
export function drawnUnits(units: Units, random: Random): Units {
  const order = shuffled(
    Uint32Array.from({ length: units.length }, (_, unit) => unit),
    random,
  );
  return reordered(
    units,
    order.sort((a, b) => units.sizeOf(b) - units.sizeOf(a)),
  );
}

/** The number of its part for each row, from that of each unit. */
export function partOfRows(units: Units, parts: Uint8Array): Uint8Array {
  let rows = 0;
  for (let unit = 0; unit < units.length; unit++) rows += units.sizeOf(unit);
  const partOf = new Uint8Array(rows);
  for (let unit = 0; unit < units.length; unit++)
    for (const row of units.rowsOf(unit)) partOf[row] = parts[unit]!;
  return partOf;
}

/**
 * One part for each unit, large units first; parts are numbered as in `lacking`. A unit goes to a part drawn in proportion
 * to what the parts still lack of its labels, among those where it fits; if it fits in none, to the part that lacks most.
 * Single rows always fit, so that without groups every quota is met exactly. Takes from `lacking` (part → label → rows)
 * what it gives.
 */
export function assignUnits(
  units: Units,
  lacking: readonly number[][],
  counts: readonly number[],
  random: Random,
): Uint8Array {
  const sizes = lacking.map(sum);
  return Uint8Array.from({ length: units.length }, (_, unit) => {
    const labels = [...units.countsOf(unit)];
    const lacks = lacking.map((part) =>
      sum(labels.map(([labelId, rows]) => (rows * part[labelId]!) / counts[labelId]!)),
    );
    const weights = lacking.map((part, i) => {
      const fits = labels.every(([labelId, rows]) => rows <= part[labelId]!);
      return fits && isSmallIn(units.sizeOf(unit), sizes[i]!) ? lacks[i]! : 0;
    });
    const chosen = draw(weights, random) ?? lacks.indexOf(Math.max(...lacks));
    for (const [labelId, rows] of labels) lacking[chosen]![labelId]! -= rows;
    return chosen;
  });
}

/** An index drawn in proportion to its weight; undefined where all weights are 0. */
function draw(weights: readonly number[], random: Random): number | undefined {
  const total = sum(weights);
  if (total === 0) return undefined;
  let left = random.uniform() * total;
  for (const [index, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return index;
  }
  return weights.findLastIndex((weight) => weight > 0); // left by rounding
}

/**
 * Moves small units so that each label is in every part that is `served`, in this order, as far as that takes no label
 * from another part. The part `first` gets every label in any case.
 */
export function spreadLabels(
  units: Units,
  parts: Uint8Array,
  { served, labelCount, first }: { served: readonly number[]; labelCount: number; first?: number },
): void {
  const holders = new Map<number, Uint32Array>(); // part → labelId → units
  const holding = (part: number): Uint32Array => {
    const known = holders.get(part) ?? new Uint32Array(labelCount);
    holders.set(part, known);
    return known;
  };
  const add = (part: number, unit: number, change: number) => {
    for (const labelId of units.countsOf(unit).keys()) holding(part)[labelId]! += change;
  };
  const labelIds = new Set<number>();
  for (let unit = 0; unit < units.length; unit++) {
    add(parts[unit]!, unit, 1);
    if (labelIds.size < labelCount) for (const labelId of units.countsOf(unit).keys()) labelIds.add(labelId);
  }
  const canLose = (unit: number) =>
    [...units.countsOf(unit).keys()].every((label) => holding(parts[unit]!)[label]! >= 2);

  for (const part of served) {
    for (const labelId of labelIds) {
      if (holding(part)[labelId]! > 0) continue;
      let unit = units.length - 1;
      while (unit >= 0 && !(units.has(unit, labelId) && (part === first || canLose(unit)))) unit--;
      if (unit === -1) continue;
      add(parts[unit]!, unit, -1);
      add(part, unit, 1);
      parts[unit] = part;
    }
  }
}
