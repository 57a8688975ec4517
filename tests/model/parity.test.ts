import { describe, expect, test } from "vitest";
import { float32, type Tensor } from "../../src/base/tensor.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { gradients } from "../../src/graph/gradients.js";
import { type CompiledGraph, compile } from "../../src/graph/onnx.js";
import {
  createClassifier,
  featureGraph,
  logitsGraph,
  type ModelGraph,
  trainGraph,
} from "../../src/model/classifier.js";
import { familyOf } from "../../src/model/families.js";
import { weightedLoss } from "../../src/model/loss.js";
import type { Batch } from "../../src/run/engine.js";
import { type Device, targetOf } from "../../src/run/session.js";
import { openSessionNode } from "../../src/run/session-node.js";
import { expectWithin } from "../support/deviations.js";
import { openSoftwareGpu, testedDevices } from "../support/devices.js";
import {
  addedUp,
  familySpec,
  labelledBatch,
  largestDifference,
  type ReferenceEvaluation,
  readFamily,
  readTensors,
  referenceBatch,
  referenceFamilies,
  tokenFeeds,
} from "../support/families.js";

async function run(
  device: Device,
  graph: ModelGraph,
  feeds: Record<string, Tensor>,
  bindings: Record<string, number> = {},
): Promise<Record<string, Float32Array>> {
  const compiled = compile(graph.outputs, { bindings, target: targetOf[device] });
  const [session, outputs] =
    device === "webgpu" ? await onGpu(compiled, feeds) : await onProcessor(compiled, feeds);
  await session.dispose();
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]));
}

async function onProcessor(graph: CompiledGraph, feeds: Record<string, Tensor>) {
  const session = await openSessionNode(graph, { device: "cpu" });
  return [session, await session.run(feeds)] as const;
}

async function onGpu(graph: CompiledGraph, feeds: Record<string, Tensor>) {
  const session = await openSoftwareGpu(graph, Object.keys(graph.outputs));
  return [session, (await session.run(feeds)).host] as const;
}

const families = testedDevices.flatMap(({ device, factor }) =>
  referenceFamilies.map((family) => [family, device, factor] as const),
);

