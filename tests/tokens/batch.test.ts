import fc from "fast-check";
import { expect, test } from "vitest";
import { random } from "../../src/base/random.js";
import { collate, planBatches } from "../../src/tokens/batch.js";
import { encodeAll } from "../../src/tokens/encode-all.js";
import { createTokenizer } from "../../src/tokens/tokenizer.js";

const someLengths = fc.array(fc.integer({ min: 2, max: 64 }), { maxLength: 300 });
const someSize = fc.integer({ min: 1, max: 9 });

test("each row is in one batch, all batches but one are full, and each is as long as its longest row", () => {
  fc.assert(
    fc.property(someLengths, someSize, fc.option(fc.integer()), (lengths, batchSize, seed) => {
      const shuffle = seed === null ? {} : { random: random(seed) };
      const batches = [...planBatches(lengths, { batchSize, ...shuffle })];
      const rows = batches.flatMap((batch) => batch.rows);
      expect(rows.toSorted((a, b) => a - b)).toEqual(lengths.map((_, row) => row));
      expect(batches.filter((batch) => batch.rows.length < batchSize).length).toBeLessThanOrEqual(1);
      for (const batch of batches) {
        const longest = Math.max(...batch.rows.map((row) => lengths[row]!));
        expect(batch.length).toBe(longest);
      }
    }),
  );
});

test("without a random stream rows ascend by length, equal ones in their order", () => {
  const lengths = [9, 3, 5, 3, 12];
  expect([...planBatches(lengths, { batchSize: 2 })]).toEqual([
    { rows: [1, 3], length: 3 },
    { rows: [2, 0], length: 9 },
    { rows: [4], length: 12 },
  ]);
  expect([...planBatches([], { batchSize: 2 })]).toEqual([]);
});

test("the same stream gives the same plan, another epoch another one", () => {
  const lengths = Array.from({ length: 500 }, (_, row) => 2 + ((row * 37) % 60));
  const plan = (seed: number, epoch: number) => [
    ...planBatches(lengths, { batchSize: 8, random: random(seed).fork("shuffle", epoch) }),
  ];
  expect(plan(7, 1)).toEqual(plan(7, 1));
  const batches = (seed: number, epoch: number): Set<string> =>
    new Set(plan(seed, epoch).map(({ rows }) => String(rows)));
  for (const other of [batches(7, 2), batches(8, 1)]) {
    const shared = [...other].filter((rows) => batches(7, 1).has(rows));
    expect(shared.length).toBeLessThan(3);
  }
});

test("batches come in no order of length, and yet pad little", () => {
  const lengths = Array.from({ length: 1024 }, (_, row) => 2 + ((row * 37) % 61));
  const batches = [...planBatches(lengths, { batchSize: 32, random: random(3) })];
  const order = batches.map(({ length }) => length);
  expect(order).not.toEqual(order.toSorted((a, b) => a - b));
  const padded = batches.reduce((sum, { rows, length }) => sum + rows.length * length, 0);
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  expect(padded / tokens).toBeLessThan(1.1); // unsorted batches: about 1.9
});

const tokenizer = createTokenizer({
  vocabTxt: "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\n",
  tokenizerConfigJson: '{"pad_token": "b"}',
});

test("rows are padded to one length, and short batches to one size", async () => {
  const encodings = await encodeAll(tokenizer, ["a a", "", "a"]);
  const batch = collate(encodings, [2, 0], { batchSize: 3, length: 5, padId: tokenizer.padId });
  expect(batch).toEqual({
    inputIds: Int32Array.from(
      [
        [2, 4, 3, 5, 5],
        [2, 4, 4, 3, 5],
        [5, 5, 5, 5, 5],
      ].flat(),
    ),
    attentionMask: Int32Array.from(
      [
        [1, 1, 1, 0, 0],
        [1, 1, 1, 1, 0],
        [1, 0, 0, 0, 0],
      ].flat(),
    ),
    tokenTypeIds: new Int32Array(15),
  });
});

test("token types go into the batch, and padding has type 0", () => {
  const { inputIds, tokenTypeIds } = tokenizer.encode("a", undefined, "b");
  const encodings = {
    count: 1,
    lengthOf: () => inputIds.length,
    at: () => ({ inputIds, tokenTypeIds }),
    truncated: () => encodings,
  };
  const batch = collate(encodings, [0], { batchSize: 1, length: 7, padId: 0 });
  expect([...batch.tokenTypeIds]).toEqual([0, 0, 0, 1, 1, 0, 0]);
});

test("what doesn't fit is an error of ours", async () => {
  const encodings = await encodeAll(tokenizer, ["a a", "a"]);
  const fill = (rows: number[], batchSize: number, length: number) => () =>
    collate(encodings, rows, { batchSize, length, padId: 0 });
  expect(fill([0], 1, 3)).toThrow(/Row 0 with 4 tokens/);
  expect(fill([0, 1], 1, 4)).toThrow(expect.objectContaining({ code: "internal" }));
});
