import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TrainBatch } from "../../src/run/engine.js";
import { largestDifference } from "../support/families.js";
import {
  openTiny,
  readAll,
  type TinyEngine,
  type TinyRow,
  tinyBatch,
  tinyRows,
  weightOf,
} from "../support/tiny-model.js";

const CLASS_WEIGHTS = [0.5, 1, 3.5];
const STEPS = 3;

/** Trains some steps, each with the rows in the batches that `cut` makes of them. */
async function train(
  { training, ...setting }: TinyEngine,
  cut: (rows: readonly TinyRow[], step: number) => TrainBatch[],
) {
  const batches = Array.from({ length: STEPS }, (_, i) => cut(tinyRows(8, { seed: i, longest: 16 }), i + 1));
  const engine = await openTiny({
    ...setting,
    training: { batchSize: batches[0]![0]!.weights.length, accumulation: batches[0]!.length, ...training },
  });
  const results: number[] = [];
  for (const [i, step] of batches.entries()) {
    const { loss, gradientNorm } = await engine.train({
      batches: step,
      denominator: weightOf(step),
      step: i + 1,
      learningRate: 1e-3,
    });
    results.push(loss, gradientNorm);
  }
  const weights = await readAll(engine);
  await engine.close();
  return { results, weights };
}

/** Micro-batches of `size` rows; the last is filled up with rows of weight 0. */
const cutInto =
  (size: number, length = 16) =>
  (rows: readonly TinyRow[]): TrainBatch[] =>
    Array.from({ length: Math.ceil(rows.length / size) }, (_, i) =>
      tinyBatch(rows.slice(i * size, (i + 1) * size), { length, size, classWeights: CLASS_WEIGHTS }),
    );

function expectSame(found: Awaited<ReturnType<typeof train>>, wanted: typeof found): void {
  for (const [i, value] of wanted.results.entries())
    expect(Math.abs(found.results[i]! / value - 1), `loss or norm ${i}`).toBeLessThan(1e-6);
  for (const [name, values] of wanted.weights)
    expect(largestDifference(found.weights.get(name)!, values), name).toBeLessThan(1e-6);
}

describe.each<[string, TinyEngine]>([
  ["without dropout", { training: { dropout: false } }],
  ["with dropout", { training: { dropout: true } }],
  ["with dropout, clipped and decayed", { training: { maxGradientNorm: 0.1, weightDecay: 0.1 } }],
  ["with two frozen stages", { training: { dropout: true }, frozenStages: 2 }],
])("one batch of eight rows, %s, trains as", async (_name, setting) => {
  const whole = await train(setting, cutInto(8));

  test.each([
    ["four micro-batches of two", cutInto(2)],
    ["three of three, the last filled up", cutInto(3)],
    ["one filled up to twelve rows", cutInto(12)],
    ["its rows in another order", (rows: readonly TinyRow[]) => cutInto(8)(rows.toReversed())],
    [
      "micro-batches of different lengths",
      ([a, ...rest]: readonly TinyRow[]) => [...cutInto(7, 32)([a!]), ...cutInto(7, 16)(rest)],
    ],
    ["itself padded to 32", cutInto(8, 32)],
    ["itself padded to 64", cutInto(8, 64)],
  ])("%s", async (_name, cut) => {
    // Room is planned for the longest.
    const training = { ...setting.training, maxLength: 64 };
    expectSame(await train({ ...setting, training }, cut), whole);
  });
});

test("the loss is the weighted sum of the rows' own losses, over the denominator", async () => {
  const engine = await openTiny({ training: { batchSize: 1, accumulation: 5 } });
  const rows = tinyRows(5);
  const step = (batches: TrainBatch[], denominator: number) =>
    engine.train({ batches, denominator, step: 1, learningRate: 0 });
  const own: number[] = [];
  for (const row of rows) own.push((await step([tinyBatch([row])], 1)).loss);

  const weights = fc.float({ min: 0, max: 4, noNaN: true });
  const weighted = fc.array(weights, { minLength: 5, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(weighted, fc.double({ min: 0.5, max: 9, noNaN: true }), async (given, denominator) => {
      const batches = rows.map((row, i) => ({ ...tinyBatch([row]), weights: Float32Array.of(given[i]!) }));
      const { loss } = await step(batches, denominator);
      const sum = own.reduce((total, value, i) => total + given[i]! * value, 0) / denominator;
      expect(Math.abs(loss - sum)).toBeLessThan(1e-5 * Math.max(1, sum));
    }),
    { numRuns: 25, seed: 1 },
  );
  await engine.close();
});
