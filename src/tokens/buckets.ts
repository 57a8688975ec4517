import { roundUp } from "./lengths.js";

/**
 * At most `count` lengths that batches are padded to, chosen so that padding each text to the next of them adds the
 * fewest tokens: dynamic programming over multiples of 8. The last is at least as long as the longest text, but not
 * longer than `maxLength`.
 */
export function chooseBuckets(lengths: readonly number[], maxLength: number, count = 6): number[] {
  const longest = Math.min(maxLength, Math.max(...lengths.map((length) => roundUp(length)), 8));
  const candidates = [...new Set(lengths.map((length) => Math.min(longest, roundUp(length)))), longest];
  const sizes = [...new Set(candidates)].sort((a, b) => a - b);
  const textsUpTo = sizes.map((size) => lengths.filter((length) => length <= size).length);

  // best[i]: the fewest padded tokens for all texts up to sizes[i], with sizes[i] the last bucket
  let best = sizes.map((size, i) => size * textsUpTo[i]!);
  const choices: number[][] = [sizes.map(() => -1)];
  for (let used = 1; used < Math.min(count, sizes.length); used++) {
    const next = [...best];
    const choice = sizes.map(() => -2); // no further bucket
    for (const [i, size] of sizes.entries()) {
      for (let j = 0; j < i; j++) {
        const cost = best[j]! + size * (textsUpTo[i]! - textsUpTo[j]!);
        if (cost < next[i]!) [next[i], choice[i]] = [cost, j];
      }
    }
    best = next;
    choices.push(choice);
  }
  return backtrack(sizes, choices);
}

/** The smallest bucket that holds a length. */
export const bucketOf = (length: number, buckets: readonly number[]): number =>
  buckets.find((bucket) => bucket >= length) ?? buckets.at(-1)!;

function backtrack(sizes: readonly number[], choices: readonly number[][]): number[] {
  const result: number[] = [];
  let i = sizes.length - 1;
  for (let used = choices.length - 1; used >= 0 && i >= 0; used--) {
    const choice = choices[used]![i]!;
    if (choice === -2) continue;
    result.unshift(sizes[i]!);
    i = choice;
  }
  return result;
}
