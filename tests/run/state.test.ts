import { describe, expect, test } from "vitest";
import { random } from "../../src/base/random.js";
import { sizeOf } from "../../src/base/tensor.js";
import { type AdamwState, adamw } from "../../src/model/adamw.js";
import { createClassifier } from "../../src/model/classifier.js";
import type { ParameterSpec } from "../../src/model/parameters.js";
import { type LayoutOptions, planState } from "../../src/model/state-layout.js";
import { largestRegion, State } from "../../src/run/state.js";
import { tinySpec } from "../support/tiny-model.js";

const parameter = (name: string, shape: number[], exempt = false): ParameterSpec => ({
  name,
  shape,
  initializer: { kind: "constant", value: 0 },
  exempt,
});
const specs = [
  parameter("table", [20, 5]),
  parameter("weight", [3, 5]),
  parameter("fixed", [2, 7]),
  parameter("bias", [3], true),
  parameter("other", [7, 9]),
  parameter("odd", [1, 1]),
];
const trained = specs.filter(({ name }) => name !== "fixed");
const usual: LayoutOptions = { frozen: new Set(["fixed"]), decayAll: false, maxRegionBytes: 2 ** 20 };

const draw = random(3);
const values = ({ shape }: ParameterSpec) => new Float32Array(sizeOf(shape)).map(() => draw.normal());
const initial = new Map(specs.map((spec) => [spec.name, values(spec)]));
const STEPS = 3;
const MICRO_BATCHES = 3;
/** Of each step and micro-batch: gradients by name, and of the table some rows by number. */
const given = Array.from({ length: STEPS }, () =>
  Array.from({ length: MICRO_BATCHES }, () => ({
    gradients: new Map(trained.slice(1).map((spec) => [spec.name, values(spec)])),
    rows: Int32Array.from({ length: 6 }, () => draw.int(8)),
    rowGradients: values(parameter("", [6, 5])),
  })),
);
const settings = { learningRate: 0.01, weightDecay: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 };

/** Trains with these gradients; the norms of each step and all weights in the end. */
function train(options: Partial<LayoutOptions>) {
  const layout = planState(specs, { ...usual, ...options });
  const state = new State(layout, { rowValues: 30, accumulates: true });
  for (const [name, weights] of initial) state.write(name, weights);
  const norms = given.map((microBatches, i) => {
    state.clearRows("table");
    for (const [microBatch, { gradients, rows, rowGradients }] of microBatches.entries()) {
      for (const [name, gradient] of gradients) {
        const place = state.gradient(name, microBatch);
        const { spec, transposed } = layout.placements.get(name)!;
        expect(place.shape).toEqual(transposed ? spec.shape.toReversed() : spec.shape);
        place.data.set(transposed ? transpose(gradient, spec.shape as [number, number]) : gradient);
      }
      state.gradientRows("table", rows.length).data.set(rowGradients);
      state.addRows("table", rows);
      if (microBatch > 0) state.accumulate();
    }
    const norm = state.gradientNorm();
    state.update({ ...settings, gradientScale: 1 / norm, step: i + 1 });
    return norm;
  });
  return { norms, weights: specs.map(({ name }) => state.read(name)), shards: layout.shards.length };
}

