import type { EncoderConfig } from "./config.js";
import type { Reads, Stage } from "./encoder.js";
import type { Head, HiddenActivation } from "./head.js";

/** A kind of pretrained encoder: how its checkpoints are read, and what it computes. */
export interface Family<Config extends EncoderConfig = EncoderConfig> {
  /** By `model_type` of config.json: the class of transformers that classifies with it. */
  readonly classes: Readonly<Record<string, string>>;
  /** What the encoder's names begin with in the checkpoint of a classifier; encoders alone are saved without. */
  readonly prefix: string;
  /** The table of words, by its name: the one parameter whose gradient comes row by row. */
  readonly wordTable: string;
  /** Reads a parsed config.json whose model_type is one of `classes`. Throws `config-invalid` naming the key. */
  readonly readConfig: (json: Readonly<Record<string, unknown>>) => Config;
  /** Embeddings and layers. */
  readonly encoder: (config: Config, reads: Reads) => Stage[];
  /** What was pretrained on top of the first position: [batch, hidden] → [batch, hidden]. */
  readonly pooler?: (config: Config) => Stage;
  /** The head of the class. */
  readonly head: (config: Config, labels: number) => Head;
  /** By the activation of a head with a hidden layer: how a class of another family has it on this encoder. Default: none. */
  readonly conversions?: Readonly<Partial<Record<HiddenActivation, Conversion<Config>>>>;
}

/** Weights by name, as they are stored. */
export type StoredWeights = ReadonlyMap<
  string,
  { readonly shape: readonly number[]; readonly data: Float32Array }
>;

/** How one family's encoder becomes that of another, for the same outputs. */
export interface Conversion<Config extends EncoderConfig = EncoderConfig> {
  /** The reason why an encoder can't be converted. Default: each can. */
  readonly refuses?: (config: Config) => string | undefined;
  /** A config.json for the other family, from one of this. */
  readonly json: (json: Readonly<Record<string, unknown>>, config: Config) => Record<string, unknown>;
  readonly weights: (weights: StoredWeights, config: Config) => StoredWeights;
}

/** A family among others, which are told apart by `modelType`. */
export const defineFamily = <Config extends EncoderConfig>(family: Family<Config>): Family =>
  family as unknown as Family;
