import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createClassifier } from "../../src/model/classifier.js";
import type { TrainingSpec } from "../../src/run/engine.js";
import { probabilitiesOf } from "../../src/run/evaluate.js";
import type { Device } from "../../src/run/session.js";
import { testedDevices } from "../support/devices.js";
import { largestDifference } from "../support/families.js";
import {
  openTiny,
  readAll,
  tinyBatch,
  tinyRows,
  tinySpec,
  tinyStages,
  tinyWeights,
  weightOf,
} from "../support/tiny-model.js";

/** A test for each device. */
function onEach(name: string, run: (device: Device) => Promise<void>): void {
  for (const { device } of testedDevices) test(`${name}: ${device}`, () => run(device));
}

/** Some steps with batches of several lengths and sizes; everything that comes of it. */
async function trainOnce(device: Device, seed: number, more: Partial<TrainingSpec> = {}) {
  const engine = await openTiny({
    device,
    training: { seed, weightDecay: 0.01, maxGradientNorm: 1, epsilon: 1e-8, ...more },
  });
  const rows = tinyRows(24, { longest: 30 });
  const losses: number[] = [];
  // A software GPU needs a second for each new shape.
  const lengths = device === "cpu" ? [32, 16, 32, 24, 16, 32] : [32, 16, 32];
  for (const [i, length] of lengths.entries()) {
    const part = rows.filter(({ ids }) => ids.length <= length).slice(i, i + 6 + (i % 2));
    const batch = tinyBatch(part, { length, size: 8 });
    const { loss, gradientNorm } = await engine.train({
      batches: [batch],
      denominator: weightOf([batch]),
      step: i + 1,
      learningRate: 1e-3,
    });
    losses.push(loss, gradientNorm);
  }
  const logits = await engine.logits(tinyBatch(rows, { length: 32 }));
  const weights = createHash("sha256");
  for (const values of (await readAll(engine)).values()) weights.update(values);
  await engine.close();
  return { losses, logits, weights: weights.digest("hex") };
}

onEach(
  "the same seed gives the same losses, weights and logits, bit for bit; another doesn't",
  async (device) => {
    const first = await trainOnce(device, 0);
    expect(await trainOnce(device, 0)).toEqual(first);
    const other = await trainOnce(device, 1);
    expect(other.losses).not.toEqual(first.losses);
    expect(other.weights).not.toBe(first.weights);
    expect(other.logits).not.toEqual(first.logits);
  },
);

/** With room for batches whose dropout masks are bytes, because as numbers they would take too much. */
const large = { batchSize: 1024, maxLength: 64 };

test.each([{ checkpointing: true }, large, { ...large, checkpointing: true }])(
  "nothing that saves memory changes a bit on the processor, dropout included: %o",
  async (saving) => {
    expect(await trainOnce("cpu", 0, saving)).toEqual(await trainOnce("cpu", 0));
  },
);

test.each([
  { head: "stock", frozenStages: 0, learningRate: 3e-3 },
  { head: "mlp", frozenStages: 0, learningRate: 3e-3 },
  { head: "mlp", frozenStages: tinyStages, learningRate: 1e-2 },
] as const)("eight rows are learned by heart: %o", async ({ head, frozenStages, learningRate }) => {
  const engine = await openTiny({ classifier: { head }, frozenStages, training: { dropout: false } });
  const rows = tinyRows(8);
  const batch = tinyBatch(rows);
  let loss = Number.NaN;
  for (let step = 1; step <= 100; step++)
    ({ loss } = await engine.train({ batches: [batch], denominator: 8, step, learningRate }));
  expect(loss).toBeLessThan(0.01);
  const logits = await engine.logits(batch);
  for (const [i, { labelId }] of rows.entries())
    expect(probabilitiesOf(logits.subarray(3 * i, 3 * i + 3), "single_label")[labelId]).toBeGreaterThan(0.98);
  await engine.close();
});

describe("a prediction depends on its text alone", async () => {
  const rows = tinyRows(9);
  const engine = await openTiny();
  const alone = await engine.logits(tinyBatch(rows));

  test.each([9, 16, 32, 64])("however far it is padded: %d", async (length) => {
    expect(largestDifference(await engine.logits(tinyBatch(rows, { length })), alone)).toBeLessThan(1e-6);
  });

  test("whatever lies at the padded positions", async () => {
    const batch = tinyBatch(rows, { length: 16 });
    batch.inputIds.forEach((_, i, ids) => {
      if (batch.attentionMask[i] === 0) ids[i] = i % 100;
    });
    expect(largestDifference(await engine.logits(batch), alone)).toBeLessThan(1e-6);
  });

  test("whatever else is in the batch", async () => {
    const backwards = await engine.logits(tinyBatch(rows.toReversed()));
    for (const [i, row] of rows.entries()) {
      const own = alone.subarray(3 * i, 3 * i + 3);
      expect(largestDifference(await engine.logits(tinyBatch([row])), own)).toBeLessThan(1e-6);
      const there = rows.length - 1 - i;
      expect(largestDifference(backwards.subarray(3 * there, 3 * there + 3), own)).toBeLessThan(1e-6);
    }
  });

  test("but on all of it", async () => {
    for (const position of [0, 1, 2]) {
      const ids = rows[0]!.ids.map((id, i) => (i === position ? id + 1 : id));
      const changed = await engine.logits(tinyBatch([{ ...rows[0]!, ids }]));
      expect(largestDifference(changed, alone.subarray(0, 3))).toBeGreaterThan(1e-4);
    }
  });
});

