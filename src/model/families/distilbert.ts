import { BERT_KEYS, configReader, readTransformerConfig, type TransformerConfig } from "../config.js";
import { embeddingsStage } from "../embeddings.js";
import { defineFamily } from "../family.js";
import { denseHead } from "../head.js";
import { type LayerNames, transformerLayers } from "../transformer-layer.js";

/** What transformers fills in where a file lacks a key. */
const DEFAULTS = {
  dim: 768,
  n_layers: 6,
  n_heads: 12,
  hidden_dim: 3072,
  activation: "gelu",
  max_position_embeddings: 512,
};

export const DISTILBERT_LAYER: LayerNames = {
  query: "attention.q_lin",
  key: "attention.k_lin",
  value: "attention.v_lin",
  projection: "attention.out_lin",
  attentionNorm: "sa_layer_norm",
  up: "ffn.lin1",
  down: "ffn.lin2",
  outputNorm: "output_layer_norm",
};

/** Half of BERT's layers, taught by BERT; no token types, no pooler. Sanh et al. 2019, https://arxiv.org/abs/1910.01108 */
export const distilbert = defineFamily<TransformerConfig>({
  classes: { distilbert: "DistilBertForSequenceClassification" },
  prefix: "distilbert.",
  wordTable: "distilbert.embeddings.word_embeddings.weight",
  readConfig: (json) => {
    const filled = { ...DEFAULTS, ...json };
    const config = readTransformerConfig(filled, {
      ...BERT_KEYS,
      hiddenSize: "dim",
      layers: "n_layers",
      heads: "n_heads",
      intermediateSize: "hidden_dim",
      activation: "activation",
      hiddenDropout: "dropout",
      attentionDropout: "attention_dropout",
    });
    return {
      ...config,
      positions: config.positionRows,
      layerNormEpsilon: 1e-12, // has no key
      classifierDropout: configReader(filled).probability("seq_classif_dropout", 0.2),
    };
  },
  encoder: (config, reads) => [
    embeddingsStage(config, { name: "distilbert.embeddings", tokenTypes: 0 }),
    ...transformerLayers(config, {
      name: "distilbert.transformer.layer",
      names: DISTILBERT_LAYER,
      reads,
      projectionDropout: 0,
    }),
  ],
  head: (config, labels) =>
    denseHead(config, labels, { dense: "pre_classifier", activation: "relu", output: "classifier" }),
});
