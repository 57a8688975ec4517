import { float32 } from "../../base/tensor.js";
import type { GraphBuilder } from "../../graph/builder.js";
import type { Dim } from "../../graph/dims.js";
import type { Value } from "../../graph/graph.js";
import { configReader, type EncoderConfig } from "../config.js";
import type { Reads, Stage, StageContext } from "../encoder.js";
import { defineFamily } from "../family.js";
import { type Head, headPlace } from "../head.js";
import {
  type Activation,
  activate,
  firstPosition,
  linear,
  mergeHeads,
  norm,
  outputsOf,
  splitHeads,
} from "../layers.js";
import { denseParameters, normParameters, type ParameterScope, type ParameterSpec } from "../parameters.js";

export interface ModernBertConfig extends EncoderConfig {
  heads: number;
  intermediateSize: number;
  activation: Activation;
  /** Of each layer, whether it sees near positions alone. */
  local: boolean[];
  /** How far a local layer sees, to either side. */
  reach: number;
  /** The bases of the rotary positions in global and in local layers. */
  rotaryBase: { global: number; local: number };
  biases: { attention: boolean; mlp: boolean; norm: boolean; head: boolean };
  normEpsilon: number;
  embeddingDropout: number;
  attentionDropout: number;
  mlpDropout: number;
  /** What the head reads: the first position, or the mean of all. */
  pooling: "cls" | "mean";
  headActivation: Activation;
}

/**
 * Norms before what they are for, rotary positions, local and global layers, gated feed-forward parts, hardly a bias.
 * Warner et al. 2024, https://arxiv.org/abs/2412.13663
 */
export const modernbert = defineFamily<ModernBertConfig>({
  classes: { modernbert: "ModernBertForSequenceClassification" },
  prefix: "model.",
  wordTable: "model.embeddings.tok_embeddings.weight",
  readConfig,
  encoder: (config, reads) => [
    embeddings(config),
    ...Array.from({ length: config.layers }, (_, index) =>
      layer(config, index, index === config.layers - 1 ? reads : "all"),
    ),
    {
      name: "model.final_norm",
      perToken: reads === "all",
      parameters: normOf(config, "model.final_norm"),
      build: (g, root, x) => norm(g, root.in("model.final_norm"), x!, config.normEpsilon),
    },
  ],
  head,
});

/** What transformers fills in where a file lacks a key: ModernBERT-base. */
const DEFAULTS = {
  vocab_size: 50368,
  hidden_size: 768,
  intermediate_size: 1152,
  num_hidden_layers: 22,
  num_attention_heads: 12,
  hidden_activation: "gelu",
  max_position_embeddings: 8192,
  global_attn_every_n_layers: 3,
  local_attention: 128,
  attention_bias: false,
  mlp_bias: false,
  norm_bias: false,
  classifier_bias: false,
  classifier_pooling: "cls",
  classifier_activation: "gelu",
};

type Json = Readonly<Record<string, unknown>>;

