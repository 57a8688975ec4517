import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { int32, type Tensor } from "../../src/base/tensor.js";
import { type Classifier, type ClassifierSpec, createClassifier } from "../../src/model/classifier.js";
import { modelTypes, readConfig } from "../../src/model/families.js";
import { openWeights } from "../../src/model/safetensors.js";
import type { Batch, Engine, EngineSpec, TrainBatch, TrainingSpec } from "../../src/run/engine.js";
import { openGpuEngine } from "../../src/run/engine-gpu.js";
import { openLocalEngine } from "../../src/run/engine-local.js";
import { memoryFeatures } from "../../src/run/feature-cache.js";
import { openSessionNode } from "../../src/run/session-node.js";
import { openSoftwareGpu } from "./devices.js";
import { readReference, referenceFolder } from "./reference.js";

/** Rows of tokens with labels, as the reference files have them. */
export interface ReferenceRows {
  input_ids: number[][];
  attention_mask: number[][];
  token_type_ids?: number[][];
  labels: (number | number[])[];
}

export interface ReferenceEvaluation extends ReferenceRows {
  loss: number;
  logits: number[][];
  /** For each text, or for each of its tokens. */
  classifier_input: number[][] | number[][][];
  last_hidden_state: number[][][];
  /** Only where the saved model has a pooler. */
  pooler_output?: number[][];
  weighted: { loss: number; logits_gradient: number[][] };
}

export interface ReferenceTrajectory {
  warmup_steps: number;
  total_steps: number;
  frozen: string[];
  steps: { rows: number[]; lr: number; loss: number; grad_norm: number }[];
  final_logits: number[][];
  parameter_norms: Record<string, number>;
}

export interface ReferenceFamily {
  num_labels: number;
  problem_type: string;
  class_weights: number[];
  optimizer: {
    betas: [number, number];
    eps: number;
    weight_decay: number;
    max_grad_norm: number;
    no_decay: string[];
  };
  eval: ReferenceEvaluation;
  pairs?: ReferenceEvaluation;
  train: ReferenceRows;
  gradients: {
    rows: number[];
    loss: number;
    grad_norm: number;
    no_gradient: string[];
    zero_gradient: string[];
  };
  trajectories: Record<"full" | "partial" | "head", ReferenceTrajectory>;
}

/** Classifiers that the reference folder has, of the families that can be read. */
export const referenceFamilies: string[] = [...modelTypes, "bert-multilabel"].filter((family) =>
  existsSync(join(referenceFolder, family)),
);

export const readFamily = (family: string): ReferenceFamily => readReference(`${family}/expected.json`);

/** How much equally right float32 runs of a family differ, by the names of tests/reference/README.md. */
export const naturalDifferences = (family: string): Record<NaturalDifference, number> =>
  readReference<Record<string, { natural: Record<NaturalDifference, number> }>>("tolerance.json")[family]!
    .natural;

type NaturalDifference =
  | "logits"
  | "gradient_of_largest"
  | "gradient_of_own_largest"
  | `full_${"loss" | "grad_norm" | "final_logits" | "parameter_norms"}`;

/**
 * How much wider limits are for float16 than what is natural for float32: to first order a result's error is a sum over all
 * operations, each one's rounding times what the rest of the model makes of it. The model is the same, and sums are as
 * long; rounding errs by 2^-11 at most instead of 2^-24. Twice that, since the natural differences are the largest of a
 * handful of runs, and this is another one.
 */
export const FLOAT16 = 2 * 2 ** 13;

/** A safetensors file of the reference folder, all of it. */
export async function readTensors(name: string): Promise<Map<string, Float32Array>> {
  const bytes = readFileSync(join(referenceFolder, name));
  const file = await openWeights({
    size: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
  });
  const tensors = new Map<string, Float32Array>();
  for (const tensor of file.names) tensors.set(tensor, await file.read(tensor));
  return tensors;
}

export function familySpec(family: string, { num_labels, problem_type }: ReferenceFamily): ClassifierSpec {
  return {
    config: readConfig(readReference(`${family}/config.json`)),
    head: "stock",
    labels: Array.from({ length: num_labels }, (_, label) => `${label}`),
    problem: problem_type.startsWith("multi") ? "multi_label" : "single_label",
  };
}

