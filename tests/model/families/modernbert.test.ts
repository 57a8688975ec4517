import { expect, test } from "vitest";
import { createClassifier } from "../../../src/model/classifier.js";
import { readConfig } from "../../../src/model/families.js";
import { readReference } from "../../support/reference.js";

/** What `config.json` of answerdotai/ModernBERT-base says. */
const modernBase = {
  architectures: ["ModernBertForMaskedLM"],
  attention_bias: false,
  attention_dropout: 0,
  bos_token_id: 50281,
  classifier_activation: "gelu",
  classifier_bias: false,
  classifier_dropout: 0,
  classifier_pooling: "mean",
  cls_token_id: 50281,
  decoder_bias: true,
  deterministic_flash_attn: false,
  embedding_dropout: 0,
  eos_token_id: 50282,
  global_attn_every_n_layers: 3,
  global_rope_theta: 160000,
  gradient_checkpointing: false,
  hidden_activation: "gelu",
  hidden_size: 768,
  initializer_cutoff_factor: 2,
  initializer_range: 0.02,
  intermediate_size: 1152,
  layer_norm_eps: 1e-5,
  local_attention: 128,
  local_rope_theta: 10000,
  max_position_embeddings: 8192,
  mlp_bias: false,
  mlp_dropout: 0,
  model_type: "modernbert",
  norm_bias: false,
  norm_eps: 1e-5,
  num_attention_heads: 12,
  num_hidden_layers: 22,
  pad_token_id: 50283,
  position_embedding_type: "absolute",
  sep_token_id: 50282,
  tie_word_embeddings: true,
  torch_dtype: "float32",
  transformers_version: "4.47.0.dev0",
  vocab_size: 50368,
};

const base = {
  modelType: "modernbert",
  vocabSize: 50368,
  hiddenSize: 768,
  layers: 22,
  heads: 12,
  intermediateSize: 1152,
  activation: "gelu",
  positions: 8192,
  padId: 50283,
  local: Array.from({ length: 22 }, (_, layer) => ![0, 3, 6, 9, 12, 15, 18, 21].includes(layer)),
  reach: 64,
  rotaryBase: { global: 160000, local: 10000 },
  biases: { attention: false, mlp: false, norm: false, head: false },
  normEpsilon: 1e-5,
  embeddingDropout: 0,
  attentionDropout: 0,
  mlpDropout: 0,
  classifierDropout: 0,
  initializerRange: 0.02,
  pooling: "mean",
  headActivation: "gelu",
};

test("ModernBERT-base is read as it is", () => {
  expect(readConfig(modernBase)).toEqual(base);
});

test("what transformers fills in is filled in", () => {
  expect(readConfig({ model_type: "modernbert" })).toEqual({ ...base, pooling: "cls" });
});

test("the spelling of published files and that of transformers 5 give the same model", () => {
  const [config, hub] = ["config.json", "config.hub.json"].map((name) =>
    readConfig(readReference(`modernbert/${name}`)),
  );
  expect(hub).toEqual(config);
  expect(config).toMatchObject({ local: [false, true, true], rotaryBase: { global: 160000, local: 10000 } });
});

const types: string[] = Array.from({ length: 22 }, (_, layer) =>
  layer < 20 ? "sliding_attention" : "full_attention",
);

test.each([
  [{ layer_types: types }, { local: types.map((type) => type === "sliding_attention") }],
  [{ layer_types: null, global_attn_every_n_layers: 22 }, { local: types.map((_, layer) => layer > 0) }],
  [{ local_attention: 9 }, { reach: 4 }],
  [
    { rope_parameters: { full_attention: { rope_theta: 80000 } }, global_rope_theta: 1 },
    { rotaryBase: { global: 80000, local: 10000 } },
  ],
  [{ local_rope_theta: 160000 }, { rotaryBase: { global: 160000, local: 160000 } }],
  [
    { embedding_dropout: 0.1, attention_dropout: 0.2, mlp_dropout: 0.3, classifier_dropout: 0.4 },
    { embeddingDropout: 0.1, attentionDropout: 0.2, mlpDropout: 0.3, classifierDropout: 0.4 },
  ],
  [
    { norm_bias: true, classifier_bias: true },
    { biases: { attention: false, mlp: false, norm: true, head: true } },
  ],
])("%o changes what it says", (change, expected) => {
  expect(readConfig({ ...modernBase, ...change })).toMatchObject(expected);
});

test.each([
  [{ layer_types: types.slice(1) }, "layer_types must have an entry for each of the 22 layers"],
  [{ layer_types: types.with(3, "chunked_attention") }, 'layer_types[3] is "chunked_attention"'],
  [{ global_attn_every_n_layers: 0 }, "global_attn_every_n_layers is 0"],
  [{ local_attention: "128" }, 'local_attention is "128"'],
  [{ global_rope_theta: 0 }, "global_rope_theta is 0; it must be a number above 0"],
  [{ local_rope_theta: null }, "local_rope_theta is null; it must be a number above 0"],
  [
    { rope_parameters: { sliding_attention: { rope_type: "yarn" } } },
    'rope_parameters.sliding_attention.rope_type is "yarn"; Textgraft reads "default"',
  ],
  [
    { rope_parameters: { full_attention: { rope_theta: "x" } } },
    'rope_parameters.full_attention.rope_theta is "x"',
  ],
  [{ rope_scaling: { factor: 2 } }, "rope_scaling is"],
  [{ classifier_pooling: "max" }, 'classifier_pooling is "max"; Textgraft reads "cls" or "mean"'],
  [{ norm_bias: null }, "norm_bias is null; Textgraft reads true or false"],
  [{ hidden_activation: "mish" }, 'hidden_activation is "mish"'],
  [{ classifier_activation: 1 }, "classifier_activation is 1"],
  [{ mlp_dropout: 1 }, "mlp_dropout is 1"],
  [
    { num_attention_heads: 256 },
    "hidden_size 768 can't be divided by num_attention_heads 256 into heads of an even size",
  ],
])("%o is refused, naming the key", (change, message) => {
  expect(() => readConfig({ ...modernBase, ...change })).toThrow(message);
});

test("what was trained on masked words is kept for all labels but the classifier", () => {
  const config = readConfig(readReference("modernbert/config.json"));
  const { head } = createClassifier({ config, head: "stock", labels: ["a", "b"], problem: "single_label" });
  expect(head.pretrained).toEqual(["head.dense.weight", "head.norm.weight"]);
});
