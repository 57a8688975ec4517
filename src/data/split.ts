import { TextgraftError } from "../base/errors.js";
import { type Random, shuffled } from "../base/random.js";
import { countLabels, requireSplittable, requireTwoLabels } from "./check.js";
import type { Dataset, Example } from "./example.js";
import { iterativeParts } from "./split-iterative.js";
import { type Part, partNames, type Shares, splitQuotas } from "./split-quotas.js";
import { isSmallIn, type Unit, unitsOf } from "./split-units.js";

/** Every example in exactly one part, in the order of the dataset. */
export type Split = Record<Part, Example[]>;

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
  { random, groups }: { random: Random; groups?: readonly number[] | undefined },
): Split {
  const wanted = partNames.filter((part) => shares[part] > 0);
  const oneLabel = dataset.examples.every(({ labels }) => labels.length === 1);
  if (oneLabel) requireSplittable(dataset, wanted.length);
  else requireTwoLabels(dataset);
  const stream = random.fork("split");
  const counts = countLabels(dataset.examples, dataset.labels);
  const lacking = oneLabel ? splitQuotas(counts, shares, stream) : undefined;
  const units = shuffled(unitsOf(dataset, groups), stream).sort((a, b) => b.rows.length - a.rows.length);
  const parts = lacking
    ? assign(units, lacking, counts, stream)
    : iterativeParts(units, shares, dataset.labels.length, stream);
  spreadLabels(units, parts, wanted);

  const partOf = new Map(
    units.flatMap(({ rows }, index) => rows.map((row) => [row, parts[index]!] as const)),
  );
  const split: Split = { train: [], validation: [], test: [] };
  for (const [row, example] of dataset.examples.entries()) split[partOf.get(row)!].push(example);
  requireNoEmptyPart(split, wanted, dataset.source);
  return split;
}

/**
 * One part for each unit, large units first. A unit goes to a part drawn in proportion to what the parts still
 * lack of its labels, among those where it fits; if it fits in none, to the part that lacks most. Single rows
 * always fit, so that without groups every quota is met exactly. Takes from `lacking` (part → label → rows) what it gives.
 */
function assign(
  units: readonly Unit[],
  lacking: Record<Part, number[]>,
  counts: readonly number[],
  random: Random,
): Part[] {
  const sizes = partNames.map((part) => lacking[part].reduce((sum, rows) => sum + rows, 0));
  return units.map((unit) => {
    const labels = [...unit.counts];
    const lacks = partNames.map((part) =>
      labels.reduce((sum, [labelId, rows]) => sum + (rows * lacking[part][labelId]!) / counts[labelId]!, 0),
    );
    const weights = partNames.map((part, i) => {
      const fits = labels.every(([labelId, rows]) => rows <= lacking[part][labelId]!);
      return fits && isSmallIn(unit, sizes[i]!) ? lacks[i]! : 0;
    });
    const chosen = draw(weights, random) ?? lacks.indexOf(Math.max(...lacks));
    const part = partNames[chosen]!;
    for (const [labelId, rows] of labels) lacking[part][labelId]! -= rows;
    return part;
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
function spreadLabels(units: readonly Unit[], parts: Part[], wanted: readonly Part[]): void {
  const holders = new Map<string, number>(); // part and labelId → units
  const add = (part: Part, unit: Unit, change: number) => {
    for (const labelId of unit.counts.keys()) {
      const key = `${part} ${labelId}`;
      holders.set(key, (holders.get(key) ?? 0) + change);
    }
  };
  for (const [index, unit] of units.entries()) add(parts[index]!, unit, 1);
  const holding = (part: Part, labelId: number) => holders.get(`${part} ${labelId}`) ?? 0;
  const labelIds = new Set(units.flatMap((unit) => [...unit.counts.keys()]));

  for (const part of ["train", "test", "validation"] as const) {
    for (const labelId of labelIds) {
      if (!wanted.includes(part) || holding(part, labelId) > 0) continue;
      const index = units.findLastIndex(
        (unit, at) =>
          unit.counts.has(labelId) &&
          (part === "train" || [...unit.counts.keys()].every((label) => holding(parts[at]!, label) >= 2)),
      );
      if (index === -1) continue;
      add(parts[index]!, units[index]!, -1);
      add(part, units[index]!, 1);
      parts[index] = part;
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
