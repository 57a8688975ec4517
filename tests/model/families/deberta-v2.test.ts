import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { TextgraftError } from "../../../src/base/errors.js";
import { float32, type Tensor } from "../../../src/base/tensor.js";
import type { Value } from "../../../src/graph/graph.js";
import { compile } from "../../../src/graph/onnx.js";
import { createClassifier, logitsGraph, trainGraph } from "../../../src/model/classifier.js";
import { distanceRow } from "../../../src/model/disentangled-attention.js";
import type { DebertaConfig } from "../../../src/model/families/deberta-v2.js";
import { readConfig } from "../../../src/model/families.js";
import { openSessionNode } from "../../../src/run/session-node.js";
import {
  addedUp,
  engineWith,
  familySpec,
  labelledBatch,
  largestDifference,
  oneText,
  type ReferenceRows,
  readFamily,
  readTensors,
  tokenFeeds,
} from "../../support/families.js";
import { readReference } from "../../support/reference.js";

/** What `config.json` of microsoft/deberta-v3-base says. */
const v3Base = {
  model_type: "deberta-v2",
  attention_probs_dropout_prob: 0.1,
  hidden_act: "gelu",
  hidden_dropout_prob: 0.1,
  hidden_size: 768,
  initializer_range: 0.02,
  intermediate_size: 3072,
  max_position_embeddings: 512,
  relative_attention: true,
  position_buckets: 256,
  norm_rel_ebd: "layer_norm",
  share_att_key: true,
  pos_att_type: "p2c|c2p",
  layer_norm_eps: 1e-7,
  max_relative_positions: -1,
  position_biased_input: false,
  num_attention_heads: 12,
  num_hidden_layers: 12,
  type_vocab_size: 0,
  vocab_size: 128100,
};

const read = (change: object): DebertaConfig => readConfig({ ...v3Base, ...change }) as DebertaConfig;

test("DeBERTa-v3-base is read as it is", () => {
  expect(read({})).toEqual({
    modelType: "deberta-v2",
    vocabSize: 128100,
    hiddenSize: 768,
    layers: 12,
    heads: 12,
    intermediateSize: 3072,
    activation: "gelu",
    positions: 512,
    positionRows: 512,
    padId: 0,
    tokenTypes: 0,
    layerNormEpsilon: 1e-7,
    hiddenDropout: 0.1,
    attentionDropout: 0.1,
    classifierDropout: 0.1,
    initializerRange: 0.02,
    absolutePositions: false,
    terms: ["c2p", "p2c"],
    buckets: 256,
    greatestDistance: 512,
    sharedProjections: true,
    normalisedDistances: true,
    poolerActivation: "gelu",
    poolerDropout: 0,
  });
});

test("published files and those of transformers 5 give the same model", () => {
  const published = readReference<Record<string, unknown>>("deberta-v2/config.hub.json");
  const saved = readReference<Record<string, unknown>>("deberta-v2/config.json");
  expect(published.pos_att_type).not.toEqual(saved.pos_att_type);
  expect(readConfig(published)).toEqual(readConfig(saved));
});

test("what transformers fills in is filled in", () => {
  const { vocab_size, model_type, relative_attention, pos_att_type } = v3Base;
  expect(readConfig({ vocab_size, model_type, relative_attention, pos_att_type })).toMatchObject({
    hiddenSize: 1536,
    layers: 24,
    heads: 24,
    intermediateSize: 6144,
    activation: "gelu",
    positions: 512,
    padId: 0,
    tokenTypes: 0,
    layerNormEpsilon: 1e-7,
    hiddenDropout: 0.1,
    absolutePositions: true,
    buckets: 0,
    greatestDistance: 512,
    sharedProjections: false,
    normalisedDistances: false,
    poolerActivation: "gelu",
    poolerDropout: 0,
  });
});

