import { TextgraftError } from "../base/errors.js";
import { float32, int32, type Tensor } from "../base/tensor.js";
import type { ClassifierSpec } from "../model/classifier.js";
import type { Batch, EngineSpec, LineBatch, TrainBatch, TrainingSpec } from "./engine.js";

/** How an engine trains; an `internal` error where it was opened for prediction only. */
export function trainingOf({ training }: EngineSpec): TrainingSpec {
  if (!training)
    throw new TextgraftError("internal", { message: "This engine was opened for prediction only." });
  return training;
}

/** The inputs of tokens. */
export function tokenTensors({
  examples,
  length,
  inputIds,
  attentionMask,
  tokenTypeIds,
}: Batch): Record<string, Tensor> {
  const shape = [examples.length, length];
  return {
    input_ids: int32(shape, inputIds),
    attention_mask: int32(shape, attentionMask),
    token_type_ids: int32(shape, tokenTypeIds),
  };
}

/** The inputs of points on a line. */
export function lineTensors({ labels }: ClassifierSpec, batch: LineBatch): Record<string, Tensor> {
  const rows = batch.examples.length;
  return {
    ...tokenTensors(batch),
    baseline_ids: int32([rows, batch.length], batch.baselineIds),
    share: float32([rows, 1, 1], batch.shares),
    target: float32([rows, labels.length], batch.targets),
  };
}

/** The inputs of the loss. */
export function lossTensors(
  { labels, problem }: ClassifierSpec,
  batch: TrainBatch,
  denominator: number,
): Record<string, Tensor> {
  const rows = batch.examples.length;
  return {
    labels: float32([rows, labels.length], batch.labels),
    weights: float32(problem === "multi_label" ? [rows, labels.length] : [rows], batch.weights),
    denominator: float32([], [denominator]),
  };
}