function readConfig(json: Json): ModernBertConfig {
  const filled: Json = { ...DEFAULTS, ...json };
  const keys = configReader(filled);
  const flag = (key: string): boolean => {
    keys.expect(key, [true, false]);
    return filled[key] as boolean;
  };
  keys.expect("rope_scaling", [null, undefined]);
  keys.expect("classifier_pooling", ["cls", "mean"]);
  const layers = keys.size("num_hidden_layers");
  const config: ModernBertConfig = {
    modelType: json.model_type as string,
    vocabSize: keys.size("vocab_size"),
    hiddenSize: keys.size("hidden_size"),
    layers,
    heads: keys.size("num_attention_heads"),
    intermediateSize: keys.size("intermediate_size"),
    activation: keys.activation("hidden_activation"),
    positions: keys.size("max_position_embeddings"),
    padId: keys.id("pad_token_id", 50283),
    local: localLayers(filled, layers),
    reach: Math.floor(keys.size("local_attention") / 2),
    rotaryBase: {
      global: rotaryBase(json, "full_attention", "global_rope_theta", 160_000),
      local: rotaryBase(json, "sliding_attention", "local_rope_theta", 10_000),
    },
    biases: {
      attention: flag("attention_bias"),
      mlp: flag("mlp_bias"),
      norm: flag("norm_bias"),
      head: flag("classifier_bias"),
    },
    normEpsilon: keys.number("norm_eps", 1e-5),
    embeddingDropout: keys.probability("embedding_dropout", 0),
    attentionDropout: keys.probability("attention_dropout", 0),
    mlpDropout: keys.probability("mlp_dropout", 0),
    classifierDropout: keys.probability("classifier_dropout", 0),
    initializerRange: keys.number("initializer_range", 0.02),
    pooling: filled.classifier_pooling as "cls" | "mean",
    headActivation: keys.activation("classifier_activation"),
  };
  if (config.hiddenSize % (2 * config.heads) === 0) return config;
  throw keys.invalid(
    `hidden_size ${config.hiddenSize} can't be divided by num_attention_heads ${config.heads} into heads of an even size`,
  );
}

/** Newer files list the layers' types, older ones say that each n-th is global, from the first on. */
function localLayers(json: Json, layers: number): boolean[] {
  const keys = configReader(json);
  const types = json.layer_types ?? undefined;
  if (types === undefined) {
    const every = keys.size("global_attn_every_n_layers");
    return Array.from({ length: layers }, (_, index) => index % every !== 0);
  }
  if (!Array.isArray(types) || types.length !== layers)
    throw keys.invalid(`layer_types must have an entry for each of the ${layers} layers`);
  return types.map((type, index) => {
    const key = `layer_types[${index}]`;
    configReader({ [key]: type }).expect(key, ["full_attention", "sliding_attention"]);
    return type === "sliding_attention";
  });
}

/** The base of one type of layers: newer files have it in `rope_parameters`, older ones under a key of its own. */
function rotaryBase(json: Json, type: string, old: string, fallback: number): number {
  const all = json.rope_parameters as Record<string, Record<string, unknown> | null> | null | undefined;
  const given = all?.[type];
  const [base, kind] = ["rope_theta", "rope_type"].map((key) => `rope_parameters.${type}.${key}`) as [
    string,
    string,
  ];
  const flat: Json = { [base]: given?.rope_theta, [kind]: given?.rope_type, [old]: json[old] };
  const keys = configReader(flat);
  keys.expect(kind, ["default", undefined]);
  const key = flat[base] === undefined ? old : base;
  if (flat[key] === undefined) return fallback;
  const found = keys.number(key, 0);
  if (found > 0) return found;
  throw keys.invalid(`${key} is ${JSON.stringify(flat[key])}; it must be a number above 0`);
}

const normOf = ({ hiddenSize, biases }: ModernBertConfig, name: string): ParameterSpec[] =>
  normParameters(name, hiddenSize, { bias: biases.norm });

function embeddings(config: ModernBertConfig): Stage {
  const { vocabSize, hiddenSize, initializerRange: deviation, embeddingDropout: probability } = config;
  const name = "model.embeddings";
  return {
    name,
    perToken: true,
    parameters: [
      {
        name: `${name}.tok_embeddings.weight`,
        shape: [vocabSize, hiddenSize],
        initializer: { kind: "normal", deviation },
        exempt: false,
      },
      ...normOf(config, `${name}.norm`),
    ],
    build: (g, root, _x, { tokens, dropout }) => {
      const params = root.in(name);
      const words = tokens.words(params.in("tok_embeddings").weight); // [batch, sequence, hidden]
      const normed = norm(g, params.in("norm"), words, config.normEpsilon);
      return dropout(g, normed, { name, probability, stride: hiddenSize });
    },
  };
}

