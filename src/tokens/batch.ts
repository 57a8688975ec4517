import { TextgraftError } from "../base/errors.js";
import { type Random, shuffled } from "../base/random.js";
import type { Encodings } from "./encode-all.js";

/** Rows that are computed together, padded to one length. */
export interface PlannedBatch {
  rows: number[];
  /** Of the longest row. */
  length: number;
}

export interface PlanOptions {
  batchSize: number;
  /** Shuffles, differently for each stream: fork one for each epoch. Without it batches come by length. */
  random?: Random;
}

/** Batches that are shuffled and then sorted by length together: more pad less, fewer mix better. */
const POOL = 32;

/**
 * Batches of texts of about the same length, as numbers into `lengths`. Each row occurs once and all batches but
 * one are full. With `random`, which rows meet and the order of batches is random; without it rows ascend by length.
 */
export function planBatches(lengths: ArrayLike<number>, { batchSize, random }: PlanOptions): BatchPlan {
  const rows = random ? shuffled(upTo(lengths.length), random.fork("rows")) : upTo(lengths.length);
  const pool = random ? POOL * batchSize : lengths.length;
  for (let first = 0; first < rows.length; first += pool)
    rows.subarray(first, first + pool).sort((a, b) => lengths[a]! - lengths[b]!); // stable
  const inRows = upTo(Math.ceil(rows.length / batchSize)); // a pool has whole batches, but the last
  const order = random ? shuffled(inRows, random.fork("batches")) : inRows;
  const at = (batch: number): PlannedBatch => {
    const first = order[batch]! * batchSize;
    const members = Array.from(rows.subarray(first, first + batchSize));
    return { rows: members, length: lengths[members.at(-1)!]! };
  };
  return {
    length: order.length,
    at,
    *[Symbol.iterator]() {
      for (let batch = 0; batch < order.length; batch++) yield at(batch);
    },
  };
}

/** Batches, made when they are asked for: large data has many. */
export interface BatchPlan extends Iterable<PlannedBatch> {
  readonly length: number;
  /** A batch below `length`. */
  at(batch: number): PlannedBatch;
}

/** 0, 1, 2 … below a number. */
const upTo = (end: number): Uint32Array => Uint32Array.from({ length: end }, (_, i) => i);

/** Token ids of a batch; all [batchSize, length], row after row. */
export interface CollatedBatch {
  inputIds: Int32Array;
  attentionMask: Int32Array;
  tokenTypeIds: Int32Array;
}

/**
 * Pads rows to one length, and a short batch to `batchSize` rows. Rows that only fill hold padding, but their first
 * position has attention mask 1: a softmax over no key at all would be NaN, and NaN times weight 0 is NaN.
 */
export function collate(
  encodings: Encodings,
  rows: readonly number[],
  { batchSize, length, padId }: { batchSize: number; length: number; padId: number },
): CollatedBatch {
  const inputIds = new Int32Array(batchSize * length).fill(padId);
  const attentionMask = new Int32Array(batchSize * length);
  const tokenTypeIds = new Int32Array(batchSize * length);
  for (const [i, row] of rows.entries()) {
    const encoding = encodings.at(row);
    const tokens = encoding.inputIds.length;
    if (tokens > length || i >= batchSize) {
      throw new TextgraftError("internal", {
        message: `Row ${row} with ${tokens} tokens doesn't fit a batch of ${batchSize} rows of ${length}.`,
      });
    }
    inputIds.set(encoding.inputIds, i * length);
    attentionMask.fill(1, i * length, i * length + tokens);
    tokenTypeIds.set(encoding.tokenTypeIds, i * length);
  }
  for (let i = rows.length; i < batchSize; i++) attentionMask[i * length] = 1;
  return { inputIds, attentionMask, tokenTypeIds };
}
