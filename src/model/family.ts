import type { EncoderConfig } from "./config.js";
import type { Reads, Stage } from "./encoder.js";
import type { Head } from "./head.js";

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
}

/** A family among others, which are told apart by `modelType`. */
export const defineFamily = <Config extends EncoderConfig>(family: Family<Config>): Family =>
  family as unknown as Family;