/** The same step by step in plain arithmetic, one parameter after the other. */
function trainPlainly(decayAll: boolean) {
  const states = new Map<string, AdamwState>(
    trained.map(({ name, shape }) => {
      const zeros = () => new Float32Array(sizeOf(shape));
      return [name, { weights: initial.get(name)!, m: zeros(), v: zeros() }];
    }),
  );
  const norms = given.map((microBatches, i) => {
    const sums = new Map(trained.map(({ name, shape }) => [name, new Float32Array(sizeOf(shape))]));
    for (const { gradients, rows, rowGradients } of microBatches) {
      for (const [name, gradient] of gradients)
        for (const [j, x] of gradient.entries()) sums.get(name)![j]! += x;
      for (const [j, row] of rows.entries())
        for (let column = 0; column < 5; column++)
          sums.get("table")![row * 5 + column]! += rowGradients[j * 5 + column]!;
    }
    const norm = Math.hypot(...[...sums.values()].flatMap((sum) => [...sum]));
    for (const { name, exempt } of trained) {
      const weightDecay = exempt && !decayAll ? 0 : settings.weightDecay;
      const step = { ...settings, weightDecay, gradientScale: 1 / norm, step: i + 1 };
      states.set(name, adamw(states.get(name)!, sums.get(name)!, step));
    }
    return norm;
  });
  return { norms, weights: specs.map(({ name }) => states.get(name)?.weights ?? initial.get(name)!) };
}

describe.each([false, true])("with decay on all: %s", (decayAll) => {
  const plain = trainPlainly(decayAll);

  test.each<[string, Partial<LayoutOptions>, number]>([
    ["one shard for each group", {}, decayAll ? 2 : 3],
    ["many small shards", { maxRegionBytes: 448 }, decayAll ? 3 : 4],
    [
      "matrices stored transposed",
      { transposed: ({ name }) => name === "weight" || name === "other" },
      decayAll ? 2 : 3,
    ],
  ])("%s train as the plain arithmetic does", (_name, options, shards) => {
    const found = train({ decayAll, ...options });
    expect(found.shards).toBe(shards);
    for (const [i, norm] of plain.norms.entries())
      expect(Math.abs(found.norms[i]! / norm - 1)).toBeLessThan(9 * 2 ** -25); // half of what the sum of squares promises;
    for (const [i, weights] of plain.weights.entries())
      for (const [j, weight] of weights.entries())
        expect(Math.abs(found.weights[i]![j]! - weight), specs[i]!.name).toBeLessThan(1e-6);
  });
});

test("what is stored transposed goes in and comes out in the checkpoint's layout", () => {
  const state = new State(planState(specs, { ...usual, transposed: ({ shape }) => shape.length === 2 }));
  for (const [name, weights] of initial) state.write(name, weights);
  for (const [name, weights] of initial) expect(state.read(name)).toEqual(weights);
  const { shape, data } = state.weights("weight");
  expect(shape).toEqual([5, 3]);
  expect(data).toEqual(transpose(initial.get("weight")!, [3, 5]));
});

test.each([
  { rowValues: 0, accumulates: false },
  { rowValues: 32 * 512 * 1024, accumulates: false },
  { rowValues: 33, accumulates: true },
  { rowValues: 32 * 512 * 1024, accumulates: true },
])("the largest region leaves room for all that one memory holds: %o", (options) => {
  const bytes = largestRegion(options);
  expect(bytes % 64).toBe(0);
  const arena = bytes * (options.accumulates ? 5 : 4) + 4 * options.rowValues;
  expect(arena).toBeLessThanOrEqual(65535 * 65536);
  expect(arena).toBeGreaterThan(65530 * 65536);
});

test("BERT-large fits into pieces of memory however it trains", () => {
  // Regions of a GiB each would have left no room for a fifth one, nor for rows of the word table's gradient.
  const config = {
    ...tinySpec.config,
    vocabSize: 30522,
    hiddenSize: 1024,
    layers: 24,
    heads: 16,
    intermediateSize: 4096,
    positions: 512,
  };
  const { parameters } = createClassifier({ ...tinySpec, config });
  for (const accumulates of [false, true]) {
    const maxRegionBytes = largestRegion({ rowValues: 32 * 512 * 1024, accumulates });
    const { shards } = planState(parameters, { frozen: new Set(), decayAll: true, maxRegionBytes });
    expect(shards.length).toBe(2);
  }
});

function transpose(data: Float32Array, [rows, columns]: readonly [number, number]): Float32Array {
  return Float32Array.from(data, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!);
}
