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
  /** Rows of the table of token types; none where it is 0. */
  readonly tokenTypes: number;
  /** Looks positions [sequence, width] or [batch, sequence, width] up in their table. Default: token i is at row i. */
  readonly places?: (g: GraphBuilder, table: Value, inputIds: Value) => Value;
  /** A dense layer from the width to the hidden size, behind all else. Default: none. */
  readonly projection?: string;
}

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
      table("position", config.positionRows),
      ...(tokenTypes > 0 ? [table("token_type", tokenTypes)] : []),
      ...normParameters(`${name}.LayerNorm`, width),
      ...(projection === undefined
        ? []
        : denseParameters(projection, width, config.hiddenSize, config.initializerRange)),
    ],
    build: (g, root, _x, { tokens, dropout }) => {
      const params = root.in(name);
      const ids = tokens.inputIds(); // [batch, sequence]
      const words = g.gather(params.in("word_embeddings").weight, ids); // [batch, sequence, width]
      const typed =
        tokenTypes > 0
          ? g.add(words, g.gather(params.in("token_type_embeddings").weight, tokens.tokenTypeIds()))
          : words;
      const sum = g.add(typed, places(g, params.in("position_embeddings").weight, ids));
      const normed = norm(g, params.in("LayerNorm"), sum, config.layerNormEpsilon);
      const kept = dropout(g, normed, { name, probability: config.hiddenDropout, stride: width });
      return projection === undefined ? kept : linear(g, root.in(projection), kept);
    },
  };
}

const inOrder = (g: GraphBuilder, table: Value, ids: Value): Value => g.slice(table, 0, 0, ids.shape[1]!);
