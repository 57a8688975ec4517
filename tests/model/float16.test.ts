import { describe, expect, test } from "vitest";
import { float32 } from "../../src/base/tensor.js";
import { compile, needed } from "../../src/graph/onnx.js";
import { createClassifier, LOSS_SCALE, logitsGraph, trainGraph } from "../../src/model/classifier.js";
import { flatGradients, flatParameters } from "../../src/model/flat-parameters.js";
import { planState } from "../../src/model/state-layout.js";
import {
  addedUp,
  FLOAT16,
  familySpec,
  labelledBatch,
  largestDifference,
  naturalDifferences,
  readFamily,
  readTensors,
  referenceBatch,
  referenceFamilies,
  tokenFeeds,
} from "../support/families.js";
import { openRoundingSession } from "../support/float16-session.js";
import { tinySpec } from "../support/tiny-model.js";

describe.each(referenceFamilies)(
  "%s in float16 is as near to PyTorch as float16 is to float32",
  async (family) => {
    const expected = readFamily(family);
    const natural = naturalDifferences(family);
    const spec = familySpec(family, expected);
    const off = { ...spec.config, hiddenDropout: 0, attentionDropout: 0, classifierDropout: 0 };
    const model = createClassifier({ ...spec, config: off });
    const weights = await readTensors(`${family}/model.safetensors`);
    const parameters = Object.fromEntries(
      model.parameters.map(({ name, shape }) => [name, float32(shape, weights.get(name)!)]),
    );

    test("in logits", async () => {
      const batch = referenceBatch(expected.eval);
      const graph = logitsGraph(model, 0, undefined, "float16");
      const bindings = { batch: batch.examples.length, sequence: batch.length };
      const session = await openRoundingSession(compile(graph.outputs, { bindings, target: "webgpu" }), [
        "logits",
      ]);
      const { host } = await session.run({ ...tokenFeeds(batch), ...parameters });
      await session.dispose();
      const difference = largestDifference(host.logits!.data as Float32Array, expected.eval.logits.flat());
      expect(difference).toBeLessThan(FLOAT16 * natural.logits);
      expect(difference).toBeGreaterThan(10 * natural.logits); // it did compute in float16
    });

    /** The largest error of the gradients with a loss scale, as shares of the model's and of the parameter's largest. */
    async function gradientErrors(scales: readonly number[]) {
      const { rows, loss, grad_norm, zero_gradient } = expected.gradients;
      const { batch, denominator } = labelledBatch(expected.train, expected.num_labels, rows);
      const graph = trainGraph(model, 0, { precision: "float16", dropout: false });
      const bindings = { batch: rows.length, sequence: batch.length };
      const session = await openRoundingSession(
        compile(graph.outputs, { bindings, target: "webgpu" }),
        Object.keys(graph.outputs),
      );
      const labelShape = [rows.length, expected.num_labels];
      const wanted = await readTensors(`${family}/expected_gradients.safetensors`);
      const largest = Math.max(...[...wanted.values()].flatMap((gradient) => [...gradient].map(Math.abs)));
      const results = [];
      for (const scale of scales) {
        const { host } = await session.run({
          ...tokenFeeds(batch),
          ...parameters,
          labels: float32(labelShape, batch.labels),
          weights: float32(spec.problem === "multi_label" ? labelShape : [rows.length], batch.weights),
          denominator: float32([], [denominator]),
          [LOSS_SCALE]: float32([], [scale]),
        });
        const worst = { ofLargest: 0, ofOwn: 0 };
        let squares = 0;
        for (const { parameter, output, kind } of graph.gradients) {
          const reference = wanted.get(parameter)!;
          const found = (host[output]!.data as Float32Array).map((x) => x / scale);
          const gradient = kind === "whole" ? found : addedUp(found, batch.inputIds, reference.length);
          squares += gradient.reduce((sum, x) => sum + x * x, 0);
          const difference = largestDifference(gradient, reference);
          // Written so that NaN stays.
          worst.ofLargest = Math.max(worst.ofLargest, difference / largest);
          const own = Math.max(...reference.map(Math.abs));
          if (own >= 0.01 * largest && !zero_gradient.includes(parameter))
            worst.ofOwn = Math.max(worst.ofOwn, difference / own);
        }
        const norm = Math.abs(Math.sqrt(squares) / grad_norm - 1);
        results.push({ ...worst, norm, loss: Math.abs((host.loss!.data[0] as number) - loss) });
      }
      await session.dispose();
      return results;
    }

    test("in the loss, which isn't scaled, and in every gradient, which is", async () => {
      for (const found of await gradientErrors([2 ** 4, 2 ** 12])) {
        expect(found.loss).toBeLessThan(FLOAT16 * natural.full_loss);
        expect(found.ofLargest).toBeLessThan(FLOAT16 * natural.gradient_of_largest);
        expect(found.ofOwn).toBeLessThan(FLOAT16 * natural.gradient_of_own_largest);
        expect(found.norm).toBeLessThan(FLOAT16 * natural.full_grad_norm);
      }
    });

    test("but not where the scale is so small that gradients vanish, or so large that they overflow", async () => {
      const [small, large] = await gradientErrors([2 ** -18, 2 ** 22]);
      expect(small!.ofLargest).toBeGreaterThan(10 * FLOAT16 * natural.gradient_of_largest);
      expect(large!.norm).toBeNaN();
      expect(large!.loss).toBeLessThan(FLOAT16 * natural.full_loss);
    });
  },
);

test("over flat shards each shard with dense weights is cast once, and only what float32 computes with stays", () => {
  const model = createClassifier({ ...tinySpec, head: "mlp" });
  const layout = planState(model.parameters, {
    frozen: new Set(),
    decayAll: false,
    maxRegionBytes: 2 ** 16, // several shards
    transposed: ({ dense = false }) => dense,
  });
  expect(layout.shards.length).toBeGreaterThan(3);
  const graph = trainGraph(model, 0, { source: flatParameters(layout, "float16"), precision: "float16" });
  const outputs = flatGradients(graph, layout, 32);
  const nodes = needed(Object.values(outputs));
  const casts = nodes.filter(({ op, inputs: [x] }) => op.name === "Cast" && x!.node.op.name === "Input");
  const shards = casts.map(({ inputs: [x] }) => x!.node.attributes.name as string);
  expect(new Set(shards).size).toBe(shards.length);
  expect(shards.filter((name) => name.startsWith("weights.")).length).toBeGreaterThan(2);

  for (const { parameter } of graph.gradients) {
    const { spec } = layout.placements.get(parameter)!;
    if (spec.dense) expect(graph.outputs[`gradient.${parameter}`]!.dtype, parameter).toBe("float16");
    else expect(graph.outputs[`gradient.${parameter}`]!.dtype, parameter).toBe("float32");
  }
  for (const [name, { dtype }] of Object.entries(outputs)) expect(dtype, name).toBe("float32");
});

test("the attention bias is added in float32, where -1e9 is a number", () => {
  const { g } = trainGraph(createClassifier(tinySpec), 0, { precision: "float16" });
  const softmaxes = g.nodes.filter(({ op }) => op.name === "Softmax");
  expect(softmaxes.length).toBe(tinySpec.config.layers);
  for (const { inputs } of softmaxes) {
    const sum = inputs[0]!.node;
    expect([sum.op.name, sum.outputs[0]!.dtype]).toEqual(["Add", "float32"]);
  }
});
