import { roundUp } from "../base/numbers.js";
import type { Batch, LineBatch } from "./engine.js";

/**
 * A batch with more rows and more positions. They only fill: no example, words number 0, and no attention but one position
 * in a row that would have none, since a softmax over no key at all is NaN.
 */
export function padBatch(batch: Batch, rows: number, length: number): Batch {
  const given = batch.examples.length;
  if (rows === given && length === batch.length) return batch;
  const padded = (values: Int32Array): Int32Array => paddedRows(values, batch, rows, length);
  const examples = new Int32Array(rows).fill(-1);
  examples.set(batch.examples);
  const attentionMask = padded(batch.attentionMask);
  for (let row = given; row < rows; row++) attentionMask[row * length] = 1;
  return {
    examples,
    length,
    inputIds: padded(batch.inputIds),
    attentionMask,
    tokenTypeIds: padded(batch.tokenTypeIds),
  };
}

/** The same for points of lines: rows that only fill stay at the baseline, and ask for no label. */
export function padLines(batch: LineBatch, rows: number, length: number): LineBatch {
  const shares = new Float32Array(rows);
  shares.set(batch.shares);
  const targets = new Float32Array((batch.targets.length / batch.examples.length) * rows);
  targets.set(batch.targets);
  const baselineIds = paddedRows(batch.baselineIds, batch, rows, length);
  return { ...padBatch(batch, rows, length), baselineIds, shares, targets };
}

function paddedRows(values: Int32Array, batch: Batch, rows: number, length: number): Int32Array {
  const result = new Int32Array(rows * length);
  for (let row = 0; row < batch.examples.length; row++)
    result.set(values.subarray(row * batch.length, (row + 1) * batch.length), row * length);
  return result;
}

/** Sizes to which batches are filled up where each shape needs a graph of its own: powers of two. */
export const roundedRows = (rows: number): number => 2 ** Math.ceil(Math.log2(rows));

/** Lengths to which they are filled up: multiples of 16, and never more than the model has positions for. */
export const roundedLength = (length: number, positions: number): number =>
  Math.min(roundUp(length, 16), positions);