/** Some rows as a batch; `first` numbers its first example. */
export function referenceBatch(
  rows: ReferenceRows,
  picked = rows.input_ids.map((_, row) => row),
  first = 0,
): Batch {
  const flat = (values: number[][]): Int32Array => Int32Array.from(picked.flatMap((row) => values[row]!));
  const length = rows.input_ids[0]!.length;
  return {
    examples: Int32Array.from(picked, (row) => first + row),
    length,
    inputIds: flat(rows.input_ids),
    attentionMask: flat(rows.attention_mask),
    tokenTypeIds: rows.token_type_ids ? flat(rows.token_type_ids) : new Int32Array(picked.length * length),
  };
}

/** One text of any tokens between two special ones, without padding. */
export const oneText = (length: number): Batch => ({
  examples: Int32Array.of(0),
  length,
  inputIds: Int32Array.from({ length }, (_, i) => [0, 2][i / (length - 1)] ?? ((7 * (i - 1)) % 150) + 5),
  attentionMask: new Int32Array(length).fill(1),
  tokenTypeIds: new Int32Array(length),
});

/** A batch with labels, and the denominator of its loss, as PyTorch divides: by the sum of the rows' weights. */
export function labelledBatch(
  rows: ReferenceRows,
  classes: number,
  picked = rows.input_ids.map((_, row) => row),
  classWeights: readonly number[] = new Array<number>(classes).fill(1),
): { batch: TrainBatch; denominator: number } {
  const labels: number[] = [];
  const weights: number[] = [];
  for (const row of picked) {
    const label = rows.labels[row]!;
    const multi = typeof label !== "number";
    labels.push(...(multi ? label : classWeights.map((_, c) => (c === label ? 1 : 0))));
    weights.push(
      ...(multi ? label.map((bit, c) => (bit === 1 ? classWeights[c]! : 1)) : [classWeights[label]!]),
    );
  }
  const multi = weights.length === labels.length;
  const denominator = multi ? labels.length : weights.reduce((sum, weight) => sum + weight, 0);
  const batch = {
    ...referenceBatch(rows, picked),
    labels: Float32Array.from(labels),
    weights: Float32Array.from(weights),
  };
  return { batch, denominator };
}

export const trainingSpec = (optimizer: ReferenceFamily["optimizer"], batch: TrainBatch): TrainingSpec => ({
  batchSize: batch.examples.length,
  accumulation: 1,
  maxLength: batch.length,
  seed: 0,
  dropout: false,
  checkpointing: false,
  weightDecay: optimizer.weight_decay,
  decayAll: optimizer.no_decay.length === 0,
  beta1: optimizer.betas[0],
  beta2: optimizer.betas[1],
  epsilon: optimizer.eps,
  maxGradientNorm: optimizer.max_grad_norm,
});

/** An engine in this thread with these weights; names may lack the prefix `bert.`. */
export async function engineWith(
  spec: EngineSpec,
  weights: Map<string, Float32Array>,
  openSession = openSoftwareGpu,
): Promise<Engine> {
  const openFeatures = () => memoryFeatures(2 ** 28);
  const engine =
    spec.device === "webgpu"
      ? await openGpuEngine(spec, { openSession, openFeatures })
      : openLocalEngine(spec, { openSession: openSessionNode, openFeatures });
  for (const { name } of createClassifier(spec.classifier).parameters) {
    await engine.write(name, weights.get(name) ?? weights.get(name.replace(/^bert\./, ""))!);
  }
  return engine;
}

/** How many of the first stages hold only frozen parameters. */
export function frozenStages({ stages }: Classifier, frozen: readonly string[]): number {
  const first = stages.findIndex((stage) => stage.parameters.some(({ name }) => !frozen.includes(name)));
  return first < 0 ? stages.length : first;
}

export const tokenFeeds = (batch: Batch): Record<string, Tensor> => {
  const shape = [batch.examples.length, batch.length];
  return {
    input_ids: int32(shape, batch.inputIds),
    attention_mask: int32(shape, batch.attentionMask),
    token_type_ids: int32(shape, batch.tokenTypeIds),
  };
};

/** Gradient rows added up by token, in float64. */
export function addedUp(rows: Float32Array, ids: Int32Array, length: number): Float32Array {
  const width = rows.length / ids.length;
  const sum = new Float64Array(length);
  for (const [i, id] of ids.entries()) {
    for (let column = 0; column < width; column++) sum[id * width + column]! += rows[i * width + column]!;
  }
  return Float32Array.from(sum);
}

/** Largest absolute difference. */
export function largestDifference(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  if (found.length !== wanted.length) throw new Error(`${found.length} values instead of ${wanted.length}`);
  let largest = 0;
  for (let i = 0; i < found.length; i++) largest = Math.max(largest, Math.abs(found[i]! - wanted[i]!));
  return largest;
}
