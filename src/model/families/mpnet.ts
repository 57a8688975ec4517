import { product } from "../../graph/dims.js";
import { BERT_DEFAULTS, configReader, readTransformerConfig, type TransformerConfig } from "../config.js";
import { countedAfter, embeddingsStage } from "../embeddings.js";
import { defineFamily } from "../family.js";
import { denseHead } from "../head.js";
import type { ParameterSpec } from "../parameters.js";
import { rowsByDistance } from "../relative.js";
import { BERT_LAYER, type LayerNames, type ScoreBias, transformerLayers } from "../transformer-layer.js";

const BIASES = "mpnet.encoder.relative_attention_bias";
/** Rows of the table of biases, and the distance from which on all share one row. transformers has them in its code. */
const BUCKETS = 32;
const GREATEST_DISTANCE = 128;
/** The id of padding in the code of transformers, whatever the configuration says. */
const PADDING = 1;

const LAYER: LayerNames = {
  ...BERT_LAYER,
  query: "attention.attn.q",
  key: "attention.attn.k",
  value: "attention.attn.v",
  projection: "attention.attn.o",
  attentionNorm: "attention.LayerNorm",
};

/** BERT's layers with biases by distance, which all layers share. https://arxiv.org/abs/2004.09297 */
export const mpnet = defineFamily<TransformerConfig>({
  classes: { mpnet: "MPNetForSequenceClassification" },
  prefix: "mpnet.",
  wordTable: "mpnet.embeddings.word_embeddings.weight",
  readConfig: (json) => {
    const filled: Readonly<Record<string, unknown>> = { ...BERT_DEFAULTS, ...json };
    const keys = configReader(filled);
    const config = readTransformerConfig(filled);
    keys.expect("pad_token_id", [PADDING, undefined]);
    keys.expect("relative_attention_num_buckets", [BUCKETS, undefined]);
    const positions = config.positionRows - PADDING - 1;
    if (positions < 1)
      throw keys.invalid(`max_position_embeddings ${config.positionRows} leaves no position`);
    return { ...config, padId: PADDING, positions, classifierDropout: config.hiddenDropout };
  },
  encoder: (config, reads) => {
    const embeddings = embeddingsStage(config, {
      name: "mpnet.embeddings",
      tokenTypes: 0,
      places: countedAfter(PADDING),
    });
    const scoreBias = biasByDistance(config);
    return [
      { ...embeddings, parameters: [...embeddings.parameters, biases(config)] },
      ...transformerLayers(config, { name: "mpnet.encoder.layer", names: LAYER, reads, scoreBias }),
    ];
  },
  head: (config, labels) =>
    denseHead(config, labels, {
      dense: "classifier.dense",
      activation: "tanh",
      output: "classifier.out_proj",
      inputDropout: config.hiddenDropout,
    }),
});

const biases = ({ heads, initializerRange }: TransformerConfig): ParameterSpec => ({
  name: `${BIASES}.weight`,
  shape: [BUCKETS, heads],
  initializer: { kind: "normal", deviation: initializerRange },
  exempt: true,
});

function biasByDistance({ positions, heads }: TransformerConfig): ScoreBias {
  const rows = rowsByDistance(positions, biasRow);
  return {
    build: (g, root, { reads, keys }, { shared }) => {
      const sequence = keys.shape[2]!;
      const bias = shared(BIASES, () => {
        const distances = product([2, sequence]);
        const picked = g.gather(root.in(BIASES).weight, g.constantPart(rows, "middle", distances));
        const byHead = g.reshape(g.transpose(picked, [1, 0]), [1, heads, 1, distances]);
        return g.byDistance(g.expand(byHead, [1, heads, sequence, distances])); // [1, heads, sequence, sequence]
      });
      return reads === "first" ? g.slice(bias, 2, 0, 1) : bias;
    },
  };
}

/**
 * The row of biases for the distance key - query: keys behind have the second half. In each half the first eight distances
 * have a row of their own, and a row of the others stands for distances within a factor. https://arxiv.org/abs/1910.10683
 */
export function biasRow(distance: number): number {
  const half = BUCKETS / 2;
  const single = half / 2;
  const size = Math.abs(distance);
  const share = Math.log(size / single) / Math.log(GREATEST_DISTANCE / single);
  const row = size < single ? size : Math.min(half - 1, single + Math.floor(share * (half - single)));
  return distance > 0 ? half + row : row;
}
