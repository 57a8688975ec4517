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
  /** What is added to the scores besides the mask, [1 or batch, heads, positions read, sequence]. */
  readonly scoreBias?: (g: GraphBuilder, root: ParameterScope, x: Value, context: StageContext) => Value;
}

/**
 * An encoder layer with its norms behind the sums, as BERT has it: attention, then two dense layers.
 * https://arxiv.org/abs/1706.03762, https://arxiv.org/abs/1810.04805
 */
export function transformerLayer(config: TransformerConfig, spec: LayerSpec): Stage {
  const { hiddenSize, layerNormEpsilon: epsilon } = config;
  const { name, names, weights = name, reads } = spec;
  const hiddenPlace = (part: string): DropoutPlace => ({
    name: `${name}.${part}`,
    probability: config.hiddenDropout,
    stride: hiddenSize,
  });
  return {
    name,
    perToken: reads === "all",
    parameters: layerParameters(config, weights, names),
    build: (g, root, input, context) => {
      const params = root.in(weights);
      const { dropout } = context;
      const x = input!;
      const read = reads === "first" ? g.slice(x, 1, 0, 1) : x; // [batch, positions read, hidden]
      const mixed = attention(g, root, { read, x }, context, config, spec);
      const projected = linear(g, params.in(names.projection), mixed);
      const kept = dropout(g, projected, hiddenPlace("attention.output"));
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
    ...dense(names.up, hiddenSize, intermediateSize),
    ...dense(names.down, intermediateSize, hiddenSize),
    ...normParameters(`${name}.${names.outputNorm}`, hiddenSize),
  ];
}

/** Scaled dot-product attention of the positions that are read over all positions. https://arxiv.org/abs/1706.03762 */
function attention(
  g: GraphBuilder,
  root: ParameterScope,
  { read, x }: { read: Value; x: Value },
  context: StageContext,
  { heads, hiddenSize, attentionDropout, positions }: TransformerConfig,
  { name, names, weights = name, scoreBias }: LayerSpec,
): Value {
  const params = root.in(weights);
  const q = splitHeads(g, linear(g, params.in(names.query), read), heads); // [batch, heads, read, headSize]
  const k = splitHeads(g, linear(g, params.in(names.key), x), heads); // [batch, heads, sequence, headSize]
  const v = splitHeads(g, linear(g, params.in(names.value), x), heads);
  const scores = g.matmul(q, k, { transB: true, scale: 1 / Math.sqrt(hiddenSize / heads) });
  const own = scoreBias ? g.add(scores, scoreBias(g, root, read, context)) : scores;
  const shares = g.softmax(g.add(own, context.tokens.attentionBias())); // [batch, heads, read, sequence]
  const kept = context.dropout(g, shares, {
    name: `${name}.attention`,
    probability: attentionDropout,
    stride: positions,
  });
  return mergeHeads(g, g.matmul(kept, v)); // [batch, read, hidden]
}
