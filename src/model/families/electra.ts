import { BERT_DEFAULTS, configReader, readTransformerConfig, type TransformerConfig } from "../config.js";
import { embeddingsStage } from "../embeddings.js";
import { defineFamily } from "../family.js";
import { classificationHead } from "../head.js";
import { BERT_LAYER, transformerLayers } from "../transformer-layer.js";

export interface ElectraConfig extends TransformerConfig {
  embeddingSize: number;
  tokenTypes: number;
}

/** What transformers fills in where a file lacks a key: ELECTRA-small. */
const DEFAULTS = {
  ...BERT_DEFAULTS,
  embedding_size: 128,
  hidden_size: 256,
  num_attention_heads: 4,
  intermediate_size: 1024,
};

/** BERT, trained to tell replaced words; its embeddings may be narrower than its layers. https://arxiv.org/abs/2003.10555 */
export const electra = defineFamily<ElectraConfig>({
  classes: { electra: "ElectraForSequenceClassification" },
  prefix: "electra.",
  wordTable: "electra.embeddings.word_embeddings.weight",
  readConfig: (json) => {
    const filled = { ...DEFAULTS, ...json };
    const keys = configReader(filled);
    const config = readTransformerConfig(filled);
    return {
      ...config,
      positions: config.positionRows,
      embeddingSize: keys.size("embedding_size"),
      tokenTypes: keys.size("type_vocab_size"),
      classifierDropout: keys.probability("classifier_dropout", config.hiddenDropout),
    };
  },
  encoder: (config, reads) => [
    embeddingsStage(config, {
      name: "electra.embeddings",
      width: config.embeddingSize,
      tokenTypes: config.tokenTypes,
      ...(config.embeddingSize === config.hiddenSize ? {} : { projection: "electra.embeddings_project" }),
    }),
    ...transformerLayers(config, { name: "electra.encoder.layer", names: BERT_LAYER, reads }),
  ],
  head: classificationHead("gelu"),
});
