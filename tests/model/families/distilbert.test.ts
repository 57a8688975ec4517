import { expect, test } from "vitest";
import { createClassifier, trainGraph } from "../../../src/model/classifier.js";
import { readConfig } from "../../../src/model/families.js";

/** What `config.json` of distilbert/distilbert-base-uncased says. */
const published = {
  activation: "gelu",
  architectures: ["DistilBertForMaskedLM"],
  attention_dropout: 0.1,
  dim: 768,
  dropout: 0.1,
  hidden_dim: 3072,
  initializer_range: 0.02,
  max_position_embeddings: 512,
  model_type: "distilbert",
  n_heads: 12,
  n_layers: 6,
  pad_token_id: 0,
  qa_dropout: 0.1,
  seq_classif_dropout: 0.2,
  sinusoidal_pos_embds: false,
  tie_weights_: true,
  transformers_version: "4.10.0.dev0",
  vocab_size: 30522,
};

test("the published model is read as it is, and so is a file that leaves to transformers what it can", () => {
  const expected = {
    modelType: "distilbert",
    vocabSize: 30522,
    hiddenSize: 768,
    layers: 6,
    heads: 12,
    intermediateSize: 3072,
    activation: "gelu",
    positions: 512,
    positionRows: 512,
    padId: 0,
    layerNormEpsilon: 1e-12,
    hiddenDropout: 0.1,
    attentionDropout: 0.1,
    classifierDropout: 0.2,
    initializerRange: 0.02,
  };
  expect(readConfig(published)).toEqual(expected);
  expect(readConfig({ model_type: "distilbert", vocab_size: 30522 })).toEqual(expected);
});

test("each key does what it says, and keys of BERT's say nothing", () => {
  const changed = {
    dim: 48,
    n_heads: 3,
    n_layers: 2,
    hidden_dim: 96,
    activation: "relu",
    dropout: 0.3,
    attention_dropout: 0.4,
    seq_classif_dropout: 0.5,
    layer_norm_eps: 1e-5,
    hidden_act: "silu",
    classifier_dropout: 0.6,
  };
  expect(readConfig({ ...published, ...changed })).toMatchObject({
    hiddenSize: 48,
    heads: 3,
    layers: 2,
    intermediateSize: 96,
    activation: "relu",
    hiddenDropout: 0.3,
    attentionDropout: 0.4,
    classifierDropout: 0.5,
    layerNormEpsilon: 1e-12,
  });
});

test.each([
  [{ dim: "768" }, 'dim is "768"; it must be a whole number above 0'],
  [{ dim: 700 }, "dim 700 can't be divided by n_heads 12"],
  [{ n_layers: 0 }, "n_layers is 0"],
  [{ n_heads: null }, "n_heads is null"],
  [{ hidden_dim: -1 }, "hidden_dim is -1"],
  [{ activation: "mish" }, 'activation is "mish"; Textgraft has gelu'],
  [{ dropout: 1 }, "dropout is 1; it must be a number of at least 0 and below 1"],
  [{ attention_dropout: "a" }, 'attention_dropout is "a"'],
  [{ seq_classif_dropout: -1 }, "seq_classif_dropout is -1"],
  [{ vocab_size: undefined }, "vocab_size is undefined"],
])("%o is refused, naming the file's own key", (change, message) => {
  expect(() => readConfig({ ...published, ...change })).toThrow(message);
});

test("there is dropout where DistilBERT has it: not behind the attention's projection", () => {
  const config = readConfig({ ...published, n_layers: 1, seq_classif_dropout: 0.25 });
  const model = createClassifier({ config, head: "stock", labels: ["a", "b"], problem: "single_label" });
  const layer = "distilbert.transformer.layer.0";
  expect(trainGraph(model, 0).sites.map(({ name, probability }) => [name, probability])).toEqual([
    ["distilbert.embeddings", 0.1],
    [`${layer}.attention`, 0.1],
    [`${layer}.output`, 0.1],
    ["head", 0.25],
  ]);
});
