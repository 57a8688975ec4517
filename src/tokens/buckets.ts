import { TextgraftError } from "../base/errors.js";

/**
 * The lengths to which batches are padded: at most `count`, ascending, multiples of 8, those that need the fewest
 * padded tokens for texts of these lengths. The last holds the longest text. `maxLength`, to which texts are cut,
 * is the largest possible, even if it is no multiple of 8. Exact: dynamic programming over all possible lengths.
 */
export function chooseBuckets(lengths: ArrayLike<number>, maxLength: number, count = 6): number[] {
  const { candidates, fitting } = countFitting(lengths, maxLength);
  // For each candidate the best buckets up to it, itself included, for the texts that fit it.
  let best = candidates.map((length, i): Choice => ({ buckets: [length], tokens: length * fitting[i]! }));
  for (let most = 2; most <= count; most++) {
    const fewer = best;
    best = candidates.map((length, i) => {
      let choice = fewer[i]!;
      for (let j = 0; j < i; j++) {
        const tokens = fewer[j]!.tokens + length * (fitting[i]! - fitting[j]!);
        if (tokens < choice.tokens) choice = { buckets: [...fewer[j]!.buckets, length], tokens };
      }
      return choice;
    });
  }
  return best.at(-1)!.buckets;
}

/** The smallest bucket that holds a text; buckets ascend. */
export function bucketOf(length: number, buckets: readonly number[]): number {
  const bucket = buckets.find((bucket) => bucket >= length);
  if (bucket !== undefined) return bucket;
  throw new TextgraftError("internal", {
    message: `A text of ${length} tokens fits none of the length buckets ${buckets.join(", ")}.`,
  });
}

interface Choice {
  buckets: number[];
  /** Padded tokens in all. */
  tokens: number;
}

/** The possible buckets, up to the longest text, and how many texts fit each. */
function countFitting(lengths: ArrayLike<number>, maxLength: number) {
  const texts = Int32Array.from(lengths, (length) => Math.min(length, maxLength)).sort();
  const candidates = Array.from({ length: Math.max(1, Math.ceil((texts.at(-1) ?? 0) / 8)) }, (_, i) =>
    Math.min(8 * (i + 1), maxLength),
  );
  let fit = 0;
  const fitting = candidates.map((length) => {
    while (fit < texts.length && texts[fit]! <= length) fit++;
    return fit;
  });
  return { candidates, fitting };
}
