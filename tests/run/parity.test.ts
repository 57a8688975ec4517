import { describe, expect, test } from "vitest";
import { createClassifier } from "../../src/model/classifier.js";
import { testedDevices } from "../support/devices.js";
import {
  engineWith,
  familySpec,
  frozenStages,
  labelledBatch,
  largestDifference,
  readFamily,
  readTensors,
  referenceBatch,
  referenceFamilies,
  trainingSpec,
} from "../support/families.js";

// Limits of tests/reference/README.md.
const LOGITS = 1e-5;
const LOSS = 1e-5;
const NORM = 1e-5;
const LOGITS_AFTER = 2e-5;
const PARAMETER_NORM = 2e-6;

const cases = testedDevices.flatMap(({ device, factor }) =>
  referenceFamilies.map((family) => [family, device, factor] as const),
);

describe.each(cases)("%s on %s agrees with PyTorch", (family, device, factor) => {
  const expected = readFamily(family);
  const classifier = familySpec(family, expected);
  const model = createClassifier(classifier);

  test("in the logits of texts and pairs", async () => {
    const weights = await readTensors(`${family}/model.safetensors`);
    const engine = await engineWith({ classifier, device, frozenStages: 0 }, weights);
    for (const rows of [expected.eval, ...(expected.pairs ? [expected.pairs] : [])]) {
      const logits = await engine.logits(referenceBatch(rows));
      expect(largestDifference(logits, rows.logits.flat())).toBeLessThan(factor * LOGITS);
    }
    await engine.close();
  });

  test.each([
    ["full", false],
    ["full", true],
    ["partial", false],
    ["head", false],
  ] as const)("along the trajectory %s, gradient checkpointing %s", async (kind, checkpointing) => {
    const trajectory = expected.trajectories[kind];
    const weights = await readTensors(`${family}/model.safetensors`);
    const batches = trajectory.steps.map(({ rows }) =>
      labelledBatch(expected.train, expected.num_labels, rows),
    );
    const training = { ...trainingSpec(expected.optimizer, batches[0]!.batch), checkpointing };
    const frozen = frozenStages(model, trajectory.frozen);
    const engine = await engineWith({ classifier, device, frozenStages: frozen, training }, weights);

    for (const [i, { lr, loss, grad_norm }] of trajectory.steps.entries()) {
      const { batch, denominator } = batches[i]!;
      const found = await engine.train({ batches: [batch], denominator, step: i + 1, learningRate: lr });
      expect(Math.abs(found.loss - loss), `loss of step ${i}`).toBeLessThan(factor * LOSS);
      expect(Math.abs(found.gradientNorm / grad_norm - 1), `gradient norm of step ${i}`).toBeLessThan(
        factor * NORM,
      );
    }
    const logits = await engine.logits(referenceBatch(expected.eval, undefined, 1000));
    expect(largestDifference(logits, trajectory.final_logits.flat())).toBeLessThan(factor * LOGITS_AFTER);
    for (const [name, norm] of Object.entries(trajectory.parameter_norms)) {
      const values = await engine.read(name);
      expect(Math.abs(Math.hypot(...values) / norm - 1), `norm of ${name}`).toBeLessThan(
        factor * PARAMETER_NORM,
      );
    }
    for (const name of trajectory.frozen) expect(await engine.read(name)).toEqual(weights.get(name));
    await engine.close();
  });
});
