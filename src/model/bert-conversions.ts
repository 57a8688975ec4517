import type { BertConfig } from "./families/bert.js";
import { DISTILBERT_LAYER } from "./families/distilbert.js";
import type { Conversion, StoredWeights } from "./family.js";
import { BERT_LAYER, type LayerNames } from "./transformer-layer.js";

/** ELECTRA with embeddings as wide as its layers is BERT without a pooler. */
export const asElectra: Conversion<BertConfig> = {
  json: (json, config) => ({
    ...json,
    model_type: "electra",
    embedding_size: config.hiddenSize,
    // ELECTRA's defaults are those of a small model.
    hidden_size: config.hiddenSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    intermediate_size: config.intermediateSize,
    hidden_act: config.activation,
    max_position_embeddings: config.positionRows,
    type_vocab_size: config.tokenTypes,
    classifier_dropout: config.classifierDropout,
  }),
  weights: (weights) => renamed(weights, (name) => name.replace(/^bert\./, "electra.")),
};

/** DistilBERT is BERT without token types: those of a text alone, all 0, are added to its positions. */
export const asDistilbert: Conversion<BertConfig> = {
  refuses: ({ layerNormEpsilon }) =>
    layerNormEpsilon === EPSILON
      ? undefined
      : `DistilBertForSequenceClassification, which has it, fixes the epsilon of its norms at 1e-12, and this model's layer_norm_eps is ${layerNormEpsilon}`,
  json: (json, config) => ({
    ...Object.fromEntries(CARRIED.filter((key) => key in json).map((key) => [key, json[key]])),
    model_type: "distilbert",
    dim: config.hiddenSize,
    n_layers: config.layers,
    n_heads: config.heads,
    hidden_dim: config.intermediateSize,
    activation: config.activation,
    dropout: config.hiddenDropout,
    attention_dropout: config.attentionDropout,
    seq_classif_dropout: config.classifierDropout,
    initializer_range: config.initializerRange,
    max_position_embeddings: config.positionRows,
    pad_token_id: config.padId,
    sinusoidal_pos_embds: false,
    vocab_size: config.vocabSize,
  }),
  weights: (weights) => {
    const types = weights.get(TYPES)!.data;
    const { shape, data } = weights.get(POSITIONS)!;
    const positions = data.map((value, i) => value + types[i % shape[1]!]!);
    const folded = new Map(weights).set(POSITIONS, { shape, data: positions });
    folded.delete(TYPES);
    return renamed(folded, distilbertName);
  },
};

const EPSILON = 1e-12;
/** Keys that mean the same in every family. */
const CARRIED = ["bos_token_id", "eos_token_id", "tie_word_embeddings"];
const TYPES = "bert.embeddings.token_type_embeddings.weight";
const POSITIONS = "bert.embeddings.position_embeddings.weight";

function distilbertName(name: string): string {
  const [, layer, part] = /^bert\.encoder\.layer\.(\d+)\.(.+)\.(?:weight|bias)$/.exec(name) ?? [];
  if (part === undefined) return name.replace(/^bert\./, "distilbert.");
  const key = (Object.keys(BERT_LAYER) as (keyof LayerNames)[]).find((key) => BERT_LAYER[key] === part)!;
  const kind = name.slice(name.lastIndexOf("."));
  return `distilbert.transformer.layer.${layer}.${DISTILBERT_LAYER[key]}${kind}`;
}

const renamed = (weights: StoredWeights, rename: (name: string) => string): StoredWeights =>
  new Map([...weights].map(([name, tensor]) => [rename(name), tensor]));
