import { copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createClassifier } from "#textgraft/model/classifier.js";
import { saveModel } from "#textgraft/run/save-node.js";
import { writeConfig } from "../../src/run/config-json-node.js";
import { openPretrained } from "../../src/run/pretrained-node.js";
import type { SavedFacts } from "../../src/run/saved-facts.js";
import { engineWith, familySpec, readFamily, readTensors, referenceFamilies } from "../support/families.js";
import { readReference, referenceFolder } from "../support/reference.js";
import { savePretrainedFile } from "../support/save-pretrained.js";

const folder = await mkdtemp(join(tmpdir(), "textgraft-save-"));
afterAll(() => rm(folder, { recursive: true }));

describe.each(referenceFamilies)("a %s model that transformers saved", (family) => {
  test("is saved again byte for byte, its configuration with all that it said", async () => {
    const source = join(folder, family);
    await mkdir(source);
    for (const file of ["config.json", "model.safetensors"])
      await copyFile(join(referenceFolder, family, file), join(source, file));
    await copyFile(savePretrainedFile("tokenizer-bert.json"), join(source, "tokenizer.json"));
    const pretrained = await openPretrained(source);
    const spec = familySpec(family, readFamily(family));
    const engine = await engineWith(
      { classifier: spec, device: "cpu", frozenStages: 0 },
      await readTensors(`${family}/model.safetensors`),
    );
    const { labels, problem } = spec;
    const facts = {
      formatVersion: 1,
      head: "stock",
      labels,
      problem,
      maxLength: 16,
    } as unknown as SavedFacts;
    const target = join(folder, `${family}-saved`);
    const classifier = createClassifier(spec);
    await saveModel(target, false, {
      engine,
      classifier,
      pretrained,
      facts,
      precision: "float32",
      card: "",
      files: [],
      probes: [],
    });
    await engine.close();

    const weights = await readFile(join(target, "model.safetensors"));
    expect(weights.equals(await readFile(join(referenceFolder, family, "model.safetensors")))).toBe(true);
    const given = readReference<Record<string, unknown>>(`${family}/config.json`);
    expect(JSON.parse(await readFile(join(target, "config.json"), "utf8"))).toEqual({
      ...given,
      id2label: Object.fromEntries(labels.map((label, id) => [id, label])),
      label2id: Object.fromEntries(labels.map((label, id) => [label, id])),
    });
    const tokenizer = await readFile(join(target, "tokenizer.json"));
    expect(tokenizer.equals(await readFile(join(source, "tokenizer.json")))).toBe(true);
  });
});

test("numbers that transformers has as floats are written as such", async () => {
  // It checks the types of settings and refuses a whole number there; JSON.parse forgets the difference.
  await writeConfig(folder, {
    initializer_cutoff_factor: 2,
    initializer_range: 0.02,
    layer_norm_eps: 1,
    rope_parameters: { full_attention: { rope_theta: 160000, rope_type: "default" } },
    hidden_size: 32,
    down_scale_factor: 1,
  });
  expect(await readFile(join(folder, "config.json"), "utf8")).toBe(`{
  "down_scale_factor": 1,
  "hidden_size": 32,
  "initializer_cutoff_factor": 2.0,
  "initializer_range": 0.02,
  "layer_norm_eps": 1.0,
  "rope_parameters": {
    "full_attention": {
      "rope_theta": 160000.0,
      "rope_type": "default"
    }
  }
}
`);
});
