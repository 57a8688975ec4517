import { type Random, shuffled } from "../base/random.js";
import type { LabelIdLists } from "./problem.js";

export const samplings = ["all", "balanced"] as const;
export type Sampling = (typeof samplings)[number];

/**
 * The texts of an epoch, counted from 1. `all`: each of `train` once. `balanced`: as many (rounded up to the same number for
 * each label), with each label equally often. The texts of a label come in one random order after the other, over all epochs:
 * those of a rare one several times in each, of a common one each epoch has others until all have come. `labelIds` are those of all texts, one for each of
 * `train`.
 */
export function epochTexts(
  { train, labelIds }: { train: ArrayLike<number>; labelIds: LabelIdLists },
  sampling: Sampling,
  random: Random,
  epoch: number,
): ArrayLike<number> {
  if (sampling === "all") return train;
  const byLabel = new Map<number, number[]>();
  for (let i = 0; i < train.length; i++) {
    const text = train[i]!;
    const labelId = labelIds.at(text)![0]!;
    const texts = byLabel.get(labelId);
    if (texts) texts.push(text);
    else byLabel.set(labelId, [text]);
  }
  const count = Math.ceil(train.length / byLabel.size);
  return [...byLabel].flatMap(([labelId, texts]) =>
    fromPasses(texts, { start: (epoch - 1) * count, count, random: random.fork("sampling", labelId) }),
  );
}

/** `count` items from place `start` on of an endless row: the items in random order, in another one, and so on. */
function fromPasses(
  items: readonly number[],
  { start, count, random }: { start: number; count: number; random: Random },
): number[] {
  let found: number[] = [];
  while (found.length < count) {
    const place = start + found.length;
    const order = shuffled(items, random.fork(Math.floor(place / items.length)));
    const from = place % items.length;
    found = found.concat(order.slice(from, from + count - found.length));
  }
  return found;
}
