import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load, type Run, type TrainEvent, type TrainInput, train } from "textgraft";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWeights } from "../../src/model/safetensors.js";
import { fileSource } from "../../src/run/model-folder-node.js";
import { inventedRows, type Topic, writeTinyModel } from "../support/tiny-model.js";

const rows = inventedRows(210);
let root = "";
let model = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "textgraft-train-"));
  model = await writeTinyModel(join(root, "tiny"));
});
afterAll(() => rm(root, { recursive: true }));

const usual = { epochs: 3, batchSize: 16, learningRate: 5e-3, maxLength: 32, threads: 2 };
const into = (name: string) => ({ ...usual, model, output: join(root, name) });

async function collect(run: Run): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  for await (const event of run) events.push(event);
  return events;
}

/** Trains to the end. */
async function trained(input: TrainInput) {
  const run = train(input);
  const events = await collect(run);
  return { events, result: await run.result };
}

const csv = (rows: readonly { text: string; label: string }[]) =>
  ["review,category", ...rows.map(({ text, label }) => `"${text}",${label}`)].join("\n");

async function json(...path: string[]): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(root, ...path), "utf8")) as Record<string, unknown>;
}

/** The weights of a folder by name. */
async function weightsOf(folder: string): Promise<Map<string, Float32Array>> {
  const file = await openWeights(await fileSource(join(folder, "model.safetensors")));
  const weights = new Map<string, Float32Array>();
  for (const name of file.names) weights.set(name, await file.read(name));
  return weights;
}

/** What a folder holds: names with the hash and the time of each file. */
async function contentOf(folder: string) {
  const names = (await readdir(folder)).sort();
  return Promise.all(
    names.map(async (name) => {
      const hash = createHash("sha256").update(await readFile(join(folder, name)));
      return [name, hash.digest("hex"), (await stat(join(folder, name))).mtimeMs];
    }),
  );
}

