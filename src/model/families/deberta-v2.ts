import { type ConfigReader, configReader, readTransformerConfig } from "../config.js";
import {
  type DistanceConfig,
  disentangledScores,
  distanceRows,
  type PositionTerm,
} from "../disentangled-attention.js";
import { embeddingsStage } from "../embeddings.js";
import { defineFamily } from "../family.js";
import { denseHead } from "../head.js";
import type { Activation } from "../layers.js";
import { denseParameters, normParameters, type ParameterSpec } from "../parameters.js";
import { BERT_LAYER, type LayerNames, type ScoreBias, transformerLayers } from "../transformer-layer.js";

export interface DebertaConfig extends DistanceConfig {
  tokenTypes: number;
  /** Whether the embeddings have positions, too. */
  absolutePositions: boolean;
  /** Whether distances go through the projections of content, or have their own. */
  sharedProjections: boolean;
  poolerActivation: Activation;
  poolerDropout: number;
}

const TABLE = "deberta.encoder.rel_embeddings";
const TABLE_NORM = "deberta.encoder.LayerNorm";

const LAYER: LayerNames = {
  ...BERT_LAYER,
  query: "attention.self.query_proj",
  key: "attention.self.key_proj",
  value: "attention.self.value_proj",
};
const SHARED = { c2p: LAYER.key, p2c: LAYER.query };
const OWN = { c2p: "attention.self.pos_key_proj", p2c: "attention.self.pos_query_proj" };

/**
 * DeBERTa with buckets of distances, https://arxiv.org/abs/2006.03654; version 3 has the same encoder,
 * https://arxiv.org/abs/2111.09543. Embeddings at padding aren't set to zero as in transformers: nothing reads them.
 */
export const debertaV2 = defineFamily<DebertaConfig>({
  classes: { "deberta-v2": "DebertaV2ForSequenceClassification" },
  prefix: "deberta.",
  wordTable: "deberta.embeddings.word_embeddings.weight",
  readConfig,
  encoder: (config, reads) => {
    const { tokenTypes, absolutePositions } = config;
    const embeddings = embeddingsStage(config, {
      name: "deberta.embeddings",
      tokenTypes,
      ...(absolutePositions ? {} : { places: null }),
    });
    return [
      { ...embeddings, parameters: [...embeddings.parameters, ...distanceParameters(config)] },
      ...transformerLayers(config, {
        name: "deberta.encoder.layer",
        names: LAYER,
        reads,
        scoreBias: scores(config),
      }),
    ];
  },
  head: (config, labels) =>
    denseHead(config, labels, {
      dense: "pooler.dense",
      activation: config.poolerActivation,
      output: "classifier",
      inputDropout: config.poolerDropout,
    }),
});

function scores(config: DebertaConfig): ScoreBias {
  const { terms, sharedProjections, hiddenSize, initializerRange } = config;
  const projections = sharedProjections ? SHARED : OWN;
  const shared = disentangledScores(config, { table: TABLE, norm: TABLE_NORM, projections });
  if (sharedProjections) return shared;
  const dense = (name: string) => denseParameters(name, hiddenSize, hiddenSize, initializerRange);
  return { ...shared, parameters: (layer) => terms.flatMap((term) => dense(`${layer}.${OWN[term]}`)) };
}

const distanceParameters = (config: DebertaConfig): ParameterSpec[] => [
  {
    name: `${TABLE}.weight`,
    shape: [distanceRows(config), config.hiddenSize],
    initializer: { kind: "normal", deviation: config.initializerRange },
    exempt: false,
  },
  ...(config.normalisedDistances ? normParameters(TABLE_NORM, config.hiddenSize) : []),
];

/** What transformers fills in where a file lacks a key. */
const DEFAULTS = {
  hidden_size: 1536,
  num_hidden_layers: 24,
  num_attention_heads: 24,
  intermediate_size: 6144,
  hidden_act: "gelu",
  max_position_embeddings: 512,
  type_vocab_size: 0,
  layer_norm_eps: 1e-7,
  relative_attention: false,
  max_relative_positions: -1,
  position_buckets: -1,
  position_biased_input: true,
  norm_rel_ebd: "none",
  share_att_key: false,
  conv_kernel_size: 0,
  pooler_hidden_act: "gelu",
};

function readConfig(json: Readonly<Record<string, unknown>>): DebertaConfig {
  const filled: Readonly<Record<string, unknown>> = { ...DEFAULTS, ...json };
  const keys = configReader(filled);
  const config = readTransformerConfig(filled);
  keys.expect("relative_attention", [true]);
  keys.expect("position_biased_input", [true, false]);
  keys.expect("share_att_key", [true, false]);
  keys.expect("norm_rel_ebd", ["layer_norm", "none"]);
  keys.expect("conv_kernel_size", [0]);
  keys.expect("attention_head_size", [undefined, config.hiddenSize / config.heads]);
  for (const key of ["embedding_size", "pooler_hidden_size"])
    keys.expect(key, [undefined, config.hiddenSize]);
  const greatest = keys.integer("max_relative_positions");
  return {
    ...config,
    positions: config.positionRows,
    tokenTypes: keys.id("type_vocab_size", 0),
    absolutePositions: filled.position_biased_input === true,
    terms: positionTerms(filled.pos_att_type, keys),
    buckets: Math.max(0, keys.integer("position_buckets")),
    greatestDistance: greatest < 1 ? config.positionRows : greatest,
    normalisedDistances: filled.norm_rel_ebd === "layer_norm",
    sharedProjections: filled.share_att_key === true,
    classifierDropout: keys.probability("cls_dropout", config.hiddenDropout),
    poolerActivation: keys.activation("pooler_hidden_act"),
    poolerDropout: keys.probability("pooler_dropout", 0),
  };
}

/** Published files have one string, "p2c|c2p"; transformers 5 writes a list. */
function positionTerms(found: unknown, keys: ConfigReader): PositionTerm[] {
  const names = typeof found === "string" ? found.toLowerCase().split("|") : found;
  const known: readonly PositionTerm[] = ["c2p", "p2c"];
  const given = Array.isArray(names) ? names.map((name) => String(name).trim()) : [];
  if (given.length > 0 && given.every((name) => known.some((term) => term === name)))
    return known.filter((term) => given.includes(term));
  throw keys.invalid(`pos_att_type is ${JSON.stringify(found)}; Textgraft has "c2p", "p2c" and "p2c|c2p"`);
}
