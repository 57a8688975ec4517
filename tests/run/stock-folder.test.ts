import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportOnnx, load, train } from "textgraft";
import { afterAll, describe, expect, test } from "vitest";
import { probabilitiesOf } from "../../src/run/evaluate.js";
import { type ReferenceFamily, readFamily, referenceFamilies } from "../support/families.js";
import { referenceFolder } from "../support/reference.js";
import { collect, readJson, tinyOptions, weightsOf } from "./train-tiny.js";

const root = await mkdtemp(join(tmpdir(), "textgraft-stock-"));
afterAll(() => rm(root, { recursive: true }));

interface Stock {
  path: string;
  expected: ReferenceFamily;
  /** Of the rows of `expected.eval`. */
  texts: string[];
}

/**
 * A folder as transformers saved it (tests/reference), with changes of its config.json (undefined: without the key), and
 * with a tokenizer that has the word w17 for token 17: so the reference's rows can be written as texts.
 */
async function stockFolder(family: string, changes: Record<string, unknown> = {}): Promise<Stock> {
  const path = await mkdtemp(join(root, `${family}-`));
  await cp(join(referenceFolder, family, "model.safetensors"), join(path, "model.safetensors"));
  const config = { ...(await readJson(referenceFolder, family, "config.json")), ...changes };
  await writeFile(join(path, "config.json"), JSON.stringify(config));
  const expected = readFamily(family);
  const { input_ids: ids, attention_mask: masks } = expected.eval;
  const rows = ids.map((row, i) => row.slice(0, masks[i]!.lastIndexOf(1) + 1));
  const [first, last] = [rows[0]![0]!, rows[0]!.at(-1)!];
  await writeFile(join(path, "tokenizer.json"), tokenizerJson(config.vocab_size as number, first, last));
  const settings = { pad_token: `w${config.pad_token_id}`, model_max_length: 1e30 };
  await writeFile(join(path, "tokenizer_config.json"), JSON.stringify(settings));
  return { path, expected, texts: rows.map((row) => textOf(row.slice(1, -1))) };
}

const textOf = (ids: readonly number[]): string => ids.map((id) => `w${id}`).join(" ");

function tokenizerJson(size: number, first: number, last: number): string {
  const special = (id: number) => ({ SpecialToken: { id: `w${id}`, type_id: 0 } });
  const named = (id: number) => [`w${id}`, { id: `w${id}`, ids: [id], tokens: [`w${id}`] }];
  const around = [special(first), { Sequence: { id: "A", type_id: 0 } }, special(last)];
  return JSON.stringify({
    version: "1.0",
    added_tokens: [],
    pre_tokenizer: { type: "WhitespaceSplit" },
    model: {
      type: "WordPiece",
      unk_token: "w4",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(Array.from({ length: size }, (_, id) => [`w${id}`, id])),
    },
    post_processor: {
      type: "TemplateProcessing",
      single: around,
      pair: around,
      special_tokens: Object.fromEntries([named(first), named(last)]),
    },
  });
}

describe.each(referenceFamilies)("a %s classifier that transformers saved", async (family) => {
  const { path, expected, texts } = await stockFolder(family);

  test("answers as in PyTorch, with the labels of its config.json", async () => {
    const classifier = await load(path);
    const labels = Array.from({ length: expected.num_labels }, (_, id) => `LABEL_${id}`);
    expect(classifier.labels).toEqual(labels);
    expect(classifier.maxLength).toBe(32); // the positions of all of them
    const problem = expected.problem_type === "multi_label_classification" ? "multi_label" : "single_label";
    const predictions = await classifier.predict(texts);
    for (const [i, { scores }] of predictions.entries()) {
      const wanted = probabilitiesOf(Float32Array.from(expected.eval.logits[i]!), problem);
      for (const [id, label] of labels.entries())
        expect(Math.abs(scores[label]! - wanted[id]!)).toBeLessThan(1e-5);
    }
    await classifier.close();
  });

  test("is exported", async () => {
    const { largestDifference } = await exportOnnx(path);
    expect(largestDifference).toBeLessThan(1e-5);
  });

  test("goes on learning with the head that it has, in whatever order its labels are", async () => {
    if (expected.problem_type === "multi_label_classification") return;
    const names = Array.from({ length: expected.num_labels }, (_, id) => `${9 - id} stars`);
    const id2label = Object.fromEntries(names.map((name, id) => [id, name]));
    const { path: model } = await stockFolder(family, { id2label });
    const { told, output } = await trainOn(model, names);
    expect(told).toContain("The model was trained for these labels before: its head goes on learning.");
    const before = await weightsOf(model);
    const after = await weightsOf(output);
    const [bias] = [...before.keys()].filter((name) => /^classifier(\.out_proj)?\.bias$/.test(name));
    expect([...after.get(bias!)!]).toEqual([...before.get(bias!)!].reverse()); // sorted, the names are reversed
  });
});

