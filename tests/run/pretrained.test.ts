import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { random } from "../../src/base/random.js";
import { type Classifier, createClassifier } from "../../src/model/classifier.js";
import { initialValues } from "../../src/model/parameters.js";
import { encodeSafetensors } from "../../src/model/safetensors.js";
import type { Engine } from "../../src/run/engine.js";
import { openPretrained, writeWeights } from "../../src/run/pretrained-node.js";
import { tinySpec, tinyWeights, writeTinyModel } from "../support/tiny-model.js";

const root = await mkdtemp(join(tmpdir(), "textgraft-pretrained-"));
afterAll(() => rm(root, { recursive: true }));

/** A tiny model's folder whose weights have other names, or (undefined) lack some. */
async function folderWith(rename: (name: string) => string | undefined, head = false) {
  const folder = await writeTinyModel(await mkdtemp(join(root, "model-")));
  const { config } = await openPretrained(folder);
  const model = createClassifier({ ...tinySpec, config });
  const weights = tinyWeights(model);
  const heads = new Set(model.head.parameters.map(({ name }) => name));
  const tensors = new Map(
    model.parameters.flatMap(({ name, shape }) => {
      const stored = heads.has(name) && !head ? undefined : rename(name);
      return stored === undefined ? [] : [[stored, { shape, data: weights.get(name)! }] as const];
    }),
  );
  tensors.set("cls.predictions.bias", { shape: [1], data: new Float32Array(1) });
  await writeFile(join(folder, "model.safetensors"), encodeSafetensors(tensors));
  return { folder, model, weights };
}

/** What an engine gets, and which parameters are new. */
async function read(folder: string, model: Classifier, keepHead = false) {
  const written = new Map<string, Float32Array>();
  const engine = { write: async (name, values) => void written.set(name, values) } as Engine;
  const pretrained = await openPretrained(folder);
  const labelRows = keepHead ? model.spec.labels.map((_, id) => id) : undefined;
  return { written, ...(await writeWeights(engine, model, pretrained, { random: random(5), labelRows })) };
}

const old = (name: string) =>
  name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");

describe("an encoder's weights are found", () => {
  test.each<[string, (name: string) => string]>([
    ["under their own names", (name) => name],
    ["without the prefix bert., as a bare encoder is saved", (name) => name.replace("bert.", "")],
    ["with norms named as in old checkpoints", old],
    ["with both", (name) => old(name).replace("bert.", "")],
  ])("%s", async (_name, rename) => {
    const { folder, model, weights } = await folderWith(rename);
    const { written, fresh, unused } = await read(folder, model);
    expect(fresh).toEqual({ encoder: [], head: ["classifier.weight", "classifier.bias"] });
    expect(unused).toEqual(["cls.predictions.bias"]);
    for (const { name } of model.parameters)
      if (!fresh.head.includes(name)) expect(written.get(name), name).toEqual(weights.get(name));
    expect([...written.keys()]).toEqual(model.parameters.map(({ name }) => name));
  });
});

test("a pooler that wasn't pretrained starts at random, from the seed", async () => {
  const { folder, model } = await folderWith((name) => (name.includes("pooler") ? undefined : name));
  const { written, fresh } = await read(folder, model);
  expect(fresh).toEqual({
    encoder: ["bert.pooler.dense.weight", "bert.pooler.dense.bias"],
    head: ["classifier.weight", "classifier.bias"],
  });
  for (const spec of model.parameters)
    if (/pooler|classifier/.test(spec.name))
      expect(written.get(spec.name)).toEqual(initialValues(spec, random(5)));
});

test("a head is read only if it is to be kept", async () => {
  const { folder, model, weights } = await folderWith((name) => name, true);
  const kept = await read(folder, model, true);
  expect(kept.fresh).toEqual({ encoder: [], head: [] });
  expect(kept.written.get("classifier.weight")).toEqual(weights.get("classifier.weight"));
  const dropped = await read(folder, model);
  expect(dropped.fresh.head).toEqual(["classifier.weight", "classifier.bias"]);
  expect(dropped.written.get("classifier.weight")).not.toEqual(weights.get("classifier.weight"));
});

test("what was pretrained of a head is read for other labels, too", async () => {
  const { folder, model, weights } = await folderWith((name) => name, true);
  const pretrained = { ...model, head: { ...model.head, pretrained: ["classifier.weight"] } };
  const { written, fresh } = await read(folder, pretrained);
  expect(fresh).toEqual({ encoder: [], head: ["classifier.bias"] });
  expect(written.get("classifier.weight")).toEqual(weights.get("classifier.weight"));
  const without = await folderWith((name) => name);
  expect((await read(without.folder, pretrained)).fresh).toEqual({
    encoder: ["classifier.weight"], // which the checkpoint should have had
    head: ["classifier.bias"],
  });
});

test("what else is missing is told, with the nearest name", async () => {
  const { folder, model } = await folderWith((name) =>
    name.replace("embeddings.LayerNorm", "embeddings.Norm"),
  );
  await expect(read(folder, model)).rejects.toMatchObject({
    code: "weights-invalid",
    message: expect.stringMatching(
      /lack 2 of .* parameters, such as bert\.embeddings\.LayerNorm\.weight; .* is bert\.embeddings\.Norm\.weight\./,
    ),
  });
  const headless = await folderWith((name) => name);
  await expect(read(headless.folder, headless.model, true)).rejects.toMatchObject({
    code: "weights-invalid",
    message: expect.stringContaining("classifier.weight"),
  });
});
