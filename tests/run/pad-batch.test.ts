import { expect, test } from "vitest";
import { padBatch, roundedLength, roundedRows } from "../../src/run/pad-batch.js";

const batch = {
  examples: Int32Array.of(4, 7),
  length: 3,
  inputIds: Int32Array.of(1, 2, 3, 4, 5, 6),
  attentionMask: Int32Array.of(1, 1, 1, 1, 1, 0),
  tokenTypeIds: Int32Array.of(0, 0, 1, 0, 1, 0),
};

test("rows and positions are added behind, without attention but for one in each new row", () => {
  expect(padBatch(batch, 3, 4)).toEqual({
    examples: Int32Array.of(4, 7, -1),
    length: 4,
    inputIds: Int32Array.of(1, 2, 3, 0, 4, 5, 6, 0, 0, 0, 0, 0),
    attentionMask: Int32Array.of(1, 1, 1, 0, 1, 1, 0, 0, 1, 0, 0, 0),
    tokenTypeIds: Int32Array.of(0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0),
  });
  expect(padBatch(batch, 2, 3)).toBe(batch);
});

test("sizes are rounded up", () => {
  expect([1, 2, 3, 8, 9, 32].map(roundedRows)).toEqual([1, 2, 4, 8, 16, 32]);
  expect([1, 16, 17, 60].map((length) => roundedLength(length, 50))).toEqual([16, 16, 32, 50]);
});