/** Trains with a learning rate of 0, so that all that is kept stays as it was. */
async function trainOn(model: string, labels: readonly string[]) {
  const output = await mkdtemp(join(root, "trained-"));
  await rm(output, { recursive: true });
  const data = Array.from({ length: 80 }, (_, i) => ({
    text: textOf([40 + i, 30 + ((7 * i) % 60), 50]),
    label: labels[i % labels.length]!,
  }));
  const kept = { learningRate: 1e-30, weightDecay: 0, calibrate: false };
  const options = { ...tinyOptions, ...kept, epochs: 1, maxLength: 12 };
  const run = train({ ...options, model, output, data });
  const events = await collect(run);
  const { model: facts } = await run.result;
  const told = events.flatMap((event) => (event.kind === "notice" ? [event.text] : []));
  return { output, facts, told };
}

test("other labels get a new head, and it is told which changed", async () => {
  const { path } = await stockFolder("roberta");
  const { facts, told } = await trainOn(path, ["LABEL_0", "LABEL_2", "good"]);
  expect(facts.fresh.head).toContain("classifier.out_proj.weight");
  expect(facts.unused).toEqual([]);
  expect(told).toContain(
    "The labels aren't those that the model was trained for, but without LABEL_1, LABEL_3 and with good added: a new head starts at random.",
  );
});

test("a regression model isn't used as a classifier, but is a start for one", async () => {
  for (const changes of [
    { problem_type: "regression" },
    { id2label: { 0: "LABEL_0" }, problem_type: null },
  ]) {
    const { path } = await stockFolder("electra", changes);
    await expect(load(path)).rejects.toMatchObject({
      code: "config-invalid",
      message: expect.stringContaining("as in regression"),
    });
    const { facts, told } = await trainOn(path, ["a", "b"]);
    expect(facts.fresh.head).toContain("classifier.out_proj.weight");
    expect(told.join()).toContain("The model's head isn't one for labels");
  }
});

test.each<[string, Record<string, unknown>, string, string]>([
  [
    "a model of masked words",
    { architectures: ["BertForMaskedLM"] },
    "model-invalid",
    "names BertForMaskedLM, not Bert",
  ],
  ["a file without architectures", { architectures: undefined }, "model-invalid", "names no architectures"],
  [
    "a head of ours without textgraft.json",
    { model_type: "textgraft_bert_mlp" },
    "model-invalid",
    "needs one",
  ],
  ["ids with a hole", { id2label: { 0: "a", 2: "b" } }, "config-invalid", "id2label"],
  ["two labels of one name", { id2label: { 0: "a", 1: "a" } }, "config-invalid", "id2label"],
  [
    "more labels than the head has",
    { id2label: { 0: "a", 1: "b", 2: "c" } },
    "weights-invalid",
    "config.json asks for [3, ",
  ],
  ["an unknown problem", { problem_type: "ranking" }, "config-invalid", 'problem_type is "ranking"'],
  [
    "more words than the table has",
    { vocab_size: 220 },
    "weights-invalid",
    "has 200 words; config.json has vocab_size 220",
  ],
])("%s is refused", async (_name, changes, code, message) => {
  const { path } = await stockFolder("bert", changes);
  await expect(load(path)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
});

test("fewer words than the tokenizer has are told before anything is read", async () => {
  const { path } = await stockFolder("bert");
  const config = await readJson(path, "config.json");
  await writeFile(join(path, "config.json"), JSON.stringify({ ...config, vocab_size: 150 }));
  await expect(load(path)).rejects.toMatchObject({
    code: "model-invalid",
    message: expect.stringContaining("has 200 entries, but the model only 150"),
  });
});
