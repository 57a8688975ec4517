import { asDistilbert, asElectra } from "../bert-conversions.js";
import { BERT_DEFAULTS, configReader, readTransformerConfig, type TransformerConfig } from "../config.js";
import { embeddingsStage } from "../embeddings.js";
import { denseStage } from "../encoder.js";
import { defineFamily } from "../family.js";
import { linearHead } from "../head.js";
import { BERT_LAYER, transformerLayers } from "../transformer-layer.js";

export interface BertConfig extends TransformerConfig {
  tokenTypes: number;
}

/** Devlin et al. 2018, https://arxiv.org/abs/1810.04805 */
export const bert = defineFamily<BertConfig>({
  classes: { bert: "BertForSequenceClassification" },
  prefix: "bert.",
  wordTable: "bert.embeddings.word_embeddings.weight",
  readConfig: (json) => {
    const filled = { ...BERT_DEFAULTS, ...json };
    const keys = configReader(filled);
    const config = readTransformerConfig(filled);
    return {
      ...config,
      positions: config.positionRows,
      tokenTypes: keys.size("type_vocab_size"),
      classifierDropout: keys.probability("classifier_dropout", config.hiddenDropout),
    };
  },
  encoder: (config, reads) => [
    embeddingsStage(config, { name: "bert.embeddings", tokenTypes: config.tokenTypes }),
    ...transformerLayers(config, { name: "bert.encoder.layer", names: BERT_LAYER, reads }),
  ],
  pooler: (config) => denseStage("bert.pooler", config, { dense: "bert.pooler.dense", activation: "tanh" }),
  head: linearHead,
  conversions: { gelu: asElectra, relu: asDistilbert },
});
