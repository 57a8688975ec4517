import { TextgraftError } from "../base/errors.js";
import { every } from "../base/iterables.js";
import type { Random } from "../base/random.js";
import { countLabels, requireSplittable, requireTwoLabels } from "./check.js";
import type { Dataset } from "./example.js";
import { type Examples, viewOf } from "./examples.js";
import { assignUnits, drawnUnits, partOfRows, spreadLabels } from "./split-assign.js";
import { iterativeParts } from "./split-iterative.js";
import { type Part, partNames, requireShares, type Shares, splitQuotas } from "./split-quotas.js";
import { unitsOf } from "./split-units.js";

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
export const splitStratified = (dataset: Dataset, shares: Shares, options: SplitOptions): Split =>
  splitAt(dataset.examples, stratifiedPositions(dataset, shares, options));

export interface SplitOptions {
  random: Random;
  /** For each example a number: rows of one number stay together. */
  groups?: ArrayLike<number> | undefined;
}

/** Where the examples of each part stand in the dataset, in rising order. */
export type PartPositions = Record<Part, Uint32Array>;

/** What `splitStratified` gives, as positions. */
export function stratifiedPositions(
  dataset: Dataset,
  shares: Shares,
  { random, groups }: SplitOptions,
): PartPositions {
  const wanted = partNames.filter((part) => shares[part] > 0);
  const oneLabel = every(dataset.examples, ({ labels }) => labels.length === 1);
  if (oneLabel) requireSplittable(dataset, wanted.length);
  else requireTwoLabels(dataset);
  requireShares(shares);
  const stream = random.fork("split");
  const counts = countLabels(dataset.examples, dataset.labels);
  const lacking = oneLabel ? splitQuotas(counts, shares, stream) : undefined;
  const units = drawnUnits(unitsOf(dataset, groups), stream);
  const parts = lacking
    ? assignUnits(units, inOrder(lacking), counts, stream)
    : iterativeParts(units, inOrder(shares), dataset.labels.length, stream);
  const served = spreadOrder.filter((part) => wanted.includes(part)).map(numberOf);
  spreadLabels(units, parts, { served, labelCount: dataset.labels.length, first: numberOf("train") });
  const positions = positionsByPart(partOfRows(units, parts));
  requireNoEmptyPart(positions, wanted, dataset.source);
  return positions;
}

/** Positions of the examples of each part, in rising order, from the number of its part for each example. */
export function positionsByPart(partOf: ArrayLike<number>): PartPositions {
  const [train, validation, test] = partNames.map((_, part) => positionsOf(partOf, part));
  return { train: train!, validation: validation!, test: test! };
}

/** The examples of each part; copies none. */
export const splitAt = (examples: Examples, { train, validation, test }: PartPositions): Split => ({
  train: viewOf(examples, train),
  validation: viewOf(examples, validation),
  test: viewOf(examples, test),
});

/** Where a value stands, in rising order. */
export function positionsOf(values: ArrayLike<number>, value: number): Uint32Array {
  const positions = new Uint32Array(values.length);
  let count = 0;
  for (let index = 0; index < values.length; index++) if (values[index] === value) positions[count++] = index;
  return positions.slice(0, count);
}

const inOrder = <T>(of: Record<Part, T>): T[] => partNames.map((part) => of[part]);
const numberOf = (part: Part): number => partNames.indexOf(part);

/** Who gets a rare label first. A label without test examples gets no score at all, so test comes before validation. */
const spreadOrder: readonly Part[] = ["train", "test", "validation"];

function requireNoEmptyPart(split: PartPositions, wanted: readonly Part[], source: string): void {
  const empty = wanted.filter((part) => split[part].length === 0);
  if (empty.length === 0) return;
  throw new TextgraftError("data-invalid", {
    message: `${source}: nothing is left for ${empty.join(" and ")}, because nearly all its rows are near duplicates.`,
    fix: "Add rows that differ, or give --validation and --test files of your own.",
  });
}
