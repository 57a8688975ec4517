import { join } from "node:path";
import { exportOnnx, load } from "textgraft";
import { describe, expect, test } from "vitest";
import { createClassifier } from "../../src/model/classifier.js";
import { readConfig } from "../../src/model/families.js";
import { inventedRows, tinySpec, writeTinyModel } from "../support/tiny-model.js";
import { readJson, tinyOptions, tinyWorkplace, trained, weightsOf } from "./train-tiny.js";

const data = inventedRows(90);
const { folder, model } = await tinyWorkplace();
const hidden = 32;
const into = (name: string) => ({ ...tinyOptions, model, data, epochs: 1, output: join(folder, name) });

const stock = {
  tanh: { modelType: "bert", dense: "bert.pooler.dense", output: "classifier" },
  gelu: { modelType: "electra", dense: "classifier.dense", output: "classifier.out_proj" },
  relu: { modelType: "distilbert", dense: "pre_classifier", output: "classifier" },
} as const;

describe.each(["tanh", "gelu", "relu"] as const)("head %s", async (head) => {
  const { modelType, dense, output } = stock[head];
  const width = 12;
  const { result, events } = await trained({ ...into(head), head, headWidth: width });

  test("is a new hidden layer, and told", () => {
    expect(result.model).toMatchObject({ head, headWidth: width });
    expect([...result.model.fresh.head].sort()).toEqual([
      "head.dense.bias",
      "head.dense.weight",
      "head.output.bias",
      "head.output.weight",
    ]);
    expect(events.filter(({ kind }) => kind === "notice")).toEqual([]);
  });

  test("is saved as the stock head of a class that has it, filled up with zeros", async () => {
    const json = await readJson(folder, head, "config.json");
    expect(json.model_type).toBe(modelType);
    const config = readConfig(json);
    const weights = await weightsOf(join(folder, head));
    const { parameters } = createClassifier({ ...tinySpec, config });
    expect([...weights.keys()]).toEqual(parameters.map(({ name }) => name).sort());
    const rows = weights.get(`${dense}.weight`)!;
    expect(rows).toHaveLength(hidden * hidden);
    expect(rows.subarray(0, width * hidden).every((value) => value !== 0)).toBe(true);
    expect(rows.subarray(width * hidden).every((value) => value === 0)).toBe(true);
    expect(
      weights
        .get(`${dense}.bias`)!
        .subarray(width)
        .every((value) => value === 0),
    ).toBe(true);
    const columns = weights.get(`${output}.weight`)!;
    for (const [i, value] of columns.entries()) expect(value !== 0, `${i}`).toBe(i % hidden < width);
  });

  test("gives the same answers after it was loaded, to 1e-6", async () => {
    const classifier = await load(join(folder, head));
    const { judged } = result.test;
    const predictions = await classifier.predict(judged.map(({ text }) => text));
    for (const [i, { scores }] of predictions.entries()) {
      for (const [id, label] of classifier.labels.entries())
        expect(Math.abs(scores[label]! - judged[i]!.probabilities[id]!)).toBeLessThan(1e-6);
    }
    await classifier.close();
  });

  test("is exported as ONNX", async () => {
    const { largestDifference } = await exportOnnx(join(folder, head));
    expect(largestDifference).toBeLessThan(1e-6);
  });

  test("goes on learning for the same labels, and what it is filled up with stays zero", async () => {
    const goOn = (name: string, more: object) =>
      trained({ ...into(`${head}-${name}`), model: join(folder, head), ...more });
    for (const asked of [{}, { head }, { head, headWidth: width }]) {
      const { result: next } = await goOn("on", { ...asked, overwrite: true });
      expect(next.model).toMatchObject({ head, headWidth: width, fresh: { encoder: [], head: [] } });
    }
    const weights = await weightsOf(join(folder, `${head}-on`));
    const rows = weights.get(`${dense}.weight`)!;
    expect(rows).not.toEqual((await weightsOf(join(folder, head))).get(`${dense}.weight`));
    expect(rows.subarray(width * hidden).every((value) => value === 0)).toBe(true);
    const { result: wider } = await goOn("wider", { head, headWidth: 20 });
    expect(wider.model.fresh.head).toHaveLength(4);
  });
});

test("BERT's settings stay what they are under the names of the other family", async () => {
  const read = async (head: string) => readConfig(await readJson(folder, head, "config.json"));
  const bert = await read("tanh");
  expect(await read("gelu")).toEqual({ ...bert, modelType: "electra", embeddingSize: hidden });
  const { tokenTypes: _types, ...typeless } = bert as typeof bert & { tokenTypes: number };
  expect(await read("relu")).toEqual({ ...typeless, modelType: "distilbert" });
  const tokenizer = await readJson(folder, "relu", "tokenizer_config.json");
  expect(tokenizer.model_input_names).toEqual(["input_ids", "attention_mask"]);
});

test("without a width it is as wide as the encoder; mlp has 512 units or as many as one likes", async () => {
  const { result } = await trained({ ...into("wide"), head: "tanh" });
  expect(result.model).toMatchObject({ head: "tanh", headWidth: hidden });
  const mlp = await trained({ ...into("mlp"), head: "mlp", headWidth: 70 });
  expect((await weightsOf(join(folder, "mlp"))).get("fc1.bias")).toHaveLength(70);
  expect(mlp.events.flatMap((event) => (event.kind === "notice" ? [event.text] : []))).toEqual([
    expect.stringMatching(
      /^The mlp head fits no class of transformers.* everywhere: stock, tanh, gelu, relu\.$/,
    ),
  ]);
  await (await load(join(folder, "mlp"))).close();
  const again = await trained({ ...into("mlp-again"), model: join(folder, "mlp"), head: "mlp" });
  expect(again.result.model).toMatchObject({ headWidth: 70, fresh: { encoder: [], head: [] } });
});

test("what no class has is refused, with what fits", async () => {
  const refused = async (more: object, message: string, fix: string) =>
    expect(trained({ ...into("refused"), ...more })).rejects.toMatchObject({
      code: "option-invalid",
      message: expect.stringContaining(message),
      fix: expect.stringContaining(fix),
    });
  await refused({ head: "tanh", headWidth: 33 }, "room for 32 units", "--head-width 32 or less");
  await refused({ headWidth: 8 }, "the stock head of BertForSequenceClassification", "--head tanh");
  const coarse = await writeTinyModel(join(folder, "coarse"), { layerNormEpsilon: 1e-5 });
  await refused(
    { model: coarse, head: "relu" },
    "fixes the epsilon of its norms at 1e-12, and this model's layer_norm_eps is 0.00001",
    "--head stock, --head tanh, --head gelu",
  );
  const electra = join(folder, "gelu");
  await refused(
    { model: electra, head: "relu" },
    "no class of transformers has both",
    "--head stock, --head gelu, or",
  );
});
