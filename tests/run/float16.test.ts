import { describe, expect, test } from "vitest";
import { float32 } from "../../src/base/tensor.js";
import { createClassifier } from "../../src/model/classifier.js";
import type { Engine } from "../../src/run/engine.js";
import type { OpenGpuSession } from "../../src/run/gpu-session.js";
import { gpuFailure } from "../../src/run/gpu-session-node.js";
import { load } from "../../src/run/load-node.js";
import { requireFloat16 } from "../../src/run/precision.js";
import { openSoftwareGpu } from "../support/devices.js";
import {
  engineWith,
  FLOAT16,
  familySpec,
  frozenStages,
  labelledBatch,
  largestDifference,
  naturalDifferences,
  readFamily,
  readTensors,
  referenceBatch,
  referenceFamilies,
  trainingSpec,
} from "../support/families.js";
import { openRoundingSession } from "../support/float16-session.js";
import { hasSoftwareGpu, unlessSkipped } from "../support/software-gpu.js";
import { openTiny, readAll, type TinyEngine, tinyBatch, tinyRows } from "../support/tiny-model.js";

const open = (setting: TinyEngine = {}): Promise<Engine> =>
  openTiny({ device: "webgpu", precision: "float16", openGpuSession: openRoundingSession, ...setting });

const rows = tinyRows(16, { longest: 14 });
const batch = tinyBatch(rows, { length: 16 });

/** Gradients of all families are tested in tests/model; how a step uses them depends on no family. */
const families = referenceFamilies.filter((family) => family.startsWith("bert"));

describe.each(families)("%s in float16 is as near to PyTorch as float16 is to float32", (family) => {
  const expected = readFamily(family);
  const natural = naturalDifferences(family);
  const classifier = familySpec(family, expected);
  const device = "webgpu";

  test.each(["full", "partial", "head"] as const)("along the trajectory %s", async (kind) => {
    const trajectory = expected.trajectories[kind];
    const weights = await readTensors(`${family}/model.safetensors`);
    const batches = trajectory.steps.map(({ rows }) =>
      labelledBatch(expected.train, expected.num_labels, rows),
    );
    const training = trainingSpec(expected.optimizer, batches[0]!.batch);
    const frozen = frozenStages(createClassifier(classifier), trajectory.frozen);
    const spec = { classifier, device, precision: "float16", frozenStages: frozen, training } as const;
    const engine = await engineWith(spec, weights, openRoundingSession);
    let calls = 0;
    for (const [i, { lr, loss, grad_norm }] of trajectory.steps.entries()) {
      const { batch, denominator } = batches[i]!;
      const train = () => engine.train({ batches: [batch], denominator, step: ++calls, learningRate: lr });
      let found = await train();
      // A step that overflows changes nothing but the scale, and can be done again.
      while (!Number.isFinite(found.gradientNorm)) found = await train();
      expect(Math.abs(found.loss - loss), `loss of step ${i}`).toBeLessThan(FLOAT16 * natural.full_loss);
      expect(Math.abs(found.gradientNorm / grad_norm - 1), `gradient norm of step ${i}`).toBeLessThan(
        FLOAT16 * natural.full_grad_norm,
      );
    }
    expect(calls).toBeLessThan(trajectory.steps.length + 5);
    const logits = await engine.logits(referenceBatch(expected.eval, undefined, 1000));
    expect(largestDifference(logits, trajectory.final_logits.flat())).toBeLessThan(
      FLOAT16 * natural.full_final_logits,
    );
    for (const [name, norm] of Object.entries(trajectory.parameter_norms)) {
      const values = await engine.read(name);
      expect(Math.abs(Math.hypot(...values) / norm - 1), `norm of ${name}`).toBeLessThan(
        FLOAT16 * natural.full_parameter_norms,
      );
    }
    for (const name of trajectory.frozen) expect(await engine.read(name)).toEqual(weights.get(name));
    await engine.close();
  });
});

test("training with dropout learns rows by heart, beside float32 all the way, and the same bits each time", async () => {
  const losses = [];
  for (const precision of ["float32", "float16", "float16"] as const) {
    const engine = await open({ precision, training: {} });
    const found: number[] = [];
    for (let step = 1; step <= 30; step++)
      found.push((await engine.train({ batches: [batch], denominator: 16, step, learningRate: 2e-3 })).loss);
    await engine.close();
    losses.push(found);
  }
  const [wanted, found, again] = losses as [number[], number[], number[]];
  expect(again).toEqual(found);
  expect(found).not.toEqual(wanted);
  expect(found.at(-1)!).toBeLessThan(0.5 * found[0]!);
  // As far as float16 may move the losses of the reference's trajectories.
  for (const [i, loss] of found.entries())
    expect(Math.abs(loss - wanted[i]!), `loss of step ${i}`).toBeLessThan(FLOAT16 * 3e-7);
});

test("gradient checkpointing changes no bit: what is computed again is cast again", async () => {
  const weights = [];
  for (const checkpointing of [false, true]) {
    const engine = await open({ training: { checkpointing } });
    for (let step = 1; step <= 2; step++)
      await engine.train({ batches: [batch], denominator: 16, step, learningRate: 1e-3 });
    weights.push(await readAll(engine));
    await engine.close();
  }
  expect(weights[1]).toEqual(weights[0]);
});