test.each([
  [{ pos_att_type: ["p2c", "c2p"] }, { terms: ["c2p", "p2c"] }],
  [{ pos_att_type: " C2P " }, { terms: ["c2p"] }],
  [{ max_relative_positions: 128 }, { greatestDistance: 128, positions: 512 }],
  [{ position_buckets: -1 }, { buckets: 0 }],
  [{ cls_dropout: 0.3 }, { classifierDropout: 0.3 }],
  [
    { cls_dropout: null, hidden_dropout_prob: 0.2 },
    { classifierDropout: 0.2, poolerDropout: 0 },
  ],
  [
    { pooler_dropout: 0.2, pooler_hidden_act: "tanh" },
    { poolerDropout: 0.2, poolerActivation: "tanh" },
  ],
  [{ attention_head_size: 64, embedding_size: 768, conv_kernel_size: 0 }, { heads: 12 }],
])("%o changes what it says", (change, expected) => {
  expect(read(change)).toMatchObject(expected);
});

test.each([
  [{ relative_attention: undefined }, "relative_attention is undefined; Textgraft reads true"],
  [{ relative_attention: false }, "relative_attention is false; Textgraft reads true"],
  [{ conv_kernel_size: 3, conv_act: "gelu" }, "conv_kernel_size is 3; Textgraft reads 0"], // as deberta-v2-xlarge
  [{ attention_head_size: 32 }, "attention_head_size is 32; Textgraft reads 64"],
  [{ embedding_size: 128 }, "embedding_size is 128; Textgraft reads 768"],
  [{ pooler_hidden_size: 512 }, "pooler_hidden_size is 512; Textgraft reads 768"],
  [{ norm_rel_ebd: "batch_norm" }, 'norm_rel_ebd is "batch_norm"; Textgraft reads "layer_norm" or "none"'],
  [{ pos_att_type: null }, 'pos_att_type is null; Textgraft has "c2p", "p2c" and "p2c|c2p"'],
  [{ pos_att_type: "p2p|c2p" }, 'pos_att_type is "p2p|c2p"'],
  [{ position_buckets: 2.5 }, "position_buckets is 2.5; it must be a whole number"],
  [{ max_relative_positions: "512" }, 'max_relative_positions is "512"; it must be a whole number'],
  [{ share_att_key: "yes" }, 'share_att_key is "yes"; Textgraft reads true or false'],
  [{ pooler_hidden_act: "mish" }, 'pooler_hidden_act is "mish"'],
  [{ pooler_dropout: 1 }, "pooler_dropout is 1"],
  [{ type_vocab_size: -1 }, "type_vocab_size is -1"],
])("%o is refused, naming the key", (change, message) => {
  const attempt = () => read(change);
  expect(attempt).toThrow(TextgraftError);
  expect(attempt).toThrow(message);
});

