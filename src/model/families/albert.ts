import { configReader, readTransformerConfig, type TransformerConfig } from "../config.js";
import { embeddingsStage } from "../embeddings.js";
import { denseStage } from "../encoder.js";
import { defineFamily } from "../family.js";
import { linearHead } from "../head.js";
import { type LayerNames, transformerLayer } from "../transformer-layer.js";

export interface AlbertConfig extends TransformerConfig {
  embeddingSize: number;
  tokenTypes: number;
  /** Layers come in as many groups, one after another; those of a group are one layer, used again and again. */
  groups: number;
}

/** What transformers fills in where a file lacks a key: ALBERT-xxlarge. */
const DEFAULTS = {
  vocab_size: 30000,
  embedding_size: 128,
  hidden_size: 4096,
  num_hidden_layers: 12,
  num_hidden_groups: 1,
  num_attention_heads: 64,
  intermediate_size: 16384,
  hidden_act: "gelu_new",
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
  max_position_embeddings: 512,
  type_vocab_size: 2,
};

const LAYER: LayerNames = {
  query: "attention.query",
  key: "attention.key",
  value: "attention.value",
  projection: "attention.dense",
  attentionNorm: "attention.LayerNorm",
  up: "ffn",
  down: "ffn_output",
  outputNorm: "full_layer_layer_norm",
};

/** BERT whose layers share their weights, with narrow embeddings. Lan et al. 2019, https://arxiv.org/abs/1909.11942 */
export const albert = defineFamily<AlbertConfig>({
  classes: { albert: "AlbertForSequenceClassification" },
  prefix: "albert.",
  wordTable: "albert.embeddings.word_embeddings.weight",
  readConfig: (json) => {
    const filled = { ...DEFAULTS, ...json };
    const keys = configReader(filled);
    keys.expect("inner_group_num", [1, undefined]);
    const config = readTransformerConfig(filled);
    const groups = keys.size("num_hidden_groups");
    if (groups > config.layers) {
      throw keys.invalid(`num_hidden_groups ${groups} is more than num_hidden_layers ${config.layers}`);
    }
    return {
      ...config,
      positions: config.positionRows,
      embeddingSize: keys.size("embedding_size"),
      tokenTypes: keys.size("type_vocab_size"),
      groups,
      sharedLayers: groups < config.layers,
      classifierDropout: keys.probability("classifier_dropout_prob", 0.1),
    };
  },
  encoder: (config, reads) => {
    const groupOf = (index: number): number => Math.floor(index / (config.layers / config.groups));
    return [
      embeddingsStage(config, {
        name: "albert.embeddings",
        width: config.embeddingSize,
        tokenTypes: config.tokenTypes,
        projection: "albert.encoder.embedding_hidden_mapping_in",
      }),
      ...Array.from({ length: config.layers }, (_, index) => {
        const group = groupOf(index);
        const layer = transformerLayer(config, {
          name: `albert.encoder.layer.${index}`,
          weights: `albert.encoder.albert_layer_groups.${group}.albert_layers.0`,
          names: LAYER,
          reads: index === config.layers - 1 ? reads : "all",
        });
        const first = index === 0 || groupOf(index - 1) < group;
        return first ? layer : { ...layer, parameters: [] };
      }),
    ];
  },
  pooler: (config) => denseStage("albert.pooler", config, { dense: "albert.pooler", activation: "tanh" }),
  head: linearHead,
});
