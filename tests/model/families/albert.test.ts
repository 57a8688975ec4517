import { expect, test } from "vitest";
import { createClassifier } from "../../../src/model/classifier.js";
import { readConfig } from "../../../src/model/families.js";

/** What `config.json` of albert/albert-base-v2 says. */
const albertBase = {
  architectures: ["AlbertForMaskedLM"],
  attention_probs_dropout_prob: 0,
  bos_token_id: 2,
  classifier_dropout_prob: 0.1,
  down_scale_factor: 1,
  embedding_size: 128,
  eos_token_id: 3,
  gap_size: 0,
  hidden_act: "gelu_new",
  hidden_dropout_prob: 0,
  hidden_size: 768,
  initializer_range: 0.02,
  inner_group_num: 1,
  intermediate_size: 3072,
  layer_norm_eps: 1e-12,
  max_position_embeddings: 512,
  model_type: "albert",
  net_structure_type: 0,
  num_attention_heads: 12,
  num_hidden_groups: 1,
  num_hidden_layers: 12,
  num_memory_blocks: 0,
  pad_token_id: 0,
  type_vocab_size: 2,
  vocab_size: 30000,
};

const base = {
  modelType: "albert",
  vocabSize: 30000,
  embeddingSize: 128,
  hiddenSize: 768,
  layers: 12,
  groups: 1,
  sharedLayers: true,
  heads: 12,
  intermediateSize: 3072,
  activation: "gelu_new",
  positions: 512,
  positionRows: 512,
  padId: 0,
  tokenTypes: 2,
  layerNormEpsilon: 1e-12,
  hiddenDropout: 0,
  attentionDropout: 0,
  classifierDropout: 0.1,
  initializerRange: 0.02,
};

test("ALBERT-base is read as it is", () => {
  expect(readConfig(albertBase)).toEqual(base);
});

test("what transformers fills in is filled in", () => {
  expect(readConfig({ model_type: "albert" })).toEqual({
    ...base,
    hiddenSize: 4096,
    heads: 64,
    intermediateSize: 16384,
  });
});

test("as many groups as layers share nothing", () => {
  expect(readConfig({ ...albertBase, num_hidden_groups: 12 })).toMatchObject({ sharedLayers: false });
});

test.each([
  [{ inner_group_num: 2 }, "inner_group_num is 2; Textgraft reads 1"],
  [{ num_hidden_groups: 13 }, "num_hidden_groups 13 is more than num_hidden_layers 12"],
  [{ num_hidden_groups: 0 }, "num_hidden_groups is 0"],
  [{ embedding_size: "128" }, 'embedding_size is "128"'],
  [{ classifier_dropout_prob: 1 }, "classifier_dropout_prob is 1"],
])("%o is refused, naming the key", (change, message) => {
  expect(() => readConfig({ ...albertBase, ...change })).toThrow(message);
});

const stagesOf = (config: object) =>
  createClassifier({
    config: readConfig({ ...albertBase, ...config }),
    head: "stock",
    labels: ["a", "b"],
    problem: "single_label",
  }).stages;

// [int(i / (8 / 3)) for i in range(8)], as AlbertTransformer has it: 0 0 0 1 1 1 2 2.
test("the first layer of each group lists its weights, and no other", () => {
  const stages = stagesOf({ num_hidden_layers: 8, num_hidden_groups: 3 });
  const groups = stages.slice(1, 9).map(({ parameters }) => parameters[0]?.name);
  const query = (group: number) =>
    `albert.encoder.albert_layer_groups.${group}.albert_layers.0.attention.query.weight`;
  const none = undefined;
  expect(groups).toEqual([query(0), none, none, query(1), none, none, query(2), none]);
});
