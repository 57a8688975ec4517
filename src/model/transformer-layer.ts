import type { GraphBuilder } from "../graph/builder.js";
import type { Value } from "../graph/graph.js";
import type { TransformerConfig } from "./config.js";
import type { Reads, Stage, StageContext } from "./encoder.js";
import {
  activate,
  type DropoutPlace,
  firstPosition,
  linear,
  mergeHeads,
  norm,
  splitHeads,
} from "./layers.js";
import { denseParameters, normParameters, type ParameterScope, type ParameterSpec } from "./parameters.js";

/** Where the parts of a layer lie, under the layer's own name. */
export interface LayerNames {
  readonly query: string;
  readonly key: string;
  readonly value: string;
  /** Behind the heads. */
  readonly projection: string;
  readonly attentionNorm: string;
  /** The two dense layers of the feed-forward part. */
  readonly up: string;
  readonly down: string;
  readonly outputNorm: string;
}

/** As BERT names them, and most that came from it. */
export const BERT_LAYER: LayerNames = {
  query: "attention.self.query",
  key: "attention.self.key",
  value: "attention.self.value",
  projection: "attention.output.dense",
  attentionNorm: "attention.output.LayerNorm",
  up: "intermediate.dense",
  down: "output.dense",
  outputNorm: "output.LayerNorm",
};

export interface LayerSpec {
  readonly name: string;
  readonly names: LayerNames;
  /** Under what its parameters lie, where several layers share them. Default: its name. */
  readonly weights?: string;
  readonly reads: Reads;
  /** Dropout behind the projection. Default: the hidden dropout. */
  readonly projectionDropout?: number;
  /** What scores have besides queries by keys and the mask. Default: nothing. */
  readonly scoreBias?: ScoreBias;
}

export interface ScoreBias {
  /** Gives [1 or batch, heads, positions read, sequence]. */
  readonly build: (g: GraphBuilder, root: ParameterScope, layer: ScoredLayer, context: StageContext) => Value;
  /** Scores are divided by √(headSize · terms): how many terms of that size they add up. Default: 1. */
  readonly terms?: number;
  /** What it adds to a layer's parameters. Default: none. */
  readonly parameters?: (layer: string) => readonly ParameterSpec[];
}

export interface ScoredLayer {
  readonly name: string;
  readonly reads: Reads;
  /** [batch, heads, positions read, headSize] */
  readonly queries: Value;
  /** [batch, heads, sequence, headSize] */
  readonly keys: Value;
}

/** All layers of an encoder, named by their numbers under `name`; the last one computes only what is read. */
export function transformerLayers(config: TransformerConfig, spec: LayerSpec): Stage[] {
  return Array.from({ length: config.layers }, (_, index) =>
    transformerLayer(config, {
      ...spec,
      name: `${spec.name}.${index}`,
      reads: index === config.layers - 1 ? spec.reads : "all",
    }),
  );
}

/**
 * An encoder layer with its norms behind the sums, as BERT has it: attention, then two dense layers.
 * https://arxiv.org/abs/1706.03762, https://arxiv.org/abs/1810.04805
 */
export function transformerLayer(config: TransformerConfig, spec: LayerSpec): Stage {
  const { hiddenSize, layerNormEpsilon: epsilon } = config;
  const { name, names, weights = name, reads, projectionDropout, scoreBias } = spec;
  const hiddenPlace = (part: string, probability = config.hiddenDropout): DropoutPlace => ({
    name: `${name}.${part}`,
    probability,
    stride: hiddenSize,
  });
  return {
    name,
    perToken: reads === "all",
    parameters: [...layerParameters(config, weights, names), ...(scoreBias?.parameters?.(weights) ?? [])],
    build: (g, root, input, context) => {
      const params = root.in(weights);
      const { dropout } = context;
      const x = input!;
      const read = reads === "first" ? g.slice(x, 1, 0, 1) : x; // [batch, positions read, hidden]
      const mixed = attention(g, root, { read, x }, context, config, spec);
      const projected = linear(g, params.in(names.projection), mixed);
      const kept = dropout(g, projected, hiddenPlace("attention.output", projectionDropout));
      const attended = norm(g, params.in(names.attentionNorm), g.add(kept, read), epsilon);
      const inner = activate(g, linear(g, params.in(names.up), attended), config.activation);
      const outer = linear(g, params.in(names.down), inner);
      const fed = dropout(g, outer, hiddenPlace("output"));
      const y = norm(g, params.in(names.outputNorm), g.add(fed, attended), epsilon);
      return reads === "first" ? firstPosition(g, y) : y;
    },
  };
}

/** The parameters of a layer, in the order of the checkpoints. */
export function layerParameters(
  { hiddenSize, intermediateSize, initializerRange }: TransformerConfig,
  name: string,
  names: LayerNames,
): ParameterSpec[] {
  const dense = (part: string, inputs: number, outputs: number): ParameterSpec[] =>
    denseParameters(`${name}.${part}`, inputs, outputs, initializerRange);
  return [
    ...dense(names.query, hiddenSize, hiddenSize),
    ...dense(names.key, hiddenSize, hiddenSize),
    ...dense(names.value, hiddenSize, hiddenSize),
    ...dense(names.projection, hiddenSize, hiddenSize),
    ...normParameters(`${name}.${names.attentionNorm}`, hiddenSize),
    ...innerAxis(0, dense(names.up, hiddenSize, intermediateSize)),
    ...innerAxis(1, dense(names.down, intermediateSize, hiddenSize)),
    ...normParameters(`${name}.${names.outputNorm}`, hiddenSize),
  ];
}

/** Marks the parameters that have this axis as reaching into the feed-forward part. */
const innerAxis = (inner: 0 | 1, specs: readonly ParameterSpec[]): ParameterSpec[] =>
  specs.map((spec) => (inner < spec.shape.length ? { ...spec, inner } : spec));

/** Scaled dot-product attention of the positions that are read over all positions. https://arxiv.org/abs/1706.03762 */
function attention(
  g: GraphBuilder,
  root: ParameterScope,
  { read, x }: { read: Value; x: Value },
  context: StageContext,
  { heads, hiddenSize, attentionDropout, positions }: TransformerConfig,
  { name, names, weights = name, reads, scoreBias }: LayerSpec,
): Value {
  const params = root.in(weights);
  const queries = splitHeads(g, linear(g, params.in(names.query), read), heads); // [batch, heads, read, headSize]
  const keys = splitHeads(g, linear(g, params.in(names.key), x), heads); // [batch, heads, sequence, headSize]
  const values = splitHeads(g, linear(g, params.in(names.value), x), heads);
  const scale = 1 / Math.sqrt((hiddenSize / heads) * (scoreBias?.terms ?? 1));
  const scores = g.matmul(queries, keys, { transB: true, scale });
  const own = scoreBias
    ? g.add(scores, scoreBias.build(g, root, { name, reads, queries, keys }, context))
    : scores;
  const shares = g.softmax(g.add(own, context.tokens.attentionBias())); // [batch, heads, read, sequence]
  const kept = context.dropout(g, shares, {
    name: `${name}.attention`,
    probability: attentionDropout,
    stride: positions,
  });
  return mergeHeads(g, g.matmul(kept, values)); // [batch, read, hidden]
}
