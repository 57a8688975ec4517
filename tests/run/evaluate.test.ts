import { expect, test } from "vitest";
import type { Engine } from "../../src/run/engine.js";
import { logitsOf, probabilitiesOf, weightedCrossEntropy } from "../../src/run/evaluate.js";
import type { Encodings } from "../../src/tokens/encode-all.js";

test("logits come in the order of the examples, whatever batches they went through", async () => {
  const lengths = [5, 2, 9, 2, 7, 3, 9];
  const encodings = {
    lengthOf: (text) => lengths[text]!,
    at: (text) => {
      const inputIds = new Int32Array(lengths[text]!).fill(text);
      return { inputIds, tokenTypeIds: inputIds.map(() => 1) };
    },
  } as Encodings;
  const seen: { rows: number; length: number }[] = [];
  const engine = {
    logits: async ({ examples, length, inputIds, attentionMask, tokenTypeIds }) => {
      seen.push({ rows: examples.length, length });
      expect(tokenTypeIds).toEqual(attentionMask);
      return Float32Array.from([...examples].flatMap((example, i) => [example, inputIds[i * length]!]));
    },
  } as Engine;
  const batches = logitsOf(engine, { encodings, batchSize: 3, padId: 0 }, [6, 0, 4, 1, 3, 5]);
  const done: number[] = [];
  let last = await batches.next();
  for (; !last.done; last = await batches.next()) done.push(last.value.done);
  const { value } = last;
  expect(Array.from({ length: value.length }, (_, row) => [...value.at(row)])).toEqual(
    [6, 0, 4, 1, 3, 5].map((example) => [example, example]),
  );
  // Rows of about the same length go together, and none is padded further than its longest.
  expect(seen).toEqual([
    { rows: 3, length: 3 },
    { rows: 3, length: 9 },
  ]);
  expect(done).toEqual([3, 6]);
});

test("probabilities are those of the logits' odds, and add up to 1 even for huge logits", () => {
  expect(probabilitiesOf([Math.log(1), Math.log(3)], "single_label")).toEqual(
    [0.25, 0.75].map((p) => expect.closeTo(p, 12)),
  );
  expect(probabilitiesOf([1000, 1000, -1000], "single_label")).toEqual([0.5, 0.5, 0]);
  expect(probabilitiesOf([0, Math.log(3), -1000, 1000], "multi_label")).toEqual([
    0.5,
    expect.closeTo(0.75, 12),
    0,
    1,
  ]);
});

test("the weighted loss divides by the weights of the rows' labels", () => {
  const logits = [
    [Math.log(1), Math.log(3)],
    [Math.log(4), Math.log(1)],
    [2000, 0],
  ];
  // -ln of the probabilities 3/4, 4/5 and 1
  const expected = (5 * -Math.log(3 / 4) + 2 * -Math.log(4 / 5) + 0) / (5 + 2 + 2);
  expect(weightedCrossEntropy(logits, [1, 0, 0], [2, 5])).toBeCloseTo(expected, 12);
  expect(weightedCrossEntropy([[0, 2000]], [0], [3])).toBe(2000);
});
