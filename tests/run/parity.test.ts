import { describe, expect, test } from "vitest";
import { createClassifier } from "../../src/model/classifier.js";
import { expectWithin } from "../support/deviations.js";
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

/** All families on the processor; on a software GPU, which is slow, not those that compute what BERT does. */
const cases = testedDevices.flatMap(({ device, factor }) =>
  referenceFamilies
    .filter((family) => device === "cpu" || !/roberta$/.test(family))
    .map((family) => [family, device, factor] as const),
);

describe.each(cases)("%s on %s agrees with PyTorch", (family, device, factor) => {
  const within = expectWithin({ family, device, factor });
  const expected = readFamily(family);
  const classifier = familySpec(family, expected);
  const model = createClassifier(classifier);
  // What is frozen or computed again is chosen in the graph, whatever the device: a software GPU, which is slow, shows it for
  // one family, and for all of them whole steps.
  const every = device === "cpu" || family === "bert";

  test("in the logits of texts and pairs", async ({ task }) => {
    const weights = await readTensors(`${family}/model.safetensors`);
    const engine = await engineWith({ classifier, device, frozenStages: 0 }, weights);
    for (const rows of [expected.eval, ...(expected.pairs ? [expected.pairs] : [])]) {
      const logits = await engine.logits(referenceBatch(rows));
      within(task, "logits", largestDifference(logits, rows.logits.flat()));
    }
    await engine.close();
  });

  test.for([
    ["full", false],
    ...(every
      ? ([
          ["full", true],
          ["partial", false],
          ["head", false],
        ] as const)
      : []),
  ] as const)(
    "along the trajectory %s, gradient checkpointing %s",
    async ([kind, checkpointing], { task }) => {
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
        within(task, `${kind}: loss`, Math.abs(found.loss - loss), `step ${i}`);
        within(task, `${kind}: gradient norm`, Math.abs(found.gradientNorm / grad_norm - 1), `step ${i}`);
      }
      const logits = await engine.logits(referenceBatch(expected.eval, undefined, 1000));
      within(task, `${kind}: logits afterwards`, largestDifference(logits, trajectory.final_logits.flat()));
      for (const [name, norm] of Object.entries(trajectory.parameter_norms)) {
        const values = await engine.read(name);
        within(task, `${kind}: parameter norms`, Math.abs(Math.hypot(...values) / norm - 1), name);
      }
      for (const name of trajectory.frozen) expect(await engine.read(name)).toEqual(weights.get(name));
      await engine.close();
    },
  );
});
