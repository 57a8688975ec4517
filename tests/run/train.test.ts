import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { inventedRows } from "../support/tiny-model.js";
import { csvOf, tinyOptions, tinyWorkplace, trained, weightsOf } from "./train-tiny.js";

const rows = inventedRows(210);

describe("a training on a file", async () => {
  const { folder, model } = await tinyWorkplace();
  const data = join(folder, "reviews.csv");
  await writeFile(data, csvOf(rows));
  const input = { ...tinyOptions, model, data, output: join(folder, "model") };
  const { events, result } = await trained(input);

  test("tells everything, in order", () => {
    const kinds = events.map(({ kind }) => kind).join(" ");
    expect(kinds).toMatch(
      /^(compared )*data( tokenized)+ model estimate(( step)+( evaluating)+ epoch){3} decision( evaluating)+ saved$/,
    );
    const steps = events.filter((event) => event.kind === "step");
    expect(steps).toHaveLength(result.model.steps);
    expect(steps.map(({ epoch }) => epoch)).toEqual(
      steps.map((_, i) => Math.floor((3 * i) / steps.length) + 1),
    );
    for (const { loss, gradientNorm, examplesPerSecond } of steps)
      for (const value of [loss, gradientNorm, examplesPerSecond]) expect(value).toBeGreaterThan(0);
    // Warm-up to the peak, then down.
    const rates = steps.map(({ learningRate }) => learningRate);
    const peak = rates.indexOf(Math.max(...rates));
    expect(rates[0]).toBe(0);
    expect(rates[peak]).toBeCloseTo(5e-3, 10);
    expect(peak).toBe(Math.round(steps.length / 10));
    expect(rates.at(-1)).toBeCloseTo(5e-3 / (steps.length - peak), 10);

    expect(events.find(({ kind }) => kind === "data")).toEqual({ kind: "data", facts: result.data });
    expect(events.find(({ kind }) => kind === "model")).toEqual({ kind: "model", facts: result.model });
    expect(events.flatMap((event) => (event.kind === "epoch" ? [event.facts] : []))).toEqual(result.epochs);
    expect(events.at(-1)).toEqual({ kind: "saved", folder: result.folder });
    const tested = events.flatMap((event) =>
      event.kind === "evaluating" && event.part === "test" ? [event] : [],
    );
    expect(tested.at(-1)).toMatchObject({
      done: result.data.parts.test.rows,
      total: result.data.parts.test.rows,
    });
    const tokenized = events.findLast((event) => event.kind === "tokenized");
    expect(tokenized).toMatchObject({ done: rows.length, total: rows.length });
  });

  test("tells what it read and how it split it", () => {
    const { parts, ...facts } = result.data;
    expect(facts).toMatchObject({
      source: data,
      textColumn: "review",
      labelColumn: "category",
      guessed: ["review", "category"],
      labels: ["garden", "kitchen", "sea"],
      exactDuplicates: 0,
      leaks: { exact: 0, near: 0 },
    });
    expect(Object.values(parts).reduce((sum, part) => sum + part.rows, 0)).toBe(rows.length);
    for (const part of Object.values(parts)) expect(part.byLabel.reduce((a, b) => a + b)).toBe(part.rows);
    expect(parts.train.rows).toBeGreaterThan(0.65 * rows.length);
    expect(parts.test.rows).toBeGreaterThan(0.1 * rows.length);
  });

  test("tells what trains", () => {
    // Of a BERT with hidden 32, intermediate 64, 2 layers, 64 positions and this vocabulary, and a head for 3 labels.
    const vocabulary = 49;
    const layer = 4 * (32 * 32 + 32) + 2 * 32 * 64 + 64 + 32 + 4 * 32;
    const encoder = 32 * (vocabulary + 64 + 2 + 2) + 2 * layer + 32 * 32 + 32;
    expect(result.model).toMatchObject({
      model,
      parameters: encoder + 3 * 32 + 3,
      trainedParameters: encoder + 3 * 32 + 3,
      layers: 2,
      hiddenSize: 32,
      head: "stock",
      frozenStages: 0,
      maxLength: 32,
      cutShare: 0,
      learningRate: 5e-3,
      fresh: { encoder: [], head: ["classifier.weight", "classifier.bias"] },
      unused: [],
    });
    expect(result.model.classWeights).toBeUndefined();
    const { data: _data, ...options } = input;
    expect(result.options).toMatchObject({ ...options, recipe: "standard", weightDecay: 0.01, seed: 42 });
  });

  test("judges the test rows", () => {
    const { judged, metrics, loss, floors } = result.test;
    expect(judged).toHaveLength(result.data.parts.test.rows);
    let right = 0;
    let nats = 0;
    for (const { text, row, labelIds, predictedIds, probabilities } of judged) {
      expect([labelIds.length, predictedIds.length]).toEqual([1, 1]);
      const [labelId, predictedId] = [labelIds[0]!, predictedIds[0]!];
      expect(text).toBe(rows[row - 1]!.text);
      expect(result.data.labels[labelId]).toBe(rows[row - 1]!.label);
      expect(probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
      expect(probabilities[predictedId]).toBe(Math.max(...probabilities));
      right += predictedId === labelId ? 1 : 0;
      nats -= Math.log(probabilities[labelId]!);
    }
    expect(metrics.accuracy).toBeCloseTo(right / judged.length, 12);
    expect(loss).toBeCloseTo(nats / judged.length, 6);
    expect(floors.map(({ metrics }) => metrics.accuracy)).toHaveLength(2);
    expect(metrics.accuracy).toBeGreaterThan(0.8); // it learned: by chance it would be 1/3
    expect(result).toMatchObject({ stopped: null, folder: input.output });
    const best = Math.min(...result.epochs.map(({ validationLoss }) => validationLoss));
    expect(result.epochs[result.bestEpoch - 1]!.validationLoss).toBe(best);
  });

  test("leaves a folder in Hugging Face's layout", async () => {
    expect((await readdir(input.output)).sort()).toEqual([
      "README.md",
      "config.json",
      "log.jsonl",
      "metrics.json",
      "mistakes.csv",
      "model.safetensors",
      "report.html",
      "report.md",
      "report.txt",
      "textgraft.json",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    const read = async (name: string) => JSON.parse(await readFile(join(input.output, name), "utf8"));
    const original = JSON.parse(await readFile(join(model, "config.json"), "utf8"));
    const { torch_dtype: _old, ...kept } = original;
    expect(await read("config.json")).toEqual({
      ...kept,
      architectures: ["BertForSequenceClassification"],
      model_type: "bert",
      dtype: "float32",
      id2label: { 0: "garden", 1: "kitchen", 2: "sea" },
      label2id: { garden: 0, kitchen: 1, sea: 2 },
      problem_type: "single_label_classification",
      transformers_version: "5.18.0",
    });
    expect(await read("tokenizer_config.json")).toEqual({
      do_lower_case: true,
      strip_accents: null,
      tokenize_chinese_chars: false,
      cls_token: "[CLS]",
      mask_token: "[MASK]",
      pad_token: "[PAD]",
      sep_token: "[SEP]",
      unk_token: "[UNK]",
      model_max_length: 64,
      tokenizer_class: "BertTokenizer",
    });
    const tokenizer = await readFile(join(input.output, "tokenizer.json"));
    expect(tokenizer.equals(await readFile(join(model, "tokenizer.json")))).toBe(true);
    for (const name of ["config.json", "textgraft.json"]) {
      const text = await readFile(join(input.output, name), "utf8");
      expect(text).toMatch(/^\{\n {2}"[\s\S]*\n\}\n$/);
      const keys = [...text.matchAll(/^ {2}"(.*?)":/gm)].map(([, key]) => key!);
      expect(keys).toEqual(keys.toSorted());
    }
  });

  test("leaves the weights under the checkpoint's names, and says how they came about", async () => {
    const before = await weightsOf(model);
    const after = await weightsOf(input.output);
    expect([...after.keys()]).toEqual([...before.keys(), "classifier.bias", "classifier.weight"].sort());
    for (const [name, values] of before) expect(after.get(name), name).not.toEqual(values);
    const bytes = await readFile(join(input.output, "model.safetensors"));
    expect(bytes.subarray(8, 60).toString()).toContain('"__metadata__":{"format":"pt"}');

    const facts = JSON.parse(await readFile(join(input.output, "textgraft.json"), "utf8"));
    expect(facts).toMatchObject({
      formatVersion: 1,
      head: "stock",
      problem: "single_label",
      labels: result.data.labels,
      maxLength: 32,
      run: { options: result.options, bestEpoch: result.bestEpoch, versions: { node: process.version } },
    });
    expect(facts.run.test.accuracy).toBe(result.test.metrics.accuracy);
    expect(facts.run.validation.accuracy).toBe(result.epochs[result.bestEpoch - 1]!.validation.accuracy);
    expect(facts.run.epochs).toHaveLength(3);
    expect(facts.run.data.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });

  test("gives the same bytes and metrics again, from rows of a program, too; another seed doesn't", async () => {
    const bytes = (name: string) => readFile(join(folder, name));
    const again = await trained({ ...input, data: rows, output: join(folder, "again") });
    expect((await bytes("again/model.safetensors")).equals(await bytes("model/model.safetensors"))).toBe(
      true,
    );
    expect(again.result.test).toEqual(result.test);
    const withoutTime = (facts: object) => ({ ...facts, seconds: 0 });
    expect(again.result.epochs.map(withoutTime)).toEqual(result.epochs.map(withoutTime));
    const facts = JSON.parse(await readFile(join(folder, "again/textgraft.json"), "utf8"));
    const first = JSON.parse(await readFile(join(folder, "model/textgraft.json"), "utf8"));
    expect(facts.run.data.fingerprint).toBe(first.run.data.fingerprint);

    const other = await trained({ ...input, seed: 0, output: join(folder, "other") });
    expect((await bytes("other/model.safetensors")).equals(await bytes("model/model.safetensors"))).toBe(
      false,
    );
    expect(other.result.test.loss).not.toBe(result.test.loss);
  });
});
