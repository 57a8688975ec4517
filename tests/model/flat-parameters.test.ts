import fc from "fast-check";
import { expect, test } from "vitest";
import { float32, sizeOf, type Tensor, transposed } from "../../src/base/tensor.js";
import { compile } from "../../src/graph/onnx.js";
import { createClassifier, trainGraph } from "../../src/model/classifier.js";
import {
  flatGradients,
  flatParameters,
  gradientsOf,
  weightsOf,
  wordRows,
} from "../../src/model/flat-parameters.js";
import { planState } from "../../src/model/state-layout.js";
import { openSessionNode } from "../../src/run/session-node.js";
import { largestDifference, tokenFeeds } from "../support/families.js";
import { tinyBatch, tinyConfig, tinyRows, tinySpec, tinyWeights } from "../support/tiny-model.js";

const config = { ...tinyConfig, hiddenDropout: 0, attentionDropout: 0, classifierDropout: 0 };
const model = createClassifier({ ...tinySpec, config, head: "mlp" });
const weights = tinyWeights(model);
const batch = tinyBatch(tinyRows(4), { length: 8 });
const bindings = { batch: 4, sequence: 8 };
const feeds: Record<string, Tensor> = {
  ...tokenFeeds(batch),
  labels: float32([4, 3], batch.labels),
  weights: float32([4], batch.weights),
  denominator: float32([], [4]),
};

async function run(outputs: Parameters<typeof compile>[0], more: Record<string, Tensor>) {
  const session = await openSessionNode(compile(outputs, { bindings, target: "webgpu" }), { device: "cpu" });
  const found = await session.run({ ...feeds, ...more });
  await session.dispose();
  return (name: string): Float32Array => found[name]!.data as Float32Array;
}

test("gradients over flat shards, dense weights transposed, are those over single parameters", async () => {
  const plain = trainGraph(model, 0);
  const single = await run(
    plain.outputs,
    Object.fromEntries(model.parameters.map(({ name, shape }) => [name, float32(shape, weights.get(name)!)])),
  );
  const wanted = new Map(plain.gradients.map(({ parameter, output }) => [parameter, single(output)]));
  const table = new Float32Array(sizeOf([config.vocabSize, config.hiddenSize]));
  for (const [i, id] of batch.inputIds.entries()) {
    for (let column = 0; column < config.hiddenSize; column++)
      table[id * config.hiddenSize + column]! += wanted.get(model.wordTable.name)![
        i * config.hiddenSize + column
      ]!;
  }
  wanted.set(model.wordTable.name, table);

  const layout = planState(model.parameters, {
    frozen: new Set(),
    decayAll: false,
    maxRegionBytes: 2 ** 16, // several shards
    transposed: ({ dense = false }) => dense,
  });
  expect(layout.shards.length).toBeGreaterThan(3);
  const graph = trainGraph(model, 0, { source: flatParameters(layout) });
  const shards = layout.shards.map(({ bytes }) => new Float32Array(bytes / 4));
  for (const [name, { shard, offset, spec, transposed: turned }] of layout.placements) {
    const values = weights.get(name)!;
    shards[shard]!.set(turned ? transposed(values, spec.shape) : values, offset / 4);
  }
  const flat = await run(flatGradients(graph, layout, 32), {
    ...Object.fromEntries(shards.map((shard, i) => [weightsOf(i), float32([shard.length], shard)])),
    ...wordRows(batch.inputIds, config.vocabSize),
  });

  expect(Math.abs(flat("loss")[0]! - single("loss")[0]!)).toBeLessThan(1e-6);
  const largest = Math.max(...[...wanted.values()].flatMap((values) => [...values].map(Math.abs)));
  let used = 0;
  for (const [name, { shard, offset, spec, transposed: turned }] of layout.placements) {
    const found = flat(gradientsOf(shard)).slice(offset / 4, offset / 4 + sizeOf(spec.shape));
    const upright = turned ? transposed(found, [...spec.shape].reverse()) : found;
    expect(largestDifference(upright, wanted.get(name)!) / largest, name).toBeLessThan(1e-6);
    used += found.filter((x) => x !== 0).length;
  }
  // What lies between parameters stays zero.
  const all = layout.shards.flatMap((_, shard) => [...flat(gradientsOf(shard))]);
  expect(all.filter((x) => x !== 0).length).toBe(used);
});

test("dense weights are multiplied as they lie, and no product is a Gemm", () => {
  const layout = planState(model.parameters, {
    frozen: new Set(),
    decayAll: false,
    maxRegionBytes: 2 ** 20,
    transposed: ({ dense = false }) => dense,
  });
  const { g, outputs } = trainGraph(model, 0, { source: flatParameters(layout) });
  const forward = g.nodes.filter(({ part }) => part === "forward");
  expect(forward.filter(({ op }) => op.name === "Linear")).toEqual([]);
  const dense = forward.filter(({ op, inputs: [a] }) => op.name === "MatMul" && a!.shape.length === 2);
  expect(dense.length).toBe(model.parameters.filter((spec) => spec.dense).length);
  for (const { attributes } of dense) expect(attributes).toMatchObject({ transA: false, transB: false });
  const text = Buffer.from(compile(outputs, { bindings, target: "webgpu" }).bytes).toString("latin1");
  expect(text).toContain("MatMul");
  expect(text).not.toContain("Gemm");
});

test("rows of one word are paired until one sum is left, whatever the words", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 40 }), (ids) => {
      const feeds = wordRows(Int32Array.from(ids), 7);
      let sums = ids.map((_, i) => 2 ** (i % 20) * 3 ** Math.floor(i / 20));
      const wanted = new Array<number>(7).fill(0);
      for (const [i, id] of ids.entries()) wanted[id]! += sums[i]!;
      for (let pass = 0; `word.partner.${pass}` in feeds; pass++) {
        const at = (name: string, i: number) => Number(feeds[`${name}.${pass}`]!.data[i]);
        sums = sums.map((sum, i) => sum + sums[at("word.partner", i)]! * at("word.paired", i));
      }
      const found = wanted.map(
        (_, word) =>
          sums[Number(feeds["word.first"]!.data[word])]! * Number(feeds["word.occurs"]!.data[word]),
      );
      expect(found).toEqual(wanted);
    }),
  );
});
