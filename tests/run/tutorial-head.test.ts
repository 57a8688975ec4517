import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createClassifier } from "../../src/model/classifier.js";
import { readConfig } from "../../src/model/families.js";
import type { EngineSpec } from "../../src/run/engine.js";
import { probabilitiesOf, weightedCrossEntropy } from "../../src/run/evaluate.js";
import {
  engineWith,
  labelledBatch,
  largestDifference,
  type ReferenceFamily,
  type ReferenceRows,
  readTensors,
  referenceBatch,
  trainingSpec,
} from "../support/families.js";
import { readReference, referenceFolder } from "../support/reference.js";

interface TutorialHead {
  class_weights: number[];
  optimizer: ReferenceFamily["optimizer"] & { lr: number };
  train: ReferenceRows;
  eval: ReferenceRows;
  initial_log_probs: number[][];
  final_log_probs: number[][];
  final_eval_loss: number;
  steps: { rows: number[]; lr: number; loss: number; grad_norm: number }[];
  parameter_norms: Record<string, number>;
}

test.skipIf(!existsSync(join(referenceFolder, "tutorial-head")))(
  "the tutorial's head on a frozen encoder trains as in PyTorch",
  async () => {
    const expected = readReference<TutorialHead>("tutorial-head/expected.json");
    const head = await readTensors("tutorial-head/head.safetensors");
    const encoder = await readTensors("tutorial-head/model.safetensors");
    const labels = expected.class_weights.length;
    const classifier = {
      config: readConfig(readReference("tutorial-head/config.json")),
      head: "mlp",
      labels: Array.from({ length: labels }, (_, label) => `${label}`),
      problem: "single_label",
    } as const;
    const batches = expected.steps.map(({ rows }) =>
      labelledBatch(expected.train, labels, rows, expected.class_weights),
    );
    const spec: EngineSpec = {
      classifier,
      device: "cpu",
      frozenStages: createClassifier(classifier).stages.length,
      training: trainingSpec(expected.optimizer, batches[0]!.batch),
    };
    const engine = await engineWith(spec, new Map([...encoder, ...head]));

    const evalBatch = referenceBatch(expected.eval, undefined, 1000);
    const logProbabilities = async () => {
      const flat = await engine.logits(evalBatch);
      const rows = expected.eval.input_ids.map((_, row) => flat.subarray(row * labels, (row + 1) * labels));
      return { rows, values: rows.flatMap((row) => probabilitiesOf(row, "single_label").map(Math.log)) };
    };
    const before = await logProbabilities();
    expect(largestDifference(before.values, expected.initial_log_probs.flat())).toBeLessThan(1e-5);

    for (const [i, { lr, loss, grad_norm }] of expected.steps.entries()) {
      const { batch, denominator } = batches[i]!;
      const found = await engine.train({ batches: [batch], denominator, step: i + 1, learningRate: lr });
      expect(Math.abs(found.loss - loss), `loss of step ${i}`).toBeLessThan(1e-5);
      expect(Math.abs(found.gradientNorm / grad_norm - 1), `gradient norm of step ${i}`).toBeLessThan(1e-5);
    }

    const after = await logProbabilities();
    expect(largestDifference(after.values, expected.final_log_probs.flat())).toBeLessThan(2e-5);
    const loss = weightedCrossEntropy(after.rows, expected.eval.labels as number[], expected.class_weights);
    expect(Math.abs(loss - expected.final_eval_loss)).toBeLessThan(1e-5);
    for (const [name, norm] of Object.entries(expected.parameter_norms)) {
      expect(Math.abs(Math.hypot(...(await engine.read(name))) / norm - 1), `norm of ${name}`).toBeLessThan(
        2e-6,
      );
    }
    await engine.close();
  },
);
