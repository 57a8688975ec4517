import { expect, test } from "vitest";
import { createClassifier, featuresPerToken } from "../../../src/model/classifier.js";
import { readConfig } from "../../../src/model/families.js";

/** What `config.json` of google/electra-small-discriminator says. */
const published = {
  architectures: ["ElectraForPreTraining"],
  attention_probs_dropout_prob: 0.1,
  embedding_size: 128,
  hidden_act: "gelu",
  hidden_dropout_prob: 0.1,
  hidden_size: 256,
  initializer_range: 0.02,
  intermediate_size: 1024,
  layer_norm_eps: 1e-12,
  max_position_embeddings: 512,
  model_type: "electra",
  num_attention_heads: 4,
  num_hidden_layers: 12,
  pad_token_id: 0,
  summary_activation: "gelu",
  summary_last_dropout: 0.1,
  summary_type: "first",
  summary_use_proj: true,
  type_vocab_size: 2,
  vocab_size: 30522,
};

test("the published model is read as it is, and so is a file that leaves to transformers what it can", () => {
  const expected = {
    modelType: "electra",
    vocabSize: 30522,
    hiddenSize: 256,
    embeddingSize: 128,
    layers: 12,
    heads: 4,
    intermediateSize: 1024,
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
  };
  expect(readConfig(published)).toEqual(expected);
  expect(readConfig({ model_type: "electra", vocab_size: 30522 })).toEqual(expected);
});

test("the head's dropout is classifier_dropout, else that of the layers, whatever a summary would have", () => {
  const dropout = (change: object) => readConfig({ ...published, ...change }).classifierDropout;
  expect(dropout({ classifier_dropout: 0.3 })).toBe(0.3);
  expect(dropout({ classifier_dropout: null, hidden_dropout_prob: 0.2, summary_last_dropout: 0.4 })).toBe(
    0.2,
  );
});

test.each([
  [{ embedding_size: 0 }, "embedding_size is 0; it must be a whole number above 0"],
  [{ hidden_size: 250 }, "hidden_size 250 can't be divided by num_attention_heads 4"],
  [{ num_attention_heads: "4" }, 'num_attention_heads is "4"'],
])("%o is refused, naming the key", (change, message) => {
  expect(() => readConfig({ ...published, ...change })).toThrow(message);
});

test("embeddings are projected only where they are narrower, in the same stage", () => {
  const shapesOf = (change: object) => {
    const config = readConfig({ ...published, ...change });
    const model = createClassifier({ config, head: "stock", labels: ["a", "b"], problem: "single_label" });
    expect(featuresPerToken(model, 1)).toBe(true);
    return new Map(model.stages[0]!.parameters.map(({ name, shape }) => [name, shape]));
  };
  const small = shapesOf({});
  expect(small.get("electra.embeddings.LayerNorm.weight")).toEqual([128]);
  expect(small.get("electra.embeddings_project.weight")).toEqual([256, 128]);
  const base = shapesOf({ embedding_size: 256 });
  expect([...base.keys()].filter((name) => name.includes("project"))).toEqual([]);
  expect(base.get("electra.embeddings.word_embeddings.weight")).toEqual([30522, 256]);
});
