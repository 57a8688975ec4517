import { BERT_DEFAULTS, configReader, readTransformerConfig, type TransformerConfig } from "../config.js";
import { countedAfter, embeddingsStage } from "../embeddings.js";
import { defineFamily } from "../family.js";
import { classificationHead } from "../head.js";
import { BERT_LAYER, transformerLayers } from "../transformer-layer.js";

export interface RobertaConfig extends TransformerConfig {
  tokenTypes: number;
}

/**
 * BERT, trained longer; positions are counted from the padding's id on. Its names stay `roberta.` in other languages.
 * https://arxiv.org/abs/1907.11692, https://arxiv.org/abs/1911.02116, https://arxiv.org/abs/1911.03894
 */
export const roberta = defineFamily<RobertaConfig>({
  classes: {
    roberta: "RobertaForSequenceClassification",
    "xlm-roberta": "XLMRobertaForSequenceClassification",
    camembert: "CamembertForSequenceClassification",
  },
  prefix: "roberta.",
  wordTable: "roberta.embeddings.word_embeddings.weight",
  readConfig: (json) => {
    const filled = { ...BERT_DEFAULTS, pad_token_id: 1, ...json };
    const keys = configReader(filled);
    const config = readTransformerConfig(filled);
    const positions = config.positionRows - config.padId - 1;
    if (positions < 1) {
      throw keys.invalid(
        `max_position_embeddings ${config.positionRows} leaves no position behind pad_token_id ${config.padId}`,
      );
    }
    return {
      ...config,
      positions,
      tokenTypes: keys.size("type_vocab_size"),
      classifierDropout: keys.probability("classifier_dropout", config.hiddenDropout),
    };
  },
  encoder: (config, reads) => [
    embeddingsStage(config, {
      name: "roberta.embeddings",
      tokenTypes: config.tokenTypes,
      places: countedAfter(config.padId),
    }),
    ...transformerLayers(config, { name: "roberta.encoder.layer", names: BERT_LAYER, reads }),
  ],
  head: classificationHead("tanh"),
});