describe("a step whose gradients overflow", () => {
  /** A loss of a million, whose gradients float16 can't hold at any scale that is tried first. */
  const TOO_SMALL = 1e-6;
  const training = { dropout: false, accumulation: 2, weightDecay: 0.01 };
  const step = (engine: Engine, number: number, denominator = 16) =>
    engine.train({ batches: [batch], denominator, step: number, learningRate: 1e-3 });

  test("changes no weight, and has a finite loss and no finite norm", async () => {
    const engine = await open({ training });
    await step(engine, 1);
    const before = await readAll(engine);
    const { loss, gradientNorm } = await step(engine, 2, TOO_SMALL);
    expect(loss).toBeGreaterThan(1e5);
    expect(loss).toBeLessThan(1e8);
    expect(Number.isFinite(gradientNorm)).toBe(false);
    expect(await readAll(engine)).toEqual(before);
    await engine.close();
  });

  test("doesn't count for AdamW: what follows is as if it had not been", async () => {
    const [skipping, without] = [await open({ training }), await open({ training })];
    for (const [number, denominator] of [
      [1, 16],
      [2, TOO_SMALL],
      [3, TOO_SMALL],
      [4, 16],
      [5, 16],
    ] as const)
      await step(skipping, number, denominator);
    for (const number of [1, 2, 3]) await step(without, number);
    const wanted = await readAll(without);
    // Another scale rounds nothing else as long as no gradient is below 2^-14; a step more in AdamW's bias corrections
    // would move weights by 1e-4.
    for (const [name, values] of await readAll(skipping))
      expect(largestDifference(values, wanted.get(name)!), name).toBeLessThan(1e-6);
    await skipping.close();
    await without.close();
  });

  test("is skipped whole where one of its batches overflows", async () => {
    const engine = await open({ training });
    const before = await readAll(engine);
    const large = { ...batch, weights: batch.weights.map((weight) => 1e7 * weight) };
    const { gradientNorm } = await engine.train({
      batches: [batch, large],
      denominator: 16,
      step: 1,
      learningRate: 1e-3,
    });
    expect(Number.isFinite(gradientNorm)).toBe(false);
    expect(await readAll(engine)).toEqual(before);
    await engine.close();
  });

  test("ends the training, as a loss that is no number, where no scale is small enough", async () => {
    const engine = await open({ training });
    const losses: number[] = [];
    for (let number = 1; number <= 40 && !losses.some(Number.isNaN); number++)
      losses.push((await step(engine, number, 1e-30)).loss);
    expect(losses[0]).toBeGreaterThan(1e29);
    expect(losses.length).toBe(32); // from 2^16 to below 2^-14
    await engine.close();
  });
});

test("batches added up give the step of one batch", async () => {
  const halves = [rows.slice(0, 8), rows.slice(8)].map((part) => tinyBatch(part, { length: 16 }));
  const weights = [];
  for (const batches of [[batch], halves]) {
    const engine = await open({ training: { accumulation: 2 } });
    const { gradientNorm } = await engine.train({ batches, denominator: 16, step: 1, learningRate: 1e-3 });
    weights.push({ gradientNorm, values: await readAll(engine) });
    await engine.close();
  }
  const [one, two] = weights as [(typeof weights)[0], (typeof weights)[0]];
  // Every product is rounded in two parts instead of one, by 2^-11 each; AdamW's first step has a size of its own.
  expect(Math.abs(two.gradientNorm / one.gradientNorm - 1)).toBeLessThan(2 * 2 ** -11);
  for (const [name, values] of one.values)
    expect(largestDifference(two.values.get(name)!, values), name).toBeLessThan(1e-3);
});

describe("what a GPU must have for float16", () => {
  /** A GPU that answers 1 + 1 and 65504 + 65504 so. */
  const answering = (...twice: number[]): OpenGpuSession => {
    return async () => ({
      inputs: new Set(["x"]),
      run: async () => ({ host: { twice: float32([2], twice) }, gpu: {} }),
      dispose: async () => {},
    });
  };

  test("is float16, with infinity", async () => {
    await requireFloat16(openRoundingSession);
    await requireFloat16(answering(2, Number.POSITIVE_INFINITY));
    await expect(requireFloat16(answering(2, 65504))).rejects.toMatchObject({
      code: "option-invalid",
      message: expect.stringContaining("65504 for 65504 + 65504"),
      fix: expect.stringContaining("--precision float32"),
    });
  });

  test("and what fails for another reason is told as it is", async () => {
    const broken: OpenGpuSession = async (...given) => ({
      ...(await answering()(...given)),
      run: () => Promise.reject(new Error("the device was lost")),
    });
    await expect(requireFloat16(broken)).rejects.toMatchObject({ code: "internal" });
    const none = gpuFailure(new Error("Failed to get a WebGPU adapter: No supported adapters"));
    await expect(requireFloat16(() => Promise.reject(none))).rejects.toBe(none);
  });

  test.skipIf(!hasSoftwareGpu)(
    `a driver without it is refused when the engine opens${unlessSkipped}`,
    async () => {
      await expect(open({ training: {}, openGpuSession: openSoftwareGpu })).rejects.toMatchObject({
        code: "option-invalid",
        message:
          "--precision is float16, but this GPU or its driver can't compute in it: it lacks WebGPU's shader-f16.",
        fix: expect.stringContaining("--precision float32"),
      });
    },
  );

  test("and the processor is no such device", async () => {
    await expect(load("no-such-folder", { precision: "float16" })).rejects.toMatchObject({
      code: "option-invalid",
      message: expect.stringContaining("--device is cpu"),
    });
  });
});
