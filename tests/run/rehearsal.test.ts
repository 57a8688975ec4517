import { expect, test } from "vitest";
import { random } from "../../src/base/random.js";
import type { Batch, Engine, StepTime, TrainBatch } from "../../src/run/engine.js";
import { rehearse } from "../../src/run/rehearsal.js";
import type { TrainData, TrainSettings } from "../../src/run/train.js";
import { openTiny, readAll, tinyBatch, tinyRows, weightOf } from "../support/tiny-model.js";

const GB = 1e9;

/** Texts of these lengths, all to be trained on. */
function dataOf(lengths: readonly number[], batchSize: number): TrainData {
  const texts = lengths.map((length) => ({
    inputIds: new Int32Array(length).fill(7),
    tokenTypeIds: new Int32Array(length),
  }));
  return {
    encodings: {
      at: (row: number) => texts[row]!,
      lengthOf: (row: number) => lengths[row]!,
      of: (row: number) => [row],
      textOf: (row: number) => row,
    } as unknown as TrainData["encodings"],
    batchSize,
    padId: 0,
    problem: "single_label",
    windowPooling: "mean",
    labelIds: lengths.map((_, row) => [row % 2]),
    labelCount: 2,
    train: lengths.map((_, row) => row),
    validation: [],
  };
}

const settings: TrainSettings = {
  epochs: 3,
  accumulate: 1,
  learningRate: 1e-3,
  schedule: () => 1,
  classWeights: [1, 1],
  labelSmoothing: 0,
  best: "loss",
  patience: 0,
  random: random(0),
  cancelled: () => false,
};

/**
 * An engine that takes 0.1 s a row of 40 tokens and 1 s for each update, and 0.1 GB a row besides 1 GB. It predicts in a tenth of
 * that, which is what is left of the frozen stages once it has seen a row: they take 0.05 s.
 */
function pretended({ frozen = false } = {}) {
  let bytes = GB;
  let now = 0;
  const known = new Set<number>();
  const seen: TrainBatch[] = [];
  const engine = {
    logits: async ({ examples, length }: Batch) => {
      for (const example of examples) {
        now += ((frozen && !known.has(example) ? 0.05 : 0) * length) / 40 + (0.01 * length) / 40;
        known.add(example);
      }
      return new Float32Array();
    },
    rehearse: async (batch: TrainBatch): Promise<StepTime> => {
      seen.push(batch);
      bytes = GB + 0.1 * GB * batch.examples.length;
      return { gradients: (0.1 * batch.examples.length * batch.length) / 40, update: 1 };
    },
  } as unknown as Engine;
  return { engine, seen, resident: () => bytes, clock: () => now };
}

test("time and memory are extended from small steps on the longest texts to whole ones", async () => {
  const { engine, seen, resident, clock } = pretended();
  // Two batches of 32: one of 40 tokens, and one of 10, which takes a quarter of the time.
  const lengths = [...new Array<number>(32).fill(10), ...new Array<number>(32).fill(40)];
  const memory = { resident, available: () => 100 * GB };
  const options = { memory, laterBytes: GB / 2, gradientCheckpointing: false, frozen: false, clock };
  const { seconds, bytes } = await rehearse(engine, dataOf(lengths, 32), settings, options);
  expect(seconds).toBeCloseTo(3 * (3.2 + 0.8 + 2), 6);
  expect(bytes! / GB).toBeCloseTo(1 + 3.2 + 0.5, 6);
  expect(seen.map(({ examples, length }) => [examples.length, length])).toEqual([
    [1, 40],
    [4, 40],
    [8, 40],
  ]);
});

test("validation, and features of frozen stages, take their time, too", async () => {
  const lengths = [...new Array<number>(64).fill(40), ...new Array<number>(16).fill(20)];
  const data = {
    ...dataOf(lengths, 32),
    train: lengths.slice(0, 64).map((_, row) => row),
    validation: lengths.slice(64).map((_, row) => 64 + row),
  };
  const options = { memory: undefined, laterBytes: 0, gradientCheckpointing: false };
  const secondsOf = async (frozen: boolean) => {
    const { engine, clock } = pretended({ frozen });
    return (await rehearse(engine, data, settings, { ...options, frozen, clock })).seconds;
  };
  const steps = 3 * (6.4 + 2);
  const validation = 3 * 8 * 0.01; // 16 texts of 20 tokens are as 8 of 40
  expect(await secondsOf(false)).toBeCloseTo(steps + validation, 6);
  expect(await secondsOf(true)).toBeCloseTo(steps + validation + (64 + 8) * 0.05, 6);
});

test("what won't fit is refused before the first step, with batches that would", async () => {
  const { engine, resident } = pretended();
  const memory = { resident, available: () => 1.2 * GB }; // and 1.8 that it has after 8 rows
  const options = { memory, laterBytes: 0, gradientCheckpointing: false, frozen: false };
  const refused = rehearse(engine, dataOf(new Array<number>(64).fill(40), 32), settings, options);
  await expect(refused).rejects.toMatchObject({
    code: "memory-short",
    message: "The training needs about 4.2 GB of memory, and there are only 3.0 GB.",
    fix: expect.stringMatching(/--gradient-checkpointing, --batch-size 16 with --accumulate 2/),
  });
  const told = rehearse(engine, dataOf(new Array<number>(64).fill(40), 32), settings, {
    ...options,
    gradientCheckpointing: true,
  });
  await expect(told).rejects.toMatchObject({ fix: expect.not.stringContaining("checkpointing") });
});

test("where a GPU computes, only the time is told", async () => {
  const { engine } = pretended();
  const options = { memory: undefined, laterBytes: 0, gradientCheckpointing: false, frozen: false };
  const estimate = await rehearse(engine, dataOf([40, 40], 1), settings, options);
  expect(Object.keys(estimate)).toEqual(["seconds"]);
});

test("a rehearsal changes nothing of the training that follows, bit for bit", async () => {
  const trained = async (rehearsed: boolean) => {
    const engine = await openTiny({ training: { weightDecay: 0.01 } });
    const batch = tinyBatch(tinyRows(8));
    if (rehearsed) await engine.rehearse(tinyBatch(tinyRows(8).toReversed().slice(0, 5)));
    const losses: number[] = [];
    for (let step = 1; step <= 4; step++) {
      const denominator = weightOf([batch]);
      const { loss } = await engine.train({ batches: [batch], denominator, step, learningRate: 1e-2 });
      losses.push(loss);
    }
    const weights = await readAll(engine);
    await engine.close();
    return { losses, weights };
  };
  expect(await trained(true)).toEqual(await trained(false));
});