/** The first layer has no norm of its own before its attention: the embeddings have one. */
function layer(config: ModernBertConfig, index: number, reads: Reads): Stage {
  const { hiddenSize, intermediateSize, initializerRange, biases, normEpsilon } = config;
  const name = `model.layers.${index}`;
  const dense = (part: string, inputs: number, outputs: number, bias: boolean): ParameterSpec[] =>
    denseParameters(`${name}.${part}`, inputs, outputs, initializerRange, { bias });
  return {
    name,
    perToken: reads === "all",
    parameters: [
      ...(index === 0 ? [] : normOf(config, `${name}.attn_norm`)),
      ...dense("attn.Wqkv", hiddenSize, 3 * hiddenSize, biases.attention),
      ...dense("attn.Wo", hiddenSize, hiddenSize, biases.attention),
      ...normOf(config, `${name}.mlp_norm`),
      ...dense("mlp.Wi", hiddenSize, 2 * intermediateSize, biases.mlp),
      ...dense("mlp.Wo", intermediateSize, hiddenSize, biases.mlp),
    ],
    build: (g, root, input, context) => {
      const params = root.in(name);
      const read = (x: Value): Value => (reads === "first" ? g.slice(x, 1, 0, 1) : x);
      const x = input!;
      const normed = index === 0 ? x : norm(g, params.in("attn_norm"), x, normEpsilon);
      const mixed = attention(
        g,
        params.in("attn"),
        { read: read(normed), x: normed },
        context,
        config,
        index,
      );
      const attended = g.add(read(x), mixed); // [batch, positions read, hidden]
      const inner = norm(g, params.in("mlp_norm"), attended, normEpsilon);
      const y = g.add(attended, gated(g, params.in("mlp"), inner, context, config, name));
      return reads === "first" ? firstPosition(g, y) : y;
    },
  };
}

/** Attention of the positions that are read over all positions, or over those near them. */
function attention(
  g: GraphBuilder,
  params: ParameterScope,
  { read, x }: { read: Value; x: Value },
  context: StageContext,
  config: ModernBertConfig,
  index: number,
): Value {
  const { heads, hiddenSize, attentionDropout: probability, positions } = config;
  const local = config.local[index]!;
  const part = (of: Value, place: number): Value =>
    splitHeads(g, linear(g, outputsOf(g, params.in("Wqkv"), place * hiddenSize, hiddenSize), of), heads);
  const base = local ? config.rotaryBase.local : config.rotaryBase.global;
  const placed = (heads: Value): Value => {
    const { cos, sin } = angles(g, context, config, base, heads.shape[2]!);
    return g.rotary(heads, cos, sin);
  };
  const q = placed(part(read, 0)); // [batch, heads, read, headSize]
  const k = placed(part(x, 1)); // [batch, heads, sequence, headSize]
  const v = part(x, 2);
  const scores = g.matmul(q, k, { transB: true, scale: 1 / Math.sqrt(hiddenSize / heads) });
  const bias = local ? localBias(g, context, config, q.shape[2]!) : context.tokens.attentionBias();
  const name = `model.layers.${index}.attention`;
  const weights = context.dropout(g, g.softmax(g.add(scores, bias)), {
    name,
    probability,
    stride: positions,
  });
  const mixed = linear(g, params.in("Wo"), mergeHeads(g, g.matmul(weights, v))); // [batch, read, hidden]
  return context.dropout(g, mixed, { name: `${name}.output`, probability, stride: hiddenSize });
}

/** The feed-forward part: one half of its inner units lets through what the other half says. */
function gated(
  g: GraphBuilder,
  params: ParameterScope,
  x: Value,
  { dropout }: StageContext,
  { intermediateSize, activation, mlpDropout: probability }: ModernBertConfig,
  name: string,
): Value {
  const half = (place: number): Value =>
    linear(g, outputsOf(g, params.in("Wi"), place * intermediateSize, intermediateSize), x);
  const inner = g.mul(activate(g, half(0), activation), half(1));
  return linear(
    g,
    params.in("Wo"),
    dropout(g, inner, { name: `${name}.mlp`, probability, stride: intermediateSize }),
  );
}