describe.each(families)("%s on %s agrees with PyTorch", async (family, device, factor) => {
  const within = expectWithin({ family, device, factor });
  const expected = readFamily(family);
  const spec = familySpec(family, expected);
  const { config } = spec;
  const model = createClassifier(spec);
  const whole = { ...model, stages: familyOf(config).encoder(config, "all") };
  const weights = await readTensors(`${family}/model.safetensors`);
  const parameters = Object.fromEntries(
    model.parameters.map(({ name, shape }) => [name, float32(shape, weights.get(name)!)]),
  );
  const evaluations: [string, ReferenceEvaluation][] = [["texts", expected.eval]];
  if (expected.pairs) evaluations.push(["pairs", expected.pairs]);

  test.for(evaluations)(
    "in the pooled output of %s, if it is saved, and what the last layer reads",
    async ([_kind, rows], { task }) => {
      const batch = referenceBatch(rows);
      const feeds = { ...tokenFeeds(batch), ...parameters };
      if (rows.pooler_output) {
        const graph = featureGraph(model, 0, model.stages.length);
        const { features } = await run(device, graph, feeds, sizesOf(batch));
        within(task, "pooled output", largestDifference(features!, rows.pooler_output.flat()));
      }
      // XLMRobertaForSequenceClassification declares its classifier first: its last layer is the encoder's, for all tokens.
      const perToken = Array.isArray(rows.classifier_input[0]![0]);
      const { g } = perToken ? featureGraph(whole, 0, whole.stages.length) : logitsGraph(model, 0);
      const [read] = g.nodes.findLast(({ op }) => op.name === "Linear")!.inputs;
      const found = await run(device, { g, outputs: { read: read! } }, feeds, sizesOf(batch));
      within(task, "classifier input", largestDifference(found.read!, rows.classifier_input.flat(2)));
    },
  );

  test.for(evaluations)("in the last hidden state of %s", async ([_kind, rows], { task }) => {
    const batch = referenceBatch(rows);
    const feeds = { ...tokenFeeds(batch), ...parameters };
    const { features } = await run(
      device,
      featureGraph(whole, 0, whole.stages.length),
      feeds,
      sizesOf(batch),
    );
    const hidden = features!.map((x, i) => x * batch.attentionMask[Math.floor(i / config.hiddenSize)]!);
    within(task, "last hidden state", largestDifference(hidden, rows.last_hidden_state.flat(2)));
  });

  test.for(evaluations)("in the weighted and unweighted loss of %s", async ([_kind, rows], { task }) => {
    const cases = [
      { weights: expected.class_weights.map(() => 1), loss: rows.loss, gradient: undefined },
      { weights: expected.class_weights, loss: rows.weighted.loss, gradient: rows.weighted.logits_gradient },
    ];
    for (const wanted of cases) {
      const { batch, denominator } = labelledBatch(rows, expected.num_labels, undefined, wanted.weights);
      const shape = [batch.examples.length, expected.num_labels];
      const weightShape = batch.weights.length === batch.labels.length ? shape : [batch.examples.length];
      const g = new GraphBuilder();
      const logits = g.input("logits", "float32", shape);
      const loss = weightedLoss(g, spec.problem, logits, {
        labels: g.input("labels", "float32", shape),
        weights: g.input("weights", "float32", weightShape),
        denominator: g.input("denominator", "float32", []),
      });
      const [gradient] = gradients(g, loss, [logits]);
      const found = await run(
        device,
        { g, outputs: { loss, gradient: gradient! } },
        {
          logits: float32(shape, rows.logits.flat()),
          labels: float32(shape, batch.labels),
          weights: float32(weightShape, batch.weights),
          denominator: float32([], [denominator]),
        },
      );
      within(task, "loss", Math.abs(found.loss![0]! - wanted.loss));
      if (wanted.gradient)
        within(
          task,
          "loss, gradient of the logits",
          largestDifference(found.gradient!, wanted.gradient.flat()),
        );
    }
  });

  test("in the gradient of every parameter", async ({ task }) => {
    const { rows, loss, grad_norm, zero_gradient } = expected.gradients;
    const { batch, denominator } = labelledBatch(expected.train, expected.num_labels, rows);
    const graph = trainGraph(model, 0, { dropout: false });
    expect(graph.sites).toEqual([]);
    const labelShape = [rows.length, expected.num_labels];
    const feeds = {
      ...tokenFeeds(batch),
      ...parameters,
      labels: float32(labelShape, batch.labels),
      weights: float32(spec.problem === "multi_label" ? labelShape : [rows.length], batch.weights),
      denominator: float32([], [denominator]),
    };
    const found = await run(device, graph, feeds, sizesOf(batch));
    within(task, "loss", Math.abs(found.loss![0]! - loss));

    const wanted = await readTensors(`${family}/expected_gradients.safetensors`);
    const largest = Math.max(...[...wanted.values()].flatMap((gradient) => [...gradient].map(Math.abs)));
    let squares = 0;
    for (const { parameter, output, kind } of graph.gradients) {
      const reference = wanted.get(parameter)!;
      const gradient =
        kind === "whole" ? found[output]! : addedUp(found[output]!, batch.inputIds, reference.length);
      squares += gradient.reduce((sum, x) => sum + x * x, 0);
      const difference = largestDifference(gradient, reference);
      const zero = zero_gradient.includes(parameter);
      within(task, zero ? "gradients that are zero" : "gradients", difference / largest, parameter);
      const own = Math.max(...reference.map(Math.abs));
      if (own >= 0.01 * largest)
        within(task, "gradients, of the parameter's own largest", difference / own, parameter);
    }
    expect(graph.gradients.map(({ parameter }) => parameter).sort()).toEqual([...wanted.keys()].sort());
    within(task, "gradient norm", Math.abs(Math.sqrt(squares) / grad_norm - 1));
  });

  test("and what is frozen gets no backward node", () => {
    // Of layers that are the same, none is frozen alone.
    const frozen = config.sharedLayers ? 1 : Math.floor(model.stages.length / 2);
    const graph = trainGraph(model, frozen);
    const names = new Set(graph.g.nodes.filter(({ part }) => part === "backward").map(({ name }) => name));
    for (const stage of model.stages.slice(0, frozen)) expect([...names]).not.toContain(stage.name);
    for (const stage of model.stages.slice(frozen)) expect([...names]).toContain(stage.name);
  });
});

/** The graph's axes, which the GPU needs as numbers. */
const sizesOf = ({ examples, length }: Batch) => ({ batch: examples.length, sequence: length });