describe("a training on a file", async () => {
  // Vitest collects tests before it runs hooks.
  const folder = await mkdtemp(join(tmpdir(), "textgraft-train-file-"));
  afterAll(() => rm(folder, { recursive: true }));
  const data = join(folder, "reviews.csv");
  await writeFile(data, csv(rows));
  const base = await writeTinyModel(join(folder, "tiny"));
  const input = { ...usual, model: base, data, output: join(folder, "model") };
  const { events, result } = await trained(input);

  test("tells everything, in order", () => {
    const kinds = events.map(({ kind }) => kind).join(" ");
    expect(kinds).toMatch(/^data( tokenized)+ model(( step)+( evaluating)+ epoch){3}( evaluating)+ saved$/);
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

    const [first] = events;
    expect(first).toEqual({ kind: "data", facts: result.data });
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
      guessed: true,
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
      model: base,
      parameters: encoder + 3 * 32 + 3,
      trainedParameters: encoder + 3 * 32 + 3,
      layers: 2,
      hiddenSize: 32,
      head: "linear",
      frozenStages: 0,
      maxLength: 32,
      cutShare: 0,
      learningRate: 5e-3,
      fresh: ["classifier.weight", "classifier.bias"],
    });
    expect(result.model.classWeights).toBeUndefined();
    expect(result.options).toMatchObject({
      ...input,
      data: undefined,
      recipe: "standard",
      weightDecay: 0.01,
      seed: 42,
    });
  });

  test("judges the test rows", () => {
    const { judged, metrics, loss, floors } = result.test;
    expect(judged).toHaveLength(result.data.parts.test.rows);
    let right = 0;
    let nats = 0;
    for (const { text, row, labelId, predictedId, probabilities } of judged) {
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
    expect(result).toMatchObject({ cancelled: false, folder: input.output });
    const best = Math.min(...result.epochs.map(({ validationLoss }) => validationLoss));
    expect(result.epochs[result.bestEpoch - 1]!.validationLoss).toBe(best);
  });

  test("leaves a folder in Hugging Face's layout", async () => {
    expect((await readdir(input.output)).sort()).toEqual([
      "config.json",
      "model.safetensors",
      "textgraft.json",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    const read = async (name: string) => JSON.parse(await readFile(join(input.output, name), "utf8"));
    const original = JSON.parse(await readFile(join(base, "config.json"), "utf8"));
    const { torch_dtype: _old, ...kept } = original;
    expect(await read("config.json")).toEqual({
      ...kept,
      architectures: ["BertForSequenceClassification"],
      model_type: "bert",
      dtype: "float32",
      id2label: { 0: "garden", 1: "kitchen", 2: "sea" },
      label2id: { garden: 0, kitchen: 1, sea: 2 },
      problem_type: "single_label_classification",
      classifier_dropout: 0.1,
    });
    expect(await read("tokenizer_config.json")).toEqual({
      do_lower_case: true,
      model_max_length: 64,
      tokenizer_class: "BertTokenizer",
    });
    const tokenizer = await readFile(join(input.output, "tokenizer.json"));
    expect(tokenizer.equals(await readFile(join(base, "tokenizer.json")))).toBe(true);
    for (const name of ["config.json", "textgraft.json"]) {
      const text = await readFile(join(input.output, name), "utf8");
      expect(text).toMatch(/^\{\n {2}"[\s\S]*\n\}\n$/);
      const keys = [...text.matchAll(/^ {2}"(.*?)":/gm)].map(([, key]) => key!);
      expect(keys).toEqual(keys.toSorted());
    }
  });

  test("leaves the weights under the checkpoint's names, and says how they came about", async () => {
    const before = await weightsOf(base);
    const after = await weightsOf(input.output);
    expect([...after.keys()]).toEqual([...before.keys(), "classifier.bias", "classifier.weight"].sort());
    for (const [name, values] of before) expect(after.get(name), name).not.toEqual(values);
    const bytes = await readFile(join(input.output, "model.safetensors"));
    expect(bytes.subarray(8, 60).toString()).toContain('"__metadata__":{"format":"pt"}');

    const facts = JSON.parse(await readFile(join(input.output, "textgraft.json"), "utf8"));
    expect(facts).toMatchObject({
      formatVersion: 1,
      head: "linear",
      problem: "single_label",
      labels: result.data.labels,
      maxLength: 32,
      run: { options: result.options, bestEpoch: result.bestEpoch, node: process.version },
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

test("the tutorial's head has a type of its own, which no stock class loads", async () => {
  const { result } = await trained({
    ...into("mlp"),
    data: rows,
    head: "mlp",
    freeze: "all",
    classWeights: "balanced",
  });
  const counts = result.data.parts.train.byLabel;
  const total = counts.reduce((a, b) => a + b);
  expect(result.model.classWeights).toEqual(counts.map((count) => total / (3 * count)));
  expect(result.model).toMatchObject({ head: "mlp", frozenStages: 4, trainedParameters: 33 * 512 + 513 * 3 });
  expect(await json("mlp", "config.json")).toMatchObject({
    architectures: ["TextgraftBertMlpClassifier"],
    model_type: "textgraft_bert_mlp",
    id2label: { 0: "garden", 1: "kitchen", 2: "sea" },
    label2id: { garden: 0, kitchen: 1, sea: 2 },
  });
  const weights = await weightsOf(join(root, "mlp"));
  const heads = [...weights.keys()].filter((name) => !name.startsWith("bert."));
  expect(heads).toEqual(["fc1.bias", "fc1.weight", "fc2.bias", "fc2.weight"]);
  for (const [name, values] of await weightsOf(model)) expect(weights.get(name), name).toEqual(values);
});

test.each([
  ["embeddings", /^bert\.embeddings/, 1],
  [0, /^bert\.embeddings/, 1],
  [1, /^bert\.(embeddings|encoder\.layer\.0\.)/, 2],
] as const)("with freeze %s, what is frozen is saved as it was", async (freeze, frozen, stages) => {
  const name = `freeze-${freeze}`;
  const { result } = await trained({ ...into(name), data: rows.slice(0, 60), freeze, epochs: 1 });
  expect(result.model.frozenStages).toBe(stages);
  const weights = await weightsOf(join(root, name));
  for (const [name, values] of await weightsOf(model)) {
    if (frozen.test(name)) expect(weights.get(name), name).toEqual(values);
    else expect(weights.get(name), name).not.toEqual(values);
  }
});

test("a fine-tuned model goes on with its head for the same labels, and gets a new one for others", async () => {
  const data = rows.slice(0, 90);
  await trained({ ...into("first"), data, epochs: 1 });
  const first = await weightsOf(join(root, "first"));
  // With a learning rate of 0, what is saved is what the training started from.
  const goOn = (name: string, more: Partial<TrainInput>) =>
    trained({ ...into(name), data, model: join(root, "first"), learningRate: 0, epochs: 1, ...more });

  const same = await goOn("same", {});
  expect(same.result.model.fresh).toEqual([]);
  expect(await weightsOf(join(root, "same"))).toEqual(first);

  const two = await goOn("two", { data: data.filter(({ label }) => label !== "sea") });
  expect(two.result.model.fresh).toEqual(["classifier.weight", "classifier.bias"]);
  const other = await weightsOf(join(root, "two"));
  expect(other.get("classifier.weight")).toHaveLength(2 * 32);
  for (const [name, values] of first) if (name.startsWith("bert.")) expect(other.get(name)).toEqual(values);
  expect(await json("two", "config.json")).toMatchObject({ id2label: { 0: "garden", 1: "kitchen" } });

  // Three labels again, but others: the old head would mean nothing.
  const renamed = data.map(({ text, label }) => ({ text, label: label === "sea" ? "ocean" : label }));
  expect((await goOn("renamed", { data: renamed })).result.model.fresh).toHaveLength(2);

  const mlp = await goOn("mlp-head", { head: "mlp" });
  expect(mlp.result.model.fresh).toEqual(["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]);
  expect([...(await weightsOf(join(root, "mlp-head"))).keys()]).not.toContain("classifier.weight");
});

test("rows that the user set aside stay where they are", async () => {
  const files = { train: rows.slice(0, 120), validation: rows.slice(120, 150), test: rows.slice(150) };
  for (const [name, part] of Object.entries(files)) await writeFile(join(root, `${name}.csv`), csv(part));
  const [data, validation, test] = ["train", "validation", "test"].map((name) => join(root, `${name}.csv`));
  const { result } = await trained({
    ...into("parts"),
    epochs: 1,
    data: data!,
    validation: validation!,
    test: test!,
  });
  const { parts } = result.data;
  expect([parts.train.rows, parts.validation.rows, parts.test.rows]).toEqual([120, 30, 60]);
  expect(result.test.judged.map(({ text }) => text)).toEqual(files.test.map(({ text }) => text));
  expect(result.test.judged.map(({ row }) => row)).toEqual(files.test.map((_, i) => i + 1));
});

describe("a training that is stopped", () => {
  test.each([
    { when: "in the first epoch", after: 2, epochs: 0 },
    { when: "in the second epoch", after: 12, epochs: 1 },
  ])("$when leaves a whole model", async ({ after, epochs }) => {
    const output = join(root, `stopped-${after}`);
    const run = train({ ...into("-"), output, data: rows });
    let steps = 0;
    for await (const { kind } of run) if (kind === "step" && ++steps === after) run.cancel();
    const result = await run.result;
    expect(result.cancelled).toBe(true);
    expect(result.epochs).toHaveLength(epochs);
    expect(result.bestEpoch).toBe(epochs);
    expect(steps).toBeLessThan(result.model.steps);
    expect((await readdir(output)).sort()).toContain("model.safetensors");
    const weights = await weightsOf(output);
    expect(weights.get("bert.pooler.dense.bias")).not.toEqual(
      (await weightsOf(model)).get("bert.pooler.dense.bias"),
    );
    const classifier = await load(output);
    const [first] = result.test.judged;
    const { scores } = await classifier.predict(first!.text);
    for (const [id, label] of classifier.labels.entries())
      expect(scores[label]).toBeCloseTo(first!.probabilities[id]!, 5);
    await classifier.close();
  });

  test("before the first step leaves nothing", async () => {
    const run = train({ ...into("nothing"), data: rows });
    run.cancel();
    await expect(run.result).rejects.toMatchObject({ code: "cancelled", exitCode: 130 });
    expect(existsSync(join(root, "nothing"))).toBe(false);
  });
});

test("a second run on the same folder is refused before any work, and replaces it only if asked to", async () => {
  const input = { ...into("twice"), data: rows.slice(0, 60), epochs: 1 };
  await trained(input);
  const before = await contentOf(input.output);
  const seen: string[] = [];
  const second = train({ ...input, seed: 1 });
  const listening = (async () => {
    for await (const { kind } of second) seen.push(kind);
  })();
  const refused = { code: "output-exists", exitCode: 2, fix: expect.stringContaining("--overwrite") };
  await expect(listening).rejects.toMatchObject(refused);
  await expect(second.result).rejects.toMatchObject(refused);
  expect(seen).toEqual([]);
  expect(await contentOf(input.output)).toEqual(before);

  await trained({ ...input, seed: 1, overwrite: true });
  expect((await contentOf(input.output)).map(([name]) => name)).toEqual(before.map(([name]) => name));
  expect(await contentOf(input.output)).not.toEqual(before);
  expect((await readdir(root)).filter((name) => name.startsWith("."))).toEqual([]);
});

test("more than one rate of rows and steps: micro-batches, short batches, another length", async () => {
  const topics: Topic[] = ["sea", "garden"];
  const { result } = await trained({
    ...into("odd"),
    data: inventedRows(101, topics, 3),
    accumulate: 3,
    batchSize: 7,
    maxLength: "auto",
    labelSmoothing: 0.1,
    best: "macro-f1",
    patience: 1,
    schedule: "constant",
    decayOn: "all",
    maxGradientNorm: 0,
  });
  const perEpoch = Math.ceil(Math.ceil(result.data.parts.train.rows / 7) / 3);
  expect(result.model.steps).toBe(3 * perEpoch);
  expect(result.model.buckets.at(-1)).toBe(result.model.maxLength);
  expect(result.test.metrics.accuracy).toBeGreaterThan(0.6);
});
