import type { GraphBuilder } from "../graph/builder.js";
import type { Value } from "../graph/graph.js";
import type { EncoderConfig } from "./config.js";
import { type Activation, activate, type Dropout, firstPosition, linear } from "./layers.js";
import { denseParameters, type ParameterScope, type ParameterSpec } from "./parameters.js";

/** What stages and heads read besides the features, made when it is first asked for. */
export interface TokenInputs {
  /** [batch, sequence] */
  readonly inputIds: () => Value;
  /** The words' rows of their table, [batch, sequence, width]. */
  readonly words: (table: Value) => Value;
  /** [batch, sequence] */
  readonly tokenTypeIds: () => Value;
  /** 1 at tokens and 0 at padding, integers, [batch, sequence]. */
  readonly attentionMask: () => Value;
  /** What is added to attention scores, [batch, 1, 1, sequence]: 0, or -1e9 at padding. */
  readonly attentionBias: () => Value;
}

/**
 * One stage of the encoder. Freezing, cached features and recomputation cut between stages. `perToken` says
 * whether it gives [batch, sequence, hidden] or, from where only the first position is read, [batch, hidden].
 */
export interface Stage {
  readonly name: string;
  /** Those that no stage before has listed: what several stages share belongs to the first of them. */
  readonly parameters: readonly ParameterSpec[];
  readonly perToken: boolean;
  /** The layer of a stage that is a dense layer over the first position, as poolers are. */
  readonly dense?: DenseLayer;
  readonly build: (g: GraphBuilder, params: ParameterScope, x: Value | null, context: StageContext) => Value;
}

/** A dense layer by its name, and what comes after it. */
export interface DenseLayer {
  readonly name: string;
  readonly activation: Activation;
}

export interface StageContext {
  readonly tokens: TokenInputs;
  readonly dropout: Dropout;
  /** What several stages of a graph use, made by the first of them. */
  readonly shared: (name: string, make: () => Value) => Value;
}

/** Positions of the last layer that a head reads: the last layer computes only those. */
export type Reads = "first" | "all";

/** A dense layer over the first position, as poolers are: gives [batch, hidden]. */
export function denseStage(
  name: string,
  { hiddenSize, initializerRange }: EncoderConfig,
  { dense, activation }: { dense: string; activation: Activation },
): Stage {
  return {
    name,
    perToken: false,
    dense: { name: dense, activation },
    parameters: denseParameters(dense, hiddenSize, hiddenSize, initializerRange),
    build: (g, root, x) => activate(g, linear(g, root.in(dense), firstPosition(g, x!)), activation),
  };
}
