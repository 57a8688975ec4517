import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createClassifier, trainGraph } from "../../../src/model/classifier.js";
import { biasRow } from "../../../src/model/families/mpnet.js";
import { readConfig } from "../../../src/model/families.js";
import {
  engineWith,
  familySpec,
  largestDifference,
  oneText,
  readFamily,
  readTensors,
} from "../../support/families.js";

/** What `config.json` of microsoft/mpnet-base says. */
const published = {
  architectures: ["MPNetForMaskedLM"],
  attention_probs_dropout_prob: 0.1,
  bos_token_id: 0,
  eos_token_id: 2,
  hidden_act: "gelu",
  hidden_dropout_prob: 0.1,
  hidden_size: 768,
  initializer_range: 0.02,
  intermediate_size: 3072,
  layer_norm_eps: 1e-5,
  max_position_embeddings: 514,
  model_type: "mpnet",
  num_attention_heads: 12,
  num_hidden_layers: 12,
  pad_token_id: 1,
  relative_attention_num_buckets: 32,
  vocab_size: 30527,
};

test("the published model is read as it is: two of its rows of positions are never used", () => {
  expect(readConfig(published)).toEqual({
    modelType: "mpnet",
    vocabSize: 30527,
    hiddenSize: 768,
    layers: 12,
    heads: 12,
    intermediateSize: 3072,
    activation: "gelu",
    positions: 512,
    positionRows: 514,
    padId: 1,
    layerNormEpsilon: 1e-5,
    hiddenDropout: 0.1,
    attentionDropout: 0.1,
    classifierDropout: 0.1,
    initializerRange: 0.02,
  });
});

test("what transformers fills in is filled in", () => {
  expect(readConfig({ model_type: "mpnet", vocab_size: 30527 })).toEqual({
    ...readConfig(published),
    positions: 510,
    positionRows: 512,
    layerNormEpsilon: 1e-12,
  });
  expect(readConfig({ ...published, hidden_dropout_prob: 0.3 })).toMatchObject({ classifierDropout: 0.3 });
});

test.each([
  [{ pad_token_id: 0 }, "pad_token_id is 0; Textgraft reads 1"],
  [{ relative_attention_num_buckets: 64 }, "relative_attention_num_buckets is 64; Textgraft reads 32"],
  [{ max_position_embeddings: 2 }, "max_position_embeddings 2 leaves no position"],
  [{ hidden_act: "swish" }, 'hidden_act is "swish"'],
])("%o is refused, naming the key", (change, message) => {
  expect(() => readConfig({ ...published, ...change })).toThrow(message);
});

test("distances have the rows that transformers gives them", () => {
  const file = new URL("../../reference/distance_buckets.json", import.meta.url);
  const { mpnet } = JSON.parse(readFileSync(file, "utf8")) as {
    mpnet: Record<"behind" | "before", [row: number, count: number][]>;
  };
  for (const [side, direction] of [
    ["behind", 1],
    ["before", -1],
  ] as const) {
    const rows = mpnet[side].flatMap(([row, count]) => new Array<number>(count).fill(row));
    expect(rows).toHaveLength(600);
    for (const [distance, row] of rows.entries())
      expect(biasRow(direction * distance), `${distance} ${side}`).toBe(row);
  }
});

test("all layers share one table of biases, whose gradient is one sum and which isn't decayed", () => {
  const config = readConfig({ ...published, num_hidden_layers: 3 });
  const model = createClassifier({ config, head: "stock", labels: ["a", "b"], problem: "single_label" });
  const table = model.parameters.filter(({ name }) => name.includes("relative_attention_bias"));
  expect(table).toMatchObject([{ shape: [32, 12], exempt: true }]);
  const { nodes } = trainGraph(model, 0).g;
  expect(nodes.filter(({ op }) => op.name === "ByDistance")).toHaveLength(1);
  expect(nodes.filter(({ op }) => op.name === "ToDistance")).toHaveLength(1);
});

test("a text may be as long as config.positions says", async () => {
  const classifier = familySpec("mpnet", readFamily("mpnet"));
  expect(classifier.config.positions).toBe(32);
  const weights = await readTensors("mpnet/model.safetensors");
  const engine = await engineWith({ classifier, device: "cpu", frozenStages: 0 }, weights);
  const logits = await engine.logits(oneText(32));
  await engine.close();
  const expected = [1.0963568687438965, -1.2586618661880493, 0.6643425822257996]; // of transformers 5.18
  expect(largestDifference(logits, expected)).toBeLessThan(1e-5);
});
