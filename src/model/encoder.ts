import type { GraphBuilder } from "../graph/builder.js";
import type { Value } from "../graph/graph.js";
import type { BertConfig } from "./config.js";
import { type Dropout, type DropoutPlace, linear, mergeHeads, norm, splitHeads } from "./layers.js";
import { denseParameters, normParameters, type ParameterScope, type ParameterSpec } from "./parameters.js";

/** What the stages of an encoder read besides the features, made when it is first asked for. */
export interface TokenInputs {
  /** [batch, sequence] */
  readonly inputIds: () => Value;
  /** [batch, sequence] */
  readonly tokenTypeIds: () => Value;
  /** What is added to attention scores, [batch, 1, 1, sequence]: 0, or -1e9 at padding. */
  readonly attentionBias: () => Value;
}

/**
 * One stage of the encoder. Freezing, cached features and recomputation cut between stages. `perToken` says
 * whether it gives [batch, sequence, hidden] or, from where only the first position is read, [batch, hidden].
 */
export interface Stage {
  readonly name: string;
  readonly parameters: readonly ParameterSpec[];
  readonly perToken: boolean;
  readonly build: (g: GraphBuilder, params: ParameterScope, x: Value | null, context: StageContext) => Value;
}

export interface StageContext {
  readonly tokens: TokenInputs;
  readonly dropout: Dropout;
}

/** Positions of the last layer that a head reads: the last layer computes only those. */
export type Reads = "first" | "all";

/**
 * BERT as a list of stages: embeddings, each layer, and the pooler if it is asked for (it reads the first
 * position). Devlin et al. 2018, https://arxiv.org/abs/1810.04805
 */
export function bertStages(
  config: BertConfig,
  { reads, pooler }: { reads: Reads; pooler: boolean },
): Stage[] {
  const layers = Array.from({ length: config.layers }, (_, index) => {
    return layerStage(config, index, index === config.layers - 1 ? reads : "all");
  });
  return [embeddingsStage(config), ...layers, ...(pooler ? [poolerStage(config)] : [])];
}

function embeddingsStage(config: BertConfig): Stage {
  const { hiddenSize, initializerRange: deviation, positions } = config;
  const name = "bert.embeddings";
  const table = (kind: string, rows: number): ParameterSpec => ({
    name: `${name}.${kind}_embeddings.weight`,
    shape: [rows, hiddenSize],
    initializer: { kind: "normal", deviation },
    exempt: false,
  });
  return {
    name,
    perToken: true,
    parameters: [
      table("word", config.vocabSize),
      table("position", positions),
      table("token_type", config.tokenTypes),
      ...normParameters(`${name}.LayerNorm`, hiddenSize),
    ],
    build: (g, root, _x, { tokens, dropout }) => {
      const params = root.in(name);
      const ids = tokens.inputIds(); // [batch, sequence]
      const words = g.gather(params.in("word_embeddings").weight, ids); // [batch, sequence, hidden]
      const types = g.gather(params.in("token_type_embeddings").weight, tokens.tokenTypeIds());
      const places = g.slice(params.in("position_embeddings").weight, 0, 0, ids.shape[1]!); // [sequence, hidden]
      const sum = g.add(g.add(words, types), places);
      const normed = norm(g, params.in("LayerNorm"), sum, config.layerNormEpsilon);
      return dropout(g, normed, { name, probability: config.hiddenDropout, stride: hiddenSize });
    },
  };
}

function layerStage(config: BertConfig, index: number, reads: Reads): Stage {
  const { hiddenSize, intermediateSize, initializerRange: deviation, layerNormEpsilon: epsilon } = config;
  const name = `bert.encoder.layer.${index}`;
  const dense = (part: string, inputs: number, outputs: number): ParameterSpec[] =>
    denseParameters(`${name}.${part}`, inputs, outputs, deviation);
  const hiddenPlace = (part: string): DropoutPlace => ({
    name: `${name}.${part}`,
    probability: config.hiddenDropout,
    stride: hiddenSize,
  });
  return {
    name,
    perToken: reads === "all",
    parameters: [
      ...dense("attention.self.query", hiddenSize, hiddenSize),
      ...dense("attention.self.key", hiddenSize, hiddenSize),
      ...dense("attention.self.value", hiddenSize, hiddenSize),
      ...dense("attention.output.dense", hiddenSize, hiddenSize),
      ...normParameters(`${name}.attention.output.LayerNorm`, hiddenSize),
      ...dense("intermediate.dense", hiddenSize, intermediateSize),
      ...dense("output.dense", intermediateSize, hiddenSize),
      ...normParameters(`${name}.output.LayerNorm`, hiddenSize),
    ],
    build: (g, root, input, { tokens, dropout }) => {
      const params = root.in(name);
      const x = input!;
      const read = reads === "first" ? g.slice(x, 1, 0, 1) : x; // [batch, positions read, hidden]
      const mixed = attention(
        g,
        params.in("attention.self"),
        read,
        x,
        tokens.attentionBias(),
        dropout,
        config,
        name,
      );
      const projected = linear(g, params.in("attention.output.dense"), mixed);
      const kept = dropout(g, projected, hiddenPlace("attention.output"));
      const attended = norm(g, params.in("attention.output.LayerNorm"), g.add(kept, read), epsilon);
      const inner = g.gelu(linear(g, params.in("intermediate.dense"), attended));
      const outer = linear(g, params.in("output.dense"), inner);
      const fed = dropout(g, outer, hiddenPlace("output"));
      const y = norm(g, params.in("output.LayerNorm"), g.add(fed, attended), epsilon);
      return reads === "first" ? g.reshape(y, [y.shape[0]!, hiddenSize]) : y;
    },
  };
}

/** Scaled dot-product attention of the positions that are read over all positions. https://arxiv.org/abs/1706.03762 */
function attention(
  g: GraphBuilder,
  params: ParameterScope,
  read: Value,
  x: Value,
  bias: Value,
  dropout: Dropout,
  { heads, hiddenSize, attentionDropout, positions }: BertConfig,
  name: string,
): Value {
  const q = splitHeads(g, linear(g, params.in("query"), read), heads); // [batch, heads, read, headSize]
  const k = splitHeads(g, linear(g, params.in("key"), x), heads); // [batch, heads, sequence, headSize]
  const v = splitHeads(g, linear(g, params.in("value"), x), heads);
  const scores = g.matmul(q, k, { transB: true, scale: 1 / Math.sqrt(hiddenSize / heads) });
  const weights = g.softmax(g.add(scores, bias)); // [batch, heads, read, sequence]
  const kept = dropout(g, weights, {
    name: `${name}.attention`,
    probability: attentionDropout,
    stride: positions,
  });
  return mergeHeads(g, g.matmul(kept, v)); // [batch, read, hidden]
}

/** The first position through a dense layer and tanh; features of sentences. */
function poolerStage(config: BertConfig): Stage {
  const { hiddenSize } = config;
  return {
    name: "bert.pooler",
    perToken: false,
    parameters: denseParameters("bert.pooler.dense", hiddenSize, hiddenSize, config.initializerRange),
    build: (g, root, x) => {
      const whole = x!;
      const first =
        whole.shape.length === 2 ? whole : g.reshape(g.slice(whole, 1, 0, 1), [whole.shape[0]!, hiddenSize]);
      return g.tanh(linear(g, root.in("bert.pooler.dense"), first));
    },
  };
}
