import { expect, test } from "vitest";
import { TextgraftError } from "../../src/base/errors.js";
import { readConfig } from "../../src/model/families.js";

/** What `config.json` of google-bert/bert-base-uncased says. */
const bertBase = {
  architectures: ["BertForMaskedLM"],
  attention_probs_dropout_prob: 0.1,
  gradient_checkpointing: false,
  hidden_act: "gelu",
  hidden_dropout_prob: 0.1,
  hidden_size: 768,
  initializer_range: 0.02,
  intermediate_size: 3072,
  layer_norm_eps: 1e-12,
  max_position_embeddings: 512,
  model_type: "bert",
  num_attention_heads: 12,
  num_hidden_layers: 12,
  pad_token_id: 0,
  position_embedding_type: "absolute",
  transformers_version: "4.6.0.dev0",
  type_vocab_size: 2,
  use_cache: true,
  vocab_size: 30522,
};

test("BERT-base is read as it is", () => {
  expect(readConfig(bertBase)).toEqual({
    modelType: "bert",
    vocabSize: 30522,
    hiddenSize: 768,
    layers: 12,
    heads: 12,
    intermediateSize: 3072,
    activation: "gelu",
    positions: 512,
    positionRows: 512,
    padId: 0,
    tokenTypes: 2,
    layerNormEpsilon: 1e-12,
    hiddenDropout: 0.1,
    attentionDropout: 0.1,
    classifierDropout: 0.1,
    initializerRange: 0.02,
  });
});

test.each([
  [{ classifier_dropout: 0.3 }, { classifierDropout: 0.3, hiddenDropout: 0.1 }],
  [{ classifier_dropout: 0 }, { classifierDropout: 0 }],
  [
    { classifier_dropout: null, hidden_dropout_prob: 0.2 },
    { classifierDropout: 0.2, hiddenDropout: 0.2 },
  ],
  [
    { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0.5 },
    { hiddenDropout: 0, attentionDropout: 0.5 },
  ],
  [{ model_type: "textgraft_bert_mlp" }, { layers: 12 }],
  [
    { layer_norm_eps: 1e-5, initializer_range: 0.1 },
    { layerNormEpsilon: 1e-5, initializerRange: 0.1 },
  ],
])("%o changes what it says", (change, expected) => {
  expect(readConfig({ ...bertBase, ...change })).toMatchObject(expected);
});

test("what transformers fills in is filled in", () => {
  expect(readConfig({ model_type: "bert", vocab_size: 30522 })).toEqual(readConfig(bertBase));
});

test.each([
  [{ model_type: "gpt2" }, 'model_type is "gpt2"; Textgraft reads bert'],
  [{ model_type: undefined }, 'model_type is "undefined"'],
  [{ hidden_act: "mish" }, 'hidden_act is "mish"; Textgraft has gelu, gelu_new'],
  [{ position_embedding_type: "relative_key" }, 'position_embedding_type is "relative_key"'],
  [{ is_decoder: true }, "is_decoder is true"],
  [{ vocab_size: undefined }, "vocab_size is undefined; it must be a whole number above 0"],
  [{ num_hidden_layers: 0 }, "num_hidden_layers is 0"],
  [{ vocab_size: "30522" }, 'vocab_size is "30522"'],
  [{ num_attention_heads: 1.5 }, "num_attention_heads is 1.5"],
  [{ num_attention_heads: 7 }, "hidden_size 768 can't be divided by num_attention_heads 7"],
  [
    { hidden_dropout_prob: -0.1 },
    "hidden_dropout_prob is -0.1; it must be a number of at least 0 and below 1",
  ],
  [{ classifier_dropout: 1 }, "classifier_dropout is 1"],
  [{ attention_probs_dropout_prob: "0.1" }, 'attention_probs_dropout_prob is "0.1"'],
  [{ layer_norm_eps: [] }, "layer_norm_eps is []"],
])("%o is refused, naming the key", (change, message) => {
  let error: unknown;
  try {
    readConfig({ ...bertBase, ...change });
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(TextgraftError);
  expect(error).toMatchObject({ code: "config-invalid", message: expect.stringContaining(message) });
  expect((error as TextgraftError).fix).toBeTruthy();
});
