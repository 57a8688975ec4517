import { describe, expect, test } from "vitest";
import { float32, int32 } from "../../../src/base/tensor.js";
import { GraphBuilder } from "../../../src/graph/builder.js";
import { compile } from "../../../src/graph/onnx.js";
import { createClassifier, trainGraph } from "../../../src/model/classifier.js";
import { countedAfter } from "../../../src/model/embeddings.js";
import { readConfig, stockClass } from "../../../src/model/families.js";
import { targetOf } from "../../../src/run/session.js";
import { openSessionNode } from "../../../src/run/session-node.js";
import { openSoftwareGpu, testedDevices } from "../../support/devices.js";
import {
  engineWith,
  familySpec,
  largestDifference,
  readFamily,
  readTensors,
} from "../../support/families.js";

/** What `config.json` of FacebookAI/roberta-base says. */
const published = {
  architectures: ["RobertaForMaskedLM"],
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
  model_type: "roberta",
  num_attention_heads: 12,
  num_hidden_layers: 12,
  pad_token_id: 1,
  type_vocab_size: 1,
  vocab_size: 50265,
};

test("the published model is read as it is: two of its rows of positions are never used", () => {
  expect(readConfig(published)).toEqual({
    modelType: "roberta",
    vocabSize: 50265,
    hiddenSize: 768,
    layers: 12,
    heads: 12,
    intermediateSize: 3072,
    activation: "gelu",
    positions: 512,
    positionRows: 514,
    padId: 1,
    tokenTypes: 1,
    layerNormEpsilon: 1e-5,
    hiddenDropout: 0.1,
    attentionDropout: 0.1,
    classifierDropout: 0.1,
    initializerRange: 0.02,
  });
});

test("what transformers fills in is filled in", () => {
  expect(readConfig({ model_type: "roberta", vocab_size: 50265 })).toEqual({
    ...readConfig(published),
    positions: 510,
    positionRows: 512,
    tokenTypes: 2,
    layerNormEpsilon: 1e-12,
  });
  expect(readConfig({ ...published, classifier_dropout: 0.3 })).toMatchObject({ classifierDropout: 0.3 });
});

test.each([
  ["roberta", "RobertaForSequenceClassification"],
  ["xlm-roberta", "XLMRobertaForSequenceClassification"],
  ["camembert", "CamembertForSequenceClassification"],
])("%s is one, and loads elsewhere as %s", (modelType, name) => {
  const config = readConfig({ ...published, model_type: modelType });
  expect(config).toEqual({ ...readConfig(published), modelType });
  expect(stockClass(config)).toBe(name);
});

test.each([
  [{ pad_token_id: -1 }, "pad_token_id is -1; it must be a whole number of at least 0"],
  [{ max_position_embeddings: 2 }, "max_position_embeddings 2 leaves no position behind pad_token_id 1"],
  [{ type_vocab_size: 0 }, "type_vocab_size is 0"],
  [{ hidden_act: "swish" }, 'hidden_act is "swish"'],
])("%o is refused, naming the key", (change, message) => {
  expect(() => readConfig({ ...published, ...change })).toThrow(message);
});

test("the head has two places of dropout, which differ", () => {
  const config = readConfig({ ...published, num_hidden_layers: 1, classifier_dropout: 0.25 });
  const model = createClassifier({ config, head: "stock", labels: ["a", "b"], problem: "single_label" });
  const sites = trainGraph(model, 2).sites;
  expect(sites).toEqual([
    { name: "head.input", probability: 0.25, stride: 768, shape: ["batch", 768], dtype: "float32" },
    { name: "head", probability: 0.25, stride: 768, shape: ["batch", 768], dtype: "float32" },
  ]);
});

describe.each(testedDevices)("on $device", ({ device, factor }) => {
  // From RobertaEmbeddings.create_position_ids_from_input_ids of transformers 5.18.
  const ids = [0, 5, 6, 7, 8, 2, 0, 9, 2, 1, 1, 1, 1, 1, 0, 9, 4, 2, 0, 1, 7, 1, 9, 2];
  test.each([
    [1, [2, 3, 4, 5, 6, 7, 2, 3, 4, 1, 1, 1, 1, 1, 2, 3, 4, 5, 2, 1, 3, 1, 4, 5]],
    [7, [8, 9, 10, 7, 11, 12, 8, 9, 10, 11, 12, 13, 8, 9, 10, 11, 12, 13, 8, 9, 7, 10, 11, 12]],
  ])("positions are PyTorch's, with padding %d anywhere in a row", async (padId, expected) => {
    const g = new GraphBuilder();
    const numbers = g.constant(float32([14, 1], [...Array(14).keys()])); // row i holds i
    const found = countedAfter(padId)(g, numbers, g.input("ids", "int32", [4, 6]));
    expect(found.shape).toEqual([4, 6, 1]);
    const graph = compile({ found }, { target: targetOf[device] });
    const feeds = { ids: int32([4, 6], ids) };
    if (device === "webgpu") {
      const session = await openSoftwareGpu(graph, ["found"]);
      expect([...(await session.run(feeds)).host.found!.data]).toEqual(expected);
      await session.dispose();
    } else {
      const session = await openSessionNode(graph, { device });
      expect([...(await session.run(feeds)).found!.data]).toEqual(expected);
      await session.dispose();
    }
  });

  test("a text may be as long as config.positions says", async () => {
    const classifier = familySpec("roberta", readFamily("roberta"));
    const { positions } = classifier.config;
    expect(positions).toBe(32);
    const weights = await readTensors("roberta/model.safetensors");
    const engine = await engineWith({ classifier, device, frozenStages: 0 }, weights);
    const logits = await engine.logits({
      examples: Int32Array.of(0),
      length: positions,
      inputIds: Int32Array.from({ length: 32 }, (_, i) => [0, 2][i / 31] ?? ((7 * (i - 1)) % 150) + 5),
      attentionMask: new Int32Array(32).fill(1),
      tokenTypeIds: new Int32Array(32),
    });
    await engine.close();
    // Of transformers 5.18, which refuses one token more.
    const expected = [-0.7554765343666077, 1.2454394102096558, -1.530591368675232, -2.1050000190734863];
    expect(largestDifference(logits, expected)).toBeLessThan(factor * 1e-5);
  });
});
