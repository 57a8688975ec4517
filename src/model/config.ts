import { TextgraftError } from "../base/errors.js";
import { type Activation, activations } from "./layers.js";

/** What is known of an encoder whatever its family; plain data, so that it can be sent to a worker. */
export interface EncoderConfig {
  /** `model_type` of config.json, by which the family is found. */
  modelType: string;
  vocabSize: number;
  hiddenSize: number;
  layers: number;
  /** Whether layers use the same parameters, so that some of them can't be frozen without the others. Default: no. */
  sharedLayers?: boolean;
  /** Tokens of the longest text that the encoder can read, special tokens included. */
  positions: number;
  /** Rows of the table of token types. Default: there is none. */
  tokenTypes?: number;
  /** The token that fills a batch up. */
  padId: number;
  initializerRange: number;
  /** Dropout before the last dense layer of a head. */
  classifierDropout: number;
}

/** What the families with BERT's layers share. */
export interface TransformerConfig extends EncoderConfig {
  heads: number;
  intermediateSize: number;
  activation: Activation;
  /** Rows of the table of positions. */
  positionRows: number;
  layerNormEpsilon: number;
  hiddenDropout: number;
  attentionDropout: number;
}

/** Reads the keys of a parsed `config.json`; each throws `config-invalid` naming the key and what is in it. */
export interface ConfigReader {
  /** A whole number above 0. */
  size(key: string): number;
  /** A whole number, negative ones too. */
  integer(key: string): number;
  /** A whole number of at least 0: a token's id. */
  id(key: string, fallback: number): number;
  /** A number of at least 0; the fallback where the key is absent or null. */
  number(key: string, fallback: number): number;
  /** Of dropout: at least 0 and below 1. */
  probability(key: string, fallback: number): number;
  /** The name of an activation, as transformers has it. */
  activation(key: string): Activation;
  /** Refuses all but these values: what Textgraft doesn't have. `undefined` stands for an absent key. */
  expect(key: string, allowed: readonly unknown[]): void;
  /** An error about the file, for what concerns several keys. */
  invalid(what: string): TextgraftError;
}

export function configReader(json: Readonly<Record<string, unknown>>): ConfigReader {
  const wrong = (key: string, wanted: string) => invalid(`${key} is ${JSON.stringify(json[key])}; ${wanted}`);
  const whole = (key: string, least: number, value: unknown): number => {
    if (typeof value === "number" && Number.isInteger(value) && value >= least) return value;
    const bound = least === 1 ? " above 0" : least === 0 ? " of at least 0" : "";
    throw wrong(key, `it must be a whole number${bound}`);
  };
  const number = (key: string, fallback: number): number => {
    const value = json[key] ?? fallback;
    if (typeof value === "number" && value >= 0) return value;
    throw wrong(key, "it must be a number of at least 0");
  };
  return {
    size: (key) => whole(key, 1, json[key]),
    integer: (key) => whole(key, Number.NEGATIVE_INFINITY, json[key]),
    id: (key, fallback) => whole(key, 0, json[key] ?? fallback),
    number,
    probability: (key, fallback) => {
      const value = json[key] ?? fallback;
      if (typeof value === "number" && value >= 0 && value < 1) return value;
      throw wrong(key, "it must be a number of at least 0 and below 1");
    },
    activation: (key) => {
      const value = json[key];
      const found = activations.find((activation) => activation === value);
      if (found !== undefined) return found;
      throw wrong(key, `Textgraft has ${activations.join(", ")}`);
    },
    expect: (key, allowed) => {
      if (allowed.includes(json[key])) return;
      const named = allowed.flatMap((value) => (value === undefined ? [] : [JSON.stringify(value)]));
      throw wrong(key, `Textgraft reads ${named.join(" or ")}`);
    },
    invalid,
  };
}

/** What transformers fills in where a file of BERT's kind lacks a key. */
export const BERT_DEFAULTS = {
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 3072,
  hidden_act: "gelu",
  max_position_embeddings: 512,
  type_vocab_size: 2,
};

/** The keys under which a family has what BERT has. */
export type TransformerKeys = Readonly<typeof BERT_KEYS>;

export const BERT_KEYS = {
  hiddenSize: "hidden_size",
  layers: "num_hidden_layers",
  heads: "num_attention_heads",
  intermediateSize: "intermediate_size",
  activation: "hidden_act",
  hiddenDropout: "hidden_dropout_prob",
  attentionDropout: "attention_probs_dropout_prob",
};

/** Reads what all families with BERT's layers have, under BERT's keys or the family's own. */
export function readTransformerConfig(
  json: Readonly<Record<string, unknown>>,
  names: TransformerKeys = BERT_KEYS,
): Omit<TransformerConfig, "positions" | "classifierDropout"> {
  const keys = configReader(json);
  keys.expect("is_decoder", [false, undefined]);
  keys.expect("position_embedding_type", ["absolute", undefined]);
  const config = {
    modelType: json.model_type as string,
    vocabSize: keys.size("vocab_size"),
    hiddenSize: keys.size(names.hiddenSize),
    layers: keys.size(names.layers),
    heads: keys.size(names.heads),
    intermediateSize: keys.size(names.intermediateSize),
    activation: keys.activation(names.activation),
    positionRows: keys.size("max_position_embeddings"),
    padId: keys.id("pad_token_id", 0),
    layerNormEpsilon: keys.number("layer_norm_eps", 1e-12),
    hiddenDropout: keys.probability(names.hiddenDropout, 0.1),
    attentionDropout: keys.probability(names.attentionDropout, 0.1),
    initializerRange: keys.number("initializer_range", 0.02),
  };
  if (config.hiddenSize % config.heads === 0) return config;
  throw keys.invalid(
    `${names.hiddenSize} ${config.hiddenSize} can't be divided by ${names.heads} ${config.heads}`,
  );
}

const invalid = (what: string): TextgraftError =>
  new TextgraftError("config-invalid", {
    message: `config.json: ${what}.`,
    fix: "Use a folder with a checkpoint as transformers saves it.",
  });
