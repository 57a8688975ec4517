import type { GraphBuilder } from "../graph/builder.js";
import type { Value } from "../graph/graph.js";
import type { TransformerConfig } from "./config.js";
import type { Stage } from "./encoder.js";
import { linear, norm } from "./layers.js";
import { denseParameters, normParameters, type ParameterSpec } from "./parameters.js";

export interface EmbeddingsSpec {
  readonly name: string;
  /** Columns of the tables. Default: the hidden size. */
  readonly width?: number;
  /** Rows of the table of token types; none where it is 0. A single row is added to all tokens, whatever their types. */
  readonly tokenTypes: number;
  /**
   * Looks positions [sequence, width] or [batch, sequence, width] up in their table. Default: token i is at row i; null:
   * there is no table.
   */
  readonly places?: Places | null;
  /** A dense layer from the width to the hidden size, behind all else. Default: none. */
  readonly projection?: string;
}

export type Places = (g: GraphBuilder, table: Value, inputIds: Value) => Value;

/** Words, positions and token types added up, normalised: [batch, sequence, width], or projected [batch, sequence, hidden]. */
export function embeddingsStage(
  config: TransformerConfig,
  { name, width = config.hiddenSize, tokenTypes, places = inOrder, projection }: EmbeddingsSpec,
): Stage {
  const table = (kind: string, rows: number): ParameterSpec => ({
    name: `${name}.${kind}_embeddings.weight`,
    shape: [rows, width],
    initializer: { kind: "normal", deviation: config.initializerRange },
    exempt: false,
  });
  return {
    name,
    perToken: true,
    parameters: [
      table("word", config.vocabSize),
      ...(places ? [table("position", config.positionRows)] : []),
      ...(tokenTypes > 0 ? [table("token_type", tokenTypes)] : []),
      ...normParameters(`${name}.LayerNorm`, width),
      ...(projection === undefined
        ? []
        : denseParameters(projection, width, config.hiddenSize, config.initializerRange)),
    ],
    build: (g, root, _x, { tokens, dropout }) => {
      const params = root.in(name);
      const ids = tokens.inputIds(); // [batch, sequence]
      const words = tokens.words(params.in("word_embeddings").weight); // [batch, sequence, width]
      const types = tokenTypes > 0 ? params.in("token_type_embeddings").weight : undefined;
      const typed = types
        ? g.add(words, tokenTypes === 1 ? types : g.gather(types, tokens.tokenTypeIds()))
        : words;
      const sum = places ? g.add(typed, places(g, params.in("position_embeddings").weight, ids)) : typed;
      const normed = norm(g, params.in("LayerNorm"), sum, config.layerNormEpsilon);
      const kept = dropout(g, normed, { name, probability: config.hiddenDropout, stride: width });
      return projection === undefined ? kept : linear(g, root.in(projection), kept);
    },
  };
}

/**
 * RoBERTa's positions: tokens that aren't padding are at the rows behind number padId, in order, and padding is at that
 * row itself. What counts are the ids, not the mask.
 */
export const countedAfter =
  (padId: number): Places =>
  (g, table, ids) => {
    const sign = g.sign(g.sub(g.cast(ids, "float32"), padId)); // 0 at padding, -1 or 1 elsewhere
    const present = g.mul(sign, sign);
    const rows = g.add(g.mul(g.cumSum(present), present), padId);
    return g.gather(table, g.cast(rows, "int32")); // [batch, sequence, width]
  };

const inOrder: Places = (g, table, ids) => g.slice(table, 0, 0, ids.shape[1]!);
