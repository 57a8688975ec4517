import { TextgraftError } from "../base/errors.js";
import { every } from "../base/iterables.js";
import { type Random, shuffled } from "../base/random.js";
import { countLabels, requireSplittable, requireTwoLabels } from "./check.js";
import type { Dataset } from "./example.js";
import { type Examples, viewOf } from "./examples.js";
import { iterativeParts } from "./split-iterative.js";
import { type Part, partNames, type Shares, splitQuotas } from "./split-quotas.js";
import { isSmallIn, reordered, type Units, unitsOf } from "./split-units.js";

/** Every example in exactly one part, in the order of the dataset. */
export type Split = Record<Part, Examples>;

export const defaultShares: Shares = { train: 0.7, validation: 0.15, test: 0.15 };

/**
 * Splits at random so that each part has its share of each label. Without `groups` it splits row by row, with
 * the sizes of scikit-learn's `train_test_split` called twice (70/30, then halves); the same text may then stand
 * on both sides. With `groups` (for each example a number, as `nearDuplicates` gives) a group stays whole, and
 * shares are as close as whole groups allow. Every label is in train, and in all parts if it has three groups of
 * its own. A share of 0 leaves test empty. Where not every example has exactly one label, shares of labels come
 * before sizes of parts (`iterativeParts`), and a label may be too rare for all parts.
 *
 * @param random Forked for "split": the same seed gives the same split.
 * @throws TextgraftError data-invalid: fewer than two labels, or a label or a part gets too little.
 */
export function splitStratified(
  dataset: Dataset,
  shares: Shares,
  { random, groups }: { random: Random; groups?: ArrayLike<number> | undefined },
): Split {
  const wanted = partNames.filter((part) => shares[part] > 0);
  const oneLabel = every(dataset.examples, ({ labels }) => labels.length === 1);
  if (oneLabel) requireSplittable(dataset, wanted.length);
  else requireTwoLabels(dataset);
  const stream = random.fork("split");
  const counts = countLabels(dataset.examples, dataset.labels);
  const lacking = oneLabel ? splitQuotas(counts, shares, stream) : undefined;
  const inFile = unitsOf(dataset, groups);
  const order = shuffled(
    Uint32Array.from({ length: inFile.length }, (_, unit) => unit),
    stream,
  );
  const units = reordered(
    inFile,
    order.sort((a, b) => inFile.sizeOf(b) - inFile.sizeOf(a)),
  );
  const parts = lacking
    ? assign(units, lacking, counts, stream)
    : iterativeParts(units, shares, dataset.labels.length, stream);
  spreadLabels(units, parts, { wanted, labelCount: dataset.labels.length });

  const partOf = new Uint8Array(dataset.examples.length);
  for (let unit = 0; unit < units.length; unit++)
    for (const row of units.rowsOf(unit)) partOf[row] = parts[unit]!;
  const part = (name: Part): Examples =>
    viewOf(dataset.examples, positionsOf(partOf, partNames.indexOf(name)));
  const split: Split = { train: part("train"), validation: part("validation"), test: part("test") };
  requireNoEmptyPart(split, wanted, dataset.source);
  return split;
}

/** Where a value stands, in rising order. */
function positionsOf(values: Uint8Array, value: number): Uint32Array {
  const positions = new Uint32Array(values.reduce((count, found) => count + (found === value ? 1 : 0), 0));
  for (let index = 0, at = 0; index < values.length; index++)
    if (values[index] === value) positions[at++] = index;
  return positions;
}

/**
 * One part for each unit, as its number in `partNames`; large units first. A unit goes to a part drawn in proportion to what the parts still
 * lack of its labels, among those where it fits; if it fits in none, to the part that lacks most. Single rows
 * always fit, so that without groups every quota is met exactly. Takes from `lacking` (part → label → rows) what it gives.
 */
function assign(
  units: Units,
  lacking: Record<Part, number[]>,
  counts: readonly number[],
  random: Random,
): Uint8Array {
  const sizes = partNames.map((part) => lacking[part].reduce((sum, rows) => sum + rows, 0));
  return Uint8Array.from({ length: units.length }, (_, unit) => {
    const labels = [...units.countsOf(unit)];
    const lacks = partNames.map((part) =>
      labels.reduce((sum, [labelId, rows]) => sum + (rows * lacking[part][labelId]!) / counts[labelId]!, 0),
    );
    const weights = partNames.map((part, i) => {
      const fits = labels.every(([labelId, rows]) => rows <= lacking[part][labelId]!);
      return fits && isSmallIn(units.sizeOf(unit), sizes[i]!) ? lacks[i]! : 0;
    });
    const chosen = draw(weights, random) ?? lacks.indexOf(Math.max(...lacks));
    for (const [labelId, rows] of labels) lacking[partNames[chosen]!][labelId]! -= rows;
    return chosen;
  });
}

/** An index drawn in proportion to its weight; undefined where all weights are 0. */
function draw(weights: readonly number[], random: Random): number | undefined {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return undefined;
  let left = random.uniform() * total;
  for (const [index, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return index;
  }
  return weights.findLastIndex((weight) => weight > 0); // left by rounding
}

/**
 * Moves small units so that each label is in train, and in every part as far as that takes no label from another
 * part. The test part comes before validation: a label without test examples gets no score at all.
 */
function spreadLabels(
  units: Units,
  parts: Uint8Array,
  { wanted, labelCount }: { wanted: readonly Part[]; labelCount: number },
): void {
  const holders = partNames.map(() => new Uint32Array(labelCount)); // part and labelId → units
  const add = (part: number, unit: number, change: number) => {
    for (const labelId of units.countsOf(unit).keys()) holders[part]![labelId]! += change;
  };
  const labelIds = new Set<number>();
  for (let unit = 0; unit < units.length; unit++) {
    add(parts[unit]!, unit, 1);
    if (labelIds.size < labelCount) for (const labelId of units.countsOf(unit).keys()) labelIds.add(labelId);
  }
  const canLose = (unit: number) =>
    [...units.countsOf(unit).keys()].every((label) => holders[parts[unit]!]![label]! >= 2);

  for (const name of ["train", "test", "validation"] as const) {
    const part = partNames.indexOf(name);
    for (const labelId of labelIds) {
      if (!wanted.includes(name) || holders[part]![labelId]! > 0) continue;
      let unit = units.length - 1;
      while (unit >= 0 && !(units.has(unit, labelId) && (name === "train" || canLose(unit)))) unit--;
      if (unit === -1) continue;
      add(parts[unit]!, unit, -1);
      add(part, unit, 1);
      parts[unit] = part;
    }
  }
}

function requireNoEmptyPart(split: Split, wanted: readonly Part[], source: string): void {
  const empty = wanted.filter((part) => split[part].length === 0);
  if (empty.length === 0) return;
  throw new TextgraftError("data-invalid", {
    message: `${source}: nothing is left for ${empty.join(" and ")}, because nearly all its rows are near duplicates.`,
    fix: "Add rows that differ, or give --validation and --test files of your own.",
  });
}
