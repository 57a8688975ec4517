import { describe, expect, test } from "vitest";
import { createClassifier, frozenParameters } from "../../src/model/classifier.js";
import { type FeatureStore, memoryFeatures, tieredFeatures } from "../../src/run/feature-cache.js";
import { diskFeatures } from "../../src/run/feature-cache-node.js";
import { largestDifference } from "../support/families.js";
import {
  openTiny,
  readAll,
  type TinyRow,
  tinyBatch,
  tinyConfig,
  tinyRows,
  tinySpec,
  tinyStages,
  tinyWeights,
} from "../support/tiny-model.js";

const model = createClassifier(tinySpec);
const rows = tinyRows(16, { longest: 14 });

/** Two epochs over the rows, which meet others in the second; evaluates between them. */
async function train(frozenStages: number, features: FeatureStore) {
  const engine = await openTiny({ training: {}, frozenStages, features });
  const losses: number[] = [];
  const evens = (row: TinyRow) => row.example % 2 === 0;
  const parts = [rows.slice(0, 8), rows.slice(8), rows.filter(evens), rows.filter((row) => !evens(row))];
  for (const [i, part] of parts.entries()) {
    const batches = [tinyBatch(part, { length: i === 2 ? 24 : 16, size: 9 })];
    losses.push((await engine.train({ batches, denominator: 8, step: i + 1, learningRate: 1e-2 })).loss);
    if (i === 1) losses.push(...(await engine.logits(tinyBatch(rows.toReversed(), { length: 14 }))));
  }
  const weights = await readAll(engine);
  await engine.close();
  return { losses, weights };
}

/** Counts what is asked of a store. */
function counting(store: FeatureStore) {
  const counts = { found: 0, put: 0, closed: 0 };
  const lengths: number[] = [];
  const counted: FeatureStore = {
    get: (key) => {
      const features = store.get(key);
      if (features) counts.found++;
      return features;
    },
    put: (key, features) => {
      counts.put++;
      lengths.push(features.length);
      return store.put(key, features);
    },
    use: () => store.use(),
    close: () => {
      counts.closed++;
      store.close();
    },
  };
  return { counted, counts, lengths };
}

/** Takes nothing: all is computed anew each time. */
const forgetful: FeatureStore = {
  get: () => undefined,
  put: () => false,
  use: () => ({ reused: 0 }),
  close: () => {},
};

const levels = Array.from({ length: tinyStages + 1 }, (_, frozen) => frozen);

/** Ways to keep features. */
const stores: [string, () => FeatureStore][] = [
  ["computed anew each time", () => forgetful],
  ["on disk", () => diskFeatures(2 ** 24)],
  ["partly in memory, partly on disk", () => tieredFeatures([memoryFeatures(5000), diskFeatures(2 ** 20)])],
  ["partly in memory, partly nowhere", () => memoryFeatures(5000)],
];

describe.each(levels)("%d frozen stages", async (frozen) => {
  const { counted, counts } = counting(memoryFeatures(2 ** 24));
  const cached = await train(frozen, counted);

  test("stay bitwise equal, and all others train", () => {
    const before = tinyWeights(model);
    const fixed = new Set(frozenParameters(model, frozen).map(({ name }) => name));
    for (const [name, values] of cached.weights) {
      if (fixed.has(name)) expect(values, name).toEqual(before.get(name));
      else expect(values, name).not.toEqual(before.get(name));
    }
  });

  test("compute each example once, and close their store", () => {
    const seen = frozen === 0 ? 0 : rows.length;
    expect(counts).toEqual({ put: seen, found: 2 * seen, closed: frozen === 0 ? 0 : 1 });
  });

  test.each(frozen === 0 ? [] : stores)("train the same with features %s", async (_name, open) => {
    const found = await train(frozen, open());
    expect(largestDifference(found.losses, cached.losses)).toBeLessThan(1e-6);
    for (const [name, values] of cached.weights)
      expect(largestDifference(found.weights.get(name)!, values), name).toBeLessThan(1e-6);
  });
});

test("features belong to a text's tokens, and rows that only fill have none", async () => {
  const { counted, counts, lengths } = counting(memoryFeatures(2 ** 24));
  const engine = await openTiny({ training: {}, frozenStages: 2, features: counted });
  const wanted = await engine.logits(tinyBatch(rows.slice(0, 3), { length: 16 }));
  expect(counts).toEqual({ put: 3, found: 0, closed: 0 });
  expect(lengths).toEqual(rows.slice(0, 3).map(({ ids }) => ids.length * 32)); // without padding

  const renumbered = rows.slice(0, 3).map((row) => ({ ...row, example: row.example + 100 }));
  expect(await engine.logits(tinyBatch(renumbered, { length: 16 }))).toEqual(wanted);
  const filled = await engine.logits(tinyBatch(rows.slice(0, 3), { length: 16, size: 5 }));
  expect(filled.subarray(0, wanted.length)).toEqual(wanted);
  expect(filled.every(Number.isFinite)).toBe(true);
  expect(counts).toEqual({ put: 3, found: 6, closed: 0 });

  const others = rows.slice(0, 3).map((row) => ({ ...row, ids: row.ids.map((id) => (id + 1) % 100) }));
  expect(await engine.logits(tinyBatch(others, { length: 16 }))).not.toEqual(wanted);
  expect(counts).toEqual({ put: 6, found: 6, closed: 0 });
  const types = tinyBatch(others, { length: 16 });
  types.tokenTypeIds[1] = 1;
  await engine.logits(types);
  expect(counts).toEqual({ put: 7, found: 8, closed: 0 });
  await engine.close();
});

test("features hardly depend on the batch that they were computed in, or on its padding", async () => {
  const positions = 13; // no multiple of 8
  const config = { ...tinyConfig, positions };
  const texts = tinyRows(12, { longest: positions, seed: 3 });
  const featuresIn = async (batches: (readonly TinyRow[])[]): Promise<Map<string, Float32Array>> => {
    const kept = new Map<string, Float32Array>();
    const store: FeatureStore = {
      ...forgetful,
      put: (key, features) => {
        kept.set(key, features.slice());
        return true;
      },
    };
    const engine = await openTiny({ classifier: { config }, frozenStages: 3, features: store, training: {} });
    for (const batch of batches) await engine.logits(tinyBatch(batch, { length: positions }));
    await engine.close();
    return kept;
  };
  const together = await featuresIn([texts]);
  const alone = await featuresIn(texts.map((text) => [text]));
  expect(together.size).toBe(texts.length);
  for (const [key, features] of together) {
    expect(alone.get(key)!).toHaveLength(features.length);
    expect(largestDifference(alone.get(key)!, features)).toBeLessThan(1e-6);
  }
});