/** Of the project's own files of the reference folder. */
const own = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../../reference/${name}`, import.meta.url), "utf8")) as T;

interface DistanceBuckets {
  deberta: { buckets: number; greatest: number; runs: [bucket: number, count: number][] }[];
}

test.each(own<DistanceBuckets>("distance_buckets.json").deberta)(
  "$buckets buckets for distances below $greatest are those of transformers",
  ({ buckets, greatest, runs }) => {
    const config = read({ position_buckets: buckets, max_relative_positions: greatest });
    const expected = runs.flatMap(([bucket, count]) => new Array<number>(count).fill(bucket));
    expect(expected).toHaveLength(greatest);
    for (const [distance, bucket] of expected.entries()) {
      expect(distanceRow(config, distance), `${distance}`).toBe(buckets + bucket);
      expect(distanceRow(config, -distance), `${-distance}`).toBe(buckets - bucket);
    }
  },
);

interface OptionsCase extends ReferenceRows {
  name: string;
  config: Record<string, unknown>;
  logits: number[][];
  loss: number;
  gradient_norms: Record<string, number>;
}

describe.each(own<OptionsCase[]>("deberta_options.json"))("with $name", (expected) => {
  const config = readConfig(expected.config);
  const model = createClassifier({ config, head: "stock", labels: ["0", "1"], problem: "single_label" });
  const names = Object.keys(expected.gradient_norms).sort();
  const weights = Object.fromEntries(
    model.parameters.map(({ name, shape }) => [
      name,
      float32(shape, drawn(name, shape, names.indexOf(name))),
    ]),
  );

  test("the logits, the loss and the size of every gradient are those of PyTorch", async () => {
    expect(model.parameters.map(({ name }) => name).sort()).toEqual(names);
    const { batch, denominator } = labelledBatch(expected, 2);
    const feeds = {
      ...tokenFeeds(batch),
      ...weights,
      labels: float32([3, 2], batch.labels),
      weights: float32([3], batch.weights),
      denominator: float32([], [denominator]),
    };
    const { logits } = await run(logitsGraph(model, 0).outputs, feeds);
    expect(largestDifference(logits!, expected.logits.flat())).toBeLessThan(1e-5);

    const { outputs, gradients } = trainGraph(model, 0);
    const found = await run(outputs, feeds);
    expect(Math.abs(found.loss![0]! - expected.loss)).toBeLessThan(1e-5);
    const largest = Math.max(...Object.values(expected.gradient_norms));
    for (const { parameter, output, kind } of gradients) {
      const norm = expected.gradient_norms[parameter]!;
      const gradient =
        kind === "whole"
          ? found[output]!
          : addedUp(found[output]!, batch.inputIds, weights[parameter]!.data.length);
      expect(Math.abs(Math.hypot(...gradient) - norm) / largest, parameter).toBeLessThan(1e-5);
    }
    expect(gradients).toHaveLength(names.length);
  });
});

/** As the file's own models have it: from the parameter's number among the sorted names. */
function drawn(name: string, shape: readonly number[], number: number): Float32Array {
  const scale = shape.length > 1 ? 0.5 : 0.3;
  const start = name.endsWith("LayerNorm.weight") ? 1 : 0;
  const size = shape.reduce((product, dim) => product * dim, 1);
  return Float32Array.from({ length: size }, (_, i) => {
    return start + scale * Math.sin(0.7 * number + 1.3 * i + 0.01 * i * i);
  });
}

async function run(outputs: Record<string, Value>, feeds: Record<string, Tensor>) {
  const session = await openSessionNode(compile(outputs, { target: "cpu" }), { device: "cpu" });
  const found = await session.run(feeds);
  await session.dispose();
  return Object.fromEntries(Object.entries(found).map(([name, { data }]) => [name, data as Float32Array]));
}

test("dropout has a place for distances in each layer, which all texts share", () => {
  const config = read({ num_hidden_layers: 2, pooler_dropout: 0.2 });
  const model = createClassifier({ config, head: "stock", labels: ["a", "b"], problem: "single_label" });
  const { sites } = trainGraph(model, 0);
  expect(sites.map(({ name }) => name)).toEqual([
    "deberta.embeddings",
    ...[0, 1].flatMap((index) => {
      const layer = `deberta.encoder.layer.${index}`;
      return [`${layer}.distances`, `${layer}.attention`, `${layer}.attention.output`, `${layer}.output`];
    }),
    "head.input",
    "head",
  ]);
  expect(sites[1]).toMatchObject({ probability: 0.1, stride: 768, shape: [1, 512, 768] });
});

test("a text may be as long as config.positions says", async () => {
  const classifier = familySpec("deberta-v2", readFamily("deberta-v2"));
  expect(classifier.config.positions).toBe(32);
  const weights = await readTensors("deberta-v2/model.safetensors");
  const engine = await engineWith({ classifier, device: "cpu", frozenStages: 0 }, weights);
  const logits = await engine.logits(oneText(32));
  await engine.close();
  const expected = [-0.2942507863044739, 1.436856985092163, 1.5239489078521729]; // of transformers 5.18
  expect(largestDifference(logits, expected)).toBeLessThan(1e-5);
});