test("dropout acts in training alone", async () => {
  const batch = tinyBatch(tinyRows(8));
  const loss = async (dropout: boolean, step: number) => {
    const engine = await openTiny({ training: { dropout } });
    const result = await engine.train({ batches: [batch], denominator: 8, step, learningRate: 0 });
    const logits = await engine.logits(batch);
    await engine.close();
    return { ...result, logits };
  };
  const [off, on, later] = [await loss(false, 1), await loss(true, 1), await loss(true, 2)];
  expect(on.loss).not.toBeCloseTo(off.loss, 3);
  expect(later.loss).not.toBeCloseTo(on.loss, 3);
  expect(on.logits).toEqual(off.logits);
});

onEach("a step's gradients are its own", async (device) => {
  const engine = await openTiny({ device, training: { batchSize: 4, accumulation: 2 } });
  const rows = tinyRows(16);
  const look = (first: number, count: number) => {
    const batches = [tinyBatch(rows.slice(first, first + 4)), tinyBatch(rows.slice(first + 4, first + 8))];
    return engine.train({ batches: batches.slice(0, count), denominator: 8, step: 1, learningRate: 0 });
  };
  const wanted = await look(0, 2);
  await look(8, 2);
  await look(8, 1);
  expect(await look(0, 2)).toEqual(wanted);
  await engine.close();
});

test("gradients are clipped by their global norm", async () => {
  // With a huge epsilon AdamW moves along the gradient: by learningRate / epsilon times what clipping leaves of it.
  const moved = async (maxGradientNorm: number) => {
    const engine = await openTiny({ training: { maxGradientNorm, epsilon: 1e4 } });
    const before = await readAll(engine);
    const batch = tinyBatch(tinyRows(8));
    const { gradientNorm } = await engine.train({
      batches: [batch],
      denominator: 8,
      step: 1,
      learningRate: 1e4,
    });
    const after = await readAll(engine);
    await engine.close();
    const squares = [...before].map(([name, values]) =>
      after.get(name)!.reduce((sum, x, i) => sum + (x - values[i]!) ** 2, 0),
    );
    return { distance: Math.sqrt(squares.reduce((a, b) => a + b)), gradientNorm };
  };
  const free = await moved(Number.POSITIVE_INFINITY);
  expect(free.distance / free.gradientNorm).toBeCloseTo(1, 3);
  const limit = free.gradientNorm / 3;
  const clipped = await moved(limit);
  expect(clipped.distance / limit).toBeCloseTo(1, 3);
  expect(clipped.gradientNorm).toBe(free.gradientNorm); // what is told is the norm before
  expect(await moved(2 * free.gradientNorm)).toEqual(free);
});

onEach("weights come out as they went in", async (device) => {
  const engine = await openTiny({ device, classifier: { head: "mlp" }, frozenStages: 2, training: {} });
  const wanted = tinyWeights(createClassifier({ ...tinySpec, head: "mlp" }));
  expect(await readAll(engine, { head: "mlp" })).toEqual(wanted);
  // What was read is a copy.
  const bias = await engine.read("bert.pooler.dense.bias");
  bias.fill(7);
  expect(await engine.read("bert.pooler.dense.bias")).toEqual(wanted.get("bert.pooler.dense.bias"));
  await engine.close();
});

onEach("what can't be written, read or trained is refused", async (device) => {
  const engine = await openTiny({ device });
  await expect(engine.write("classifier.bias", new Float32Array(4))).rejects.toMatchObject({
    code: "weights-invalid",
    message: "classifier.bias has 4 elements; the model needs [3].",
  });
  await expect(engine.write("classifier.gamma", new Float32Array(3))).rejects.toThrow("classifier.gamma");
  await expect(engine.read("fc1.bias")).rejects.toThrow("fc1.bias");
  const step = { batches: [tinyBatch(tinyRows(1))], denominator: 1, step: 1, learningRate: 1 };
  await expect(engine.train(step)).rejects.toMatchObject({ code: "internal" });
  await engine.close();
});

onEach("kept weights come back, bit for bit", async (device) => {
  const engine = await openTiny({ device, training: {} });
  const batch = tinyBatch(tinyRows(8));
  let step = 0;
  const train = () => engine.train({ batches: [batch], denominator: 8, step: ++step, learningRate: 1e-2 });
  const look = async () => ({ weights: await readAll(engine), logits: await engine.logits(batch) });

  await engine.restore(); // nothing was kept: nothing changes
  expect(await readAll(engine)).toEqual(tinyWeights(createClassifier(tinySpec)));
  await train();
  await engine.keep();
  await train();
  await engine.keep();
  const kept = await look();
  await train();
  expect(await engine.logits(batch)).not.toEqual(kept.logits);
  await engine.restore();
  expect(await look()).toEqual(kept);
  await train();
  await engine.restore();
  expect(await look()).toEqual(kept);
  await engine.close();
});
