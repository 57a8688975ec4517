import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TrainInput } from "textgraft";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clearCache, listSets } from "../../src/run/cache-sets-node.js";
import { inventedRows, writeTinyModel } from "../support/tiny-model.js";
import { tinyOptions, tinyWorkplace, trained, weightsOf } from "./train-tiny.js";

const usual = process.env.TEXTGRAFT_CACHE;
const { folder, model } = await tinyWorkplace();
beforeAll(async () => {
  process.env.TEXTGRAFT_CACHE = await mkdtemp(join(tmpdir(), "textgraft-reuse-"));
});
afterAll(async () => {
  await rm(process.env.TEXTGRAFT_CACHE!, { recursive: true });
  process.env.TEXTGRAFT_CACHE = usual;
});

const rows = inventedRows(90);
const texts = new Set(rows.map(({ text }) => text)).size;

/** Trains with two of four stages frozen. */
async function run(input: Partial<TrainInput> = {}) {
  const output = join(folder, "out");
  const options = { ...tinyOptions, data: rows, model, output, overwrite: true, freeze: 1, epochs: 2 };
  const { events, result } = await trained({ ...options, ...input });
  const notices = events.flatMap((event) => (event.kind === "notice" ? [event.text] : []));
  return { features: result.features, notices, weights: await weightsOf(output) };
}

const all = { reused: texts, computed: 0 };
const none = { reused: 0, computed: texts };

test("a second run computes no features and gives the same weights, as without the cache", async () => {
  const without = await run({ cache: false });
  expect(without.features).toEqual(none);
  expect(listSets("features")).toEqual([]);
  const first = await run();
  expect(first.features).toEqual(none);
  expect(first.notices).toEqual([]);
  const second = await run();
  expect(second.features).toEqual(all);
  expect(second.notices).toEqual([`Features of ${texts} texts came from the cache; none was computed.`]);
  expect(first.weights).toEqual(without.weights);
  expect(second.weights).toEqual(first.weights);
  expect(listSets("features")).toMatchObject([
    { texts, facts: { model, frozenStages: 2, layers: 2, hiddenSize: 32 } },
  ]);
});

test.each<[string, Partial<TrainInput>]>([
  ["another head", { head: "mlp" }],
  ["other class weights", { classWeights: "balanced" }],
  ["another seed, which splits otherwise", { seed: 7 }],
  ["other batches", { batchSize: 5 }],
  ["one thread", { threads: 1 }],
  ["corrected labels", { data: rows.map((row, i) => (i % 9 === 0 ? { ...row, label: "sea" } : row)) }],
])("%s reuses all features", async (_name, input) => {
  expect((await run(input)).features).toEqual(all);
});

test("a copy of the model elsewhere reuses them, new texts are added", async () => {
  const copy = join(folder, "copy");
  await cp(model, copy, { recursive: true });
  const more = inventedRows(10, ["sea", "kitchen", "garden"], 5);
  const { features, notices } = await run({ model: copy, data: [...rows, ...more] });
  expect(features).toEqual({ reused: texts, computed: 10 });
  expect(notices).toEqual([
    `Features of ${texts} texts came from the cache; those of 10 texts were computed.`,
  ]);
});

test("other frozen weights, or more of them, have features of their own", async () => {
  const wider = await writeTinyModel(join(folder, "wider"), { layerNormEpsilon: 1e-5 });
  expect((await run({ model: wider })).features).toEqual(none);
  expect((await run({ freeze: "all" })).features).toEqual(none);
  expect((await run({ freeze: "all" })).features).toEqual(all);
  // What lies above the frozen part doesn't matter.
  const saved = join(folder, "fine-tuned");
  await run({ output: saved, freeze: 1 });
  expect((await run({ model: saved, freeze: 1 })).features).toEqual(all);
  expect((await run({ model: saved, freeze: "all" })).features).toEqual(none);
});

test("cleared, they are computed anew", async () => {
  expect(clearCache().length).toBeGreaterThan(0);
  expect((await run()).features).toEqual(none);
});

test("where nothing is frozen there are no features", async () => {
  clearCache();
  expect((await run({ freeze: "none", epochs: 1 })).features).toBeUndefined();
  expect(listSets("features")).toEqual([]);
});
