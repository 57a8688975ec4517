import type { Precision } from "../graph/precision.js";
import type { ClassifierSpec } from "../model/classifier.js";
import type { FeatureUse } from "./feature-cache.js";
import type { Device } from "./session.js";

/** What an engine is opened with; plain data. */
export interface EngineSpec {
  classifier: ClassifierSpec;
  device: Device;
  /** What the model computes in; weights, moments and the loss are always float32. Default: float32. */
  precision?: Precision;
  threads?: number;
  /** The first stages that never change: their output is kept for each example. */
  frozenStages: number;
  /** Keep that output for later runs, too: the name that people know the model by. Else only while the engine is open. */
  cacheAs?: string;
  /** What training needs; without it the engine only predicts. */
  training?: TrainingSpec;
}

export interface TrainingSpec {
  /** Rows of a micro-batch. */
  batchSize: number;
  /** Micro-batches of one step: more than one needs room to add up gradients. */
  accumulation: number;
  /** Tokens of the longest batch. */
  maxLength: number;
  /** Dropout depends on it, the step, the example and the place in the model. */
  seed: number;
  dropout: boolean;
  /** Keep only what stages give each other, and compute the rest again for the backward pass. */
  checkpointing: boolean;
  /** Of the focal loss. Default: 0, cross-entropy. */
  focalGamma?: number;
  weightDecay: number;
  /** Decay biases and norm weights, too. */
  decayAll: boolean;
  beta1: number;
  beta2: number;
  epsilon: number;
  /** Clip gradients whose global norm is larger; Infinity: never. */
  maxGradientNorm: number;
}

/** Rows of token ids, padded to one length. */
export interface Batch {
  /** Number of each row's example in the data, under which its features are kept; -1 for rows that only fill. */
  examples: Int32Array;
  length: number;
  /** [rows, length], as are the next two. */
  inputIds: Int32Array;
  attentionMask: Int32Array;
  tokenTypeIds: Int32Array;
}

export interface TrainBatch extends Batch {
  /** [rows, labels]: 1 at the label (less with label smoothing), several in multi-label problems. */
  labels: Float32Array;
  /** [rows], or [rows, labels] in multi-label problems; 0 for rows that only fill. */
  weights: Float32Array;
}

/** Texts at points of the straight line from a baseline's words to their own. */
export interface LineBatch extends Batch {
  /** The words at the line's beginning, [rows, length]. */
  baselineIds: Int32Array;
  /** How far along the line each row is, [rows]: 0 at the baseline, 1 at the text. */
  shares: Float32Array;
  /** 1 at the label whose log-odds are asked for, [rows, labels]. */
  targets: Float32Array;
}

/** What the model says at points of a line, and which tokens change it there. */
export interface LineSlopes {
  /** [rows, labels] */
  logits: Float32Array;
  /** How much the label's log-odds change by each token's share of the way, [rows, length]. */
  slopes: Float32Array;
}

/** One update. */
export interface TrainStep {
  /** Micro-batches, whose gradients are added up. */
  batches: readonly TrainBatch[];
  /** What the weighted sum of the losses is divided by: for the whole step, over all processes. */
  denominator: number;
  /** Counted from 1. */
  step: number;
  learningRate: number;
}

export interface StepResult {
  /** No number where training diverged; in float16 also where gradients overflow however small the loss scale is. */
  loss: number;
  /**
   * L2 norm over all trained parameters, before clipping. In float16 it may be no finite number: then gradients
   * overflowed and the step changed nothing, not even the count of AdamW.
   */
  gradientNorm: number;
}

/** Seconds that the parts of a step took: the gradients of a micro-batch, and the update. */
export interface StepTime {
  gradients: number;
  update: number;
}

/** Owns a classifier's weights and runs it. The same in a worker and in the calling thread. */
export interface Engine {
  /** Copies a parameter in, under the checkpoint's name and in its layout. */
  write(name: string, values: Float32Array): Promise<void>;
  /** Copies a parameter out. */
  read(name: string): Promise<Float32Array>;
  train(step: TrainStep): Promise<StepResult>;
  /** A step that changes nothing, to see what it takes. Before the first real step only. */
  rehearse(batch: TrainBatch): Promise<StepTime>;
  /** Evaluation mode; [rows, labels]. */
  logits(batch: Batch): Promise<Float32Array>;
  /** Evaluation mode, from the tokens on, whatever is frozen. */
  slopes(batch: LineBatch): Promise<LineSlopes>;
  /** Remembers the trained weights. */
  keep(): Promise<void>;
  /** Goes back to the weights that were kept last. */
  restore(): Promise<void>;
  /** What the frozen stages were spared. */
  featureUse(): Promise<FeatureUse & { computed: number }>;
  close(): Promise<void>;
}

export type OpenEngine = (spec: EngineSpec) => Promise<Engine>;
