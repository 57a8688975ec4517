import { type Random, shuffled } from "../base/random.js";
import { bucketOf } from "./buckets.js";
import type { Encodings } from "./encode-all.js";

/** Which rows go through the model together, and what length they are padded to. */
export interface PlannedBatch {
  rows: number[];
  length: number;
}

export interface BatchOptions {
  batchSize: number;
  /** Lengths to pad to, ascending; default: the longest text of each batch. */
  buckets?: readonly number[];
  /** Training: another order for each stream. Without it, rows go by length. */
  random?: Random;
}

/** Batches whose texts are put in order of length together: enough to save padding, few enough to stay random. */
const POOL = 32;

/**
 * Puts every row into one batch with others of about its length. Shuffled, all batches but one are full: rows are
 * shuffled, cut into pools, put in order of length within each, sliced, and the batches shuffled.
 */
export function planBatches(
  lengths: readonly number[],
  { batchSize, buckets, random }: BatchOptions,
): PlannedBatch[] {
  const all = lengths.map((_, row) => row);
  const byLength = (rows: readonly number[]) => [...rows].sort((a, b) => lengths[a]! - lengths[b]!);
  const planned = (rows: number[]): PlannedBatch => {
    const longest = Math.max(...rows.map((row) => lengths[row]!));
    return { rows, length: buckets ? bucketOf(longest, buckets) : longest };
  };
  if (!random) return slices(byLength(all), batchSize).map(planned);
  const pools = slices(shuffled(all, random.fork("rows")), POOL * batchSize);
  const batches = pools.flatMap((pool) => slices(byLength(pool), batchSize)).map(planned);
  return shuffled(batches, random.fork("batches"));
}

export interface CollateOptions {
  /** Rows of the result; those beyond the examples only fill it up. */
  batchSize: number;
  length: number;
  padId: number;
}

/** Token ids, masks and types, each [batchSize, length]. */
export interface CollatedTokens {
  inputIds: Int32Array;
  attentionMask: Int32Array;
  tokenTypeIds: Int32Array;
}

/**
 * Pads some texts to one length. Rows that only fill hold padding, but their first position counts as a token, so
 * that attention has something to attend to; their weight in the loss must be 0.
 */
export function collate(
  encodings: Encodings,
  examples: readonly number[],
  { batchSize, length, padId }: CollateOptions,
): CollatedTokens {
  const inputIds = new Int32Array(batchSize * length).fill(padId);
  const attentionMask = new Int32Array(batchSize * length);
  for (const [row, example] of examples.entries()) {
    const ids = encodings.idsOf(example).subarray(0, length);
    inputIds.set(ids, row * length);
    attentionMask.fill(1, row * length, row * length + ids.length);
  }
  for (let row = examples.length; row < batchSize; row++) attentionMask[row * length] = 1;
  return { inputIds, attentionMask, tokenTypeIds: new Int32Array(batchSize * length) };
}

const slices = (rows: readonly number[], size: number): number[][] =>
  Array.from({ length: Math.ceil(rows.length / size) }, (_, i) => rows.slice(i * size, (i + 1) * size));