/**
 * Cosines and sines of the first `rows` positions, [rows, headSize / 2]: position p turns plane c by
 * p / base^(2c / headSize), in float32 as PyTorch computes it. https://arxiv.org/abs/2104.09864
 */
function angles(
  g: GraphBuilder,
  { shared }: StageContext,
  { hiddenSize, heads, positions }: ModernBertConfig,
  base: number,
  rows: Dim,
): { cos: Value; sin: Value } {
  const size = hiddenSize / heads;
  const table = (name: string, f: (angle: number) => number): Value => {
    const whole = () => {
      const values = new Float32Array((positions * size) / 2);
      for (let plane = 0; plane < size / 2; plane++) {
        const speed = Math.fround(1 / Math.fround(base ** Math.fround((2 * plane) / size)));
        for (let p = 0; p < positions; p++) values[(p * size) / 2 + plane] = f(Math.fround(p * speed));
      }
      return g.constant(float32([positions, size / 2], values));
    };
    const key = `rotary ${name} ${base}`;
    return shared(`${key} ${rows}`, () => g.slice(shared(key, whole), 0, 0, rows));
  };
  return { cos: table("cos", Math.cos), sin: table("sin", Math.sin) };
}

/** What is added to the scores of local layers, [batch, 1, rows, sequence]: 0 where a position is a token within reach. */
function localBias(
  g: GraphBuilder,
  { shared, tokens }: StageContext,
  { positions, reach }: ModernBertConfig,
  rows: Dim,
): Value {
  return shared(`local bias ${rows}`, () => {
    const bias = tokens.attentionBias(); // [batch, 1, 1, sequence]
    const all = shared("positions", () =>
      g.constant(
        float32(
          [positions],
          Float32Array.from({ length: positions }, (_, p) => p),
        ),
      ),
    );
    const here = g.reshape(g.slice(all, 0, 0, rows), [rows, 1]);
    const distance = g.sub(here, g.slice(all, 0, 0, bias.shape[3]!)); // [rows, sequence]
    const beyond = g.relu(g.sub(g.mul(distance, distance), reach * reach));
    return g.add(bias, g.mul(beyond, -1e9));
  });
}

/** A dense layer, activation and norm over what is pooled, all from the pretraining on masked words; then the classifier. */
function head(config: ModernBertConfig, labels: number): Head {
  const { hiddenSize, initializerRange, layers, biases } = config;
  const deviation = initializerRange / Math.sqrt(2 * layers);
  const inner = [
    ...denseParameters("head.dense", hiddenSize, hiddenSize, deviation, { bias: biases.head }),
    ...normOf(config, "head.norm"),
  ];
  return {
    reads: config.pooling === "mean" ? "all" : "first",
    pretrained: inner.map(({ name }) => name),
    parameters: [...inner, ...denseParameters("classifier", hiddenSize, labels, 1 / Math.sqrt(hiddenSize))],
    build: (g, params, features, { tokens, dropout }) => {
      const pooled = config.pooling === "mean" ? mean(g, features, tokens.attentionMask()) : features;
      const dense = activate(g, linear(g, params.in("head.dense"), pooled), config.headActivation);
      const normed = norm(g, params.in("head.norm"), dense, config.normEpsilon);
      return linear(
        g,
        params.in("classifier"),
        dropout(g, normed, headPlace(normed, config.classifierDropout)),
      );
    },
  };
}

/** Of x [batch, sequence, hidden] where the mask [batch, sequence] is 1: [batch, hidden]. */
function mean(g: GraphBuilder, x: Value, mask: Value): Value {
  const [batch, sequence, hidden] = x.shape as [Dim, Dim, Dim];
  const weights = g.cast(mask, "float32");
  const sum = g.reduceSum(g.mul(x, g.reshape(weights, [batch, sequence, 1])), [1]);
  return g.div(g.reshape(sum, [batch, hidden]), g.reduceSum(weights, [1]));
}
