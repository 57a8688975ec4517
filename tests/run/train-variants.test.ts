import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { load, type TrainInput, train } from "textgraft";
import { describe, expect, test } from "vitest";
import { inventedRows, type Topic } from "../support/tiny-model.js";
import { csvOf, readJson, tinyOptions, tinyWorkplace, trained, weightsOf } from "./train-tiny.js";

const rows = inventedRows(210);
const { folder, model } = await tinyWorkplace();
const into = (name: string) => ({ ...tinyOptions, model, output: join(folder, name) });

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
  expect(await readJson(folder, "mlp", "config.json")).toMatchObject({
    architectures: ["TextgraftClassifier"],
    model_type: "textgraft_bert_mlp",
    id2label: { 0: "garden", 1: "kitchen", 2: "sea" },
    label2id: { garden: 0, kitchen: 1, sea: 2 },
  });
  const weights = await weightsOf(join(folder, "mlp"));
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
  const weights = await weightsOf(join(folder, name));
  for (const [name, values] of await weightsOf(model)) {
    if (frozen.test(name)) expect(weights.get(name), name).toEqual(values);
    else expect(weights.get(name), name).not.toEqual(values);
  }
});

test("a fine-tuned model goes on with its head for the same labels, and gets a new one for others", async () => {
  const data = rows.slice(0, 90);
  await trained({ ...into("first"), data, epochs: 1 });
  const first = await weightsOf(join(folder, "first"));
  // With a learning rate of 0 and no temperature, what is saved is what the training started from.
  const frozen = { learningRate: 0, epochs: 1, calibrate: false };
  const goOn = (name: string, more: Partial<TrainInput>) =>
    trained({ ...into(name), ...frozen, data, model: join(folder, "first"), ...more });

  const same = await goOn("same", {});
  expect(same.result.model.fresh).toEqual({ encoder: [], head: [] });
  expect(await weightsOf(join(folder, "same"))).toEqual(first);

  const two = await goOn("two", { data: data.filter(({ label }) => label !== "sea") });
  expect(two.result.model.fresh.head).toEqual(["classifier.weight", "classifier.bias"]);
  const other = await weightsOf(join(folder, "two"));
  expect(other.get("classifier.weight")).toHaveLength(2 * 32);
  for (const [name, values] of first) if (name.startsWith("bert.")) expect(other.get(name)).toEqual(values);
  expect(await readJson(folder, "two", "config.json")).toMatchObject({
    id2label: { 0: "garden", 1: "kitchen" },
  });

  // Three labels again, but others: the old head would mean nothing.
  const renamed = data.map(({ text, label }) => ({ text, label: label === "sea" ? "ocean" : label }));
  expect((await goOn("renamed", { data: renamed })).result.model.fresh.head).toHaveLength(2);

  const mlp = await goOn("mlp-head", { head: "mlp" });
  expect(mlp.result.model.fresh.head).toEqual(["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]);
  expect([...(await weightsOf(join(folder, "mlp-head"))).keys()]).not.toContain("classifier.weight");
});

test("rows that the user set aside stay where they are", async () => {
  const files = { train: rows.slice(0, 120), validation: rows.slice(120, 150), test: rows.slice(150) };
  for (const [name, part] of Object.entries(files)) await writeFile(join(folder, `${name}.csv`), csvOf(part));
  const [data, validation, test] = ["train", "validation", "test"].map((name) => join(folder, `${name}.csv`));
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

test.each(["validation", "test"] as const)(
  "a file of %s rows alone leaves the other part to the split",
  async (part) => {
    const file = join(folder, `own-${part}.csv`);
    await writeFile(file, csvOf(rows.slice(150)));
    const { result } = await trained({
      ...into(`own-${part}`),
      epochs: 1,
      data: rows.slice(0, 150),
      [part]: file,
    });
    const { parts } = result.data;
    const other = part === "test" ? parts.validation : parts.test;
    expect(parts[part].rows).toBe(rows.length - 150);
    expect(parts.train.rows + other.rows).toBe(150);
    expect(other.rows).toBeGreaterThan(10);
  },
);

describe("a training that is stopped", () => {
  test.each([
    { when: "in the first epoch", after: 2, epochs: 0 },
    { when: "in the second epoch", after: 12, epochs: 1 },
  ])("$when leaves a whole model", async ({ after, epochs }) => {
    const output = join(folder, `stopped-${after}`);
    const run = train({ ...into("-"), output, data: rows });
    let steps = 0;
    for await (const { kind } of run) if (kind === "step" && ++steps === after) run.cancel();
    const result = await run.result;
    expect(result.stopped).toBe("cancelled");
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

  test("leaves the best weights so far", async () => {
    const input = { data: rows, schedule: "constant", warmup: 0 } as const; // an epoch doesn't depend on later ones
    const run = train({ ...into("stopped-best"), ...input });
    for await (const event of run) if (event.kind === "step" && event.epoch === 2) run.cancel();
    await run.result;
    await trained({ ...into("one-epoch"), ...input, epochs: 1 });
    expect(await weightsOf(join(folder, "stopped-best"))).toEqual(await weightsOf(join(folder, "one-epoch")));
  });

  test("before the first step leaves nothing", async () => {
    const run = train({ ...into("nothing"), data: rows });
    run.cancel();
    await expect(run.result).rejects.toMatchObject({ code: "cancelled", exitCode: 130 });
    expect(existsSync(join(folder, "nothing"))).toBe(false);
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
  expect((await readdir(folder)).filter((name) => name.startsWith("."))).toEqual([]);
});

test("two labels are learned with micro-batches, short batches, smoothed labels and another length", async () => {
  const topics: Topic[] = ["sea", "garden"];
  const epochs = 8;
  const { result } = await trained({
    ...into("odd"),
    data: inventedRows(101, topics, 3),
    accumulate: 3,
    batchSize: 7,
    maxLength: "auto",
    epochs,
    labelSmoothing: 0.1,
    best: "macro-f1",
    schedule: "constant",
    decayOn: "all",
    maxGradientNorm: 0,
  });
  const perEpoch = Math.ceil(Math.ceil(result.data.parts.train.rows / 7) / 3);
  expect(result.model.steps).toBe(epochs * perEpoch);
  expect(result.test.metrics.accuracy).toBeGreaterThan(0.75);
});

describe("the tokenizer's files", () => {
  const data = rows.slice(0, 60);
  const copyOf = async (name: string) => {
    await cp(model, join(folder, name), { recursive: true });
    return join(folder, name);
  };

  const readOffTokenizer = {
    do_lower_case: true,
    strip_accents: null,
    tokenize_chinese_chars: true,
    cls_token: "[CLS]",
    mask_token: "[MASK]",
    pad_token: "[PAD]",
    sep_token: "[SEP]",
    unk_token: "[UNK]",
  };

  test("of an old checkpoint become those of a new one", async () => {
    const old = await copyOf("old");
    const { model: definition } = await readJson(old, "tokenizer.json");
    const { vocab } = definition as { vocab: Record<string, number> };
    await writeFile(join(old, "vocab.txt"), `${Object.keys(vocab).join("\n")}\n`);
    await rm(join(old, "tokenizer.json"));
    await rm(join(old, "tokenizer_config.json"));
    await trained({ ...into("from-old"), data, model: old, epochs: 1 });
    await trained({ ...into("from-new"), data, epochs: 1 });
    expect(await weightsOf(join(folder, "from-old"))).toEqual(await weightsOf(join(folder, "from-new")));
    expect((await readJson(folder, "from-old", "tokenizer.json")).model).toMatchObject({
      type: "WordPiece",
      vocab,
    });
    expect(await readJson(folder, "from-old", "tokenizer_config.json")).toEqual({
      ...readOffTokenizer,
      model_max_length: 64,
      tokenizer_class: "BertTokenizer",
    });
  });

  test("name special tokens and a class that every version of transformers knows", async () => {
    // Special tokens were lost with special_tokens_map.json, which isn't written any more.
    const strange = await copyOf("strange");
    const map = { pad_token: "[MASK]", cls_token: "[CLS]" };
    await writeFile(join(strange, "special_tokens_map.json"), JSON.stringify(map));
    const settings = { tokenizer_class: "TokenizersBackend", do_lower_case: true, model_max_length: 40 };
    await writeFile(join(strange, "tokenizer_config.json"), JSON.stringify(settings));
    await trained({ ...into("from-strange"), data, model: strange, epochs: 1 });
    expect(await readJson(folder, "from-strange", "tokenizer_config.json")).toEqual({
      ...readOffTokenizer,
      ...map,
      ...settings,
      strip_accents: null,
      tokenize_chinese_chars: false,
      tokenizer_class: "BertTokenizer",
    });
    const classifier = await load(join(folder, "from-strange"));
    expect(classifier.tokenizer.padId).toBe(4);
    await classifier.close();
  });
});

/** What a folder holds: names with the hash and the time of each file. */
async function contentOf(path: string) {
  const names = (await readdir(path)).sort();
  return Promise.all(
    names.map(async (name) => {
      const hash = createHash("sha256").update(await readFile(join(path, name)));
      return [name, hash.digest("hex"), (await stat(join(path, name))).mtimeMs];
    }),
  );
}
