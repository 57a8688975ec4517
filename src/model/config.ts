import { TextgraftError } from "../base/errors.js";

/** What a BERT `config.json` says about the encoder. */
export interface BertConfig {
  vocabSize: number;
  hiddenSize: number;
  layers: number;
  heads: number;
  intermediateSize: number;
  positions: number;
  tokenTypes: number;
  layerNormEpsilon: number;
  hiddenDropout: number;
  attentionDropout: number;
  /** Dropout before the classifier; the hidden dropout where the file says null. */
  classifierDropout: number;
  initializerRange: number;
}

/**
 * Reads a parsed `config.json`. Throws `config-invalid` naming the key for anything but a BERT encoder with exact
 * GELU and absolute positions.
 */
export function readBertConfig(json: Record<string, unknown>): BertConfig {
  expectKey(json, "model_type", ["bert", "textgraft_bert_mlp"]);
  expectKey(json, "hidden_act", ["gelu"]);
  expectKey(json, "position_embedding_type", ["absolute", undefined]);
  expectKey(json, "is_decoder", [false, undefined]);
  const hiddenDropout = probability(json, "hidden_dropout_prob", 0.1);
  const config: BertConfig = {
    vocabSize: size(json, "vocab_size"),
    hiddenSize: size(json, "hidden_size"),
    layers: size(json, "num_hidden_layers"),
    heads: size(json, "num_attention_heads"),
    intermediateSize: size(json, "intermediate_size"),
    positions: size(json, "max_position_embeddings"),
    tokenTypes: size(json, "type_vocab_size"),
    layerNormEpsilon: number(json, "layer_norm_eps", 1e-12),
    hiddenDropout,
    attentionDropout: probability(json, "attention_probs_dropout_prob", 0.1),
    classifierDropout: probability(json, "classifier_dropout", hiddenDropout),
    initializerRange: number(json, "initializer_range", 0.02),
  };
  if (config.hiddenSize % config.heads !== 0) {
    throw invalid(`hidden_size ${config.hiddenSize} can't be divided by num_attention_heads ${config.heads}`);
  }
  return config;
}

function expectKey(json: Record<string, unknown>, key: string, allowed: readonly unknown[]): void {
  const found = json[key];
  if (allowed.includes(found)) return;
  throw invalid(`${key} is ${JSON.stringify(found)}; Textgraft reads ${JSON.stringify(allowed[0])}`);
}

function size(json: Record<string, unknown>, key: string): number {
  const value = json[key];
  if (typeof value === "number" && Number.isInteger(value) && value > 0) return value;
  throw invalid(`${key} is ${JSON.stringify(value)}; it must be a whole number above 0`);
}

function number(json: Record<string, unknown>, key: string, fallback: number): number {
  const value = json[key] ?? fallback;
  if (typeof value === "number" && value >= 0) return value;
  throw invalid(`${key} is ${JSON.stringify(value)}; it must be a number of at least 0`);
}

/** Of dropout: 1 would drop everything. */
function probability(json: Record<string, unknown>, key: string, fallback: number): number {
  const value = json[key] ?? fallback;
  if (typeof value === "number" && value >= 0 && value < 1) return value;
  throw invalid(`${key} is ${JSON.stringify(value)}; it must be a number of at least 0 and below 1`);
}

const invalid = (what: string): TextgraftError =>
  new TextgraftError("config-invalid", {
    message: `config.json: ${what}.`,
    fix: "Use a folder with a BERT checkpoint as transformers saves it.",
  });
