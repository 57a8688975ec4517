import { TextgraftError } from "../base/errors.js";
import { sum } from "../base/numbers.js";
import { type Random, shuffled } from "../base/random.js";

/** The parts of a split. */
export const partNames = ["train", "validation", "test"] as const;
export type Part = (typeof partNames)[number];

/** Share of the rows for each part; their sum is 1. That of test may be 0, the others are above it. */
export type Shares = Record<Part, number>;

/**
 * Rows of each label for each part: `quotas[part][labelId]`. The sizes are those of scikit-learn's stratified
 * `train_test_split`, which rounds the held-out part up: first train against the rest, then validation against
 * test. https://scikit-learn.org/stable/modules/generated/sklearn.model_selection.train_test_split.html
 *
 * @param counts Rows of each label.
 * @throws TextgraftError option-invalid for shares that are none.
 */
export function splitQuotas(
  counts: readonly number[],
  shares: Shares,
  random: Random,
): Record<Part, number[]> {
  requireShares(shares);
  const rows = sum(counts);
  const heldOutShare = shares.validation + shares.test;
  const heldOut = Math.ceil(heldOutShare * rows);
  const train = allocate(rows - heldOut, counts, random);
  const rest = counts.map((count, labelId) => count - train[labelId]!);
  const test = allocate(Math.ceil((shares.test / heldOutShare) * heldOut), rest, random);
  return { train, validation: rest.map((count, labelId) => count - test[labelId]!), test };
}

/** `total` rows divided among the labels by their counts; largest remainders are rounded up, ties at random. */
function allocate(total: number, counts: readonly number[], random: Random): number[] {
  const rows = sum(counts);
  const exact = counts.map((count) => (rows === 0 ? 0 : (count / rows) * total));
  const quotas = exact.map(Math.floor);
  const remainder = (labelId: number) => exact[labelId]! - quotas[labelId]!;
  const byRemainder = shuffled([...counts.keys()], random).sort((a, b) => remainder(b) - remainder(a));
  const roundedUp = byRemainder.slice(0, total - sum(quotas));
  for (const labelId of roundedUp) quotas[labelId]!++;
  return quotas;
}

/** @throws TextgraftError option-invalid for shares that are none. */
export function requireShares(shares: Shares): void {
  const values = partNames.map((part) => shares[part]);
  const positive = shares.train > 0 && shares.validation > 0 && shares.test >= 0;
  if (positive && Math.abs(sum(values) - 1) < 1e-9) return;
  throw new TextgraftError("option-invalid", {
    message: `The shares of ${partNames.join(", ")} are ${values.join(", ")}; expected positive numbers whose sum is 1.`,
    fix: "For example 0.7, 0.15 and 0.15.",
  });
}
