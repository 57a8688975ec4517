import { float32, type Tensor } from "../base/tensor.js";
import { type Classifier, featuresPerToken } from "../model/classifier.js";
import type { Batch } from "./engine.js";
import type { FeatureStore } from "./feature-cache.js";

/**
 * Features of a batch behind its frozen stages, [rows, length, hidden] or [rows, hidden]. `compute` runs the stages and is
 * asked only for examples that `store` doesn't have; it may give more rows than it was asked for.
 */
export async function frozenFeatures(
  model: Classifier,
  frozenStages: number,
  batch: Batch,
  store: FeatureStore,
  compute: (part: Batch) => Promise<Float32Array>,
): Promise<Tensor> {
  const { hiddenSize } = model.spec.config;
  const perToken = featuresPerToken(model, frozenStages);
  const width = (perToken ? batch.length : 1) * hiddenSize;
  const rows = batch.examples.length;
  const result = float32(perToken ? [rows, batch.length, hiddenSize] : [rows, hiddenSize]);
  const missing: number[] = [];
  for (const [row, example] of batch.examples.entries()) {
    const known = example < 0 ? undefined : store.get(example);
    if (known) result.data.set(known.subarray(0, width), row * width);
    else if (example >= 0) missing.push(row);
  }
  if (missing.length === 0) return result;

  const part = rowsOf(batch, missing);
  const data = await compute(part);
  for (const [i, row] of missing.entries()) {
    const used = perToken ? tokenCount(part, i) * hiddenSize : hiddenSize;
    const own = data.subarray(i * width, i * width + used);
    result.data.set(own, row * width);
    store.put(batch.examples[row]!, own);
  }
  return result;
}

/** Some rows of a batch as a batch. */
function rowsOf({ examples, length, ...tokens }: Batch, rows: readonly number[]): Batch {
  const pick = (values: Int32Array): Int32Array => {
    const result = new Int32Array(rows.length * length);
    for (const [i, row] of rows.entries())
      result.set(values.subarray(row * length, (row + 1) * length), i * length);
    return result;
  };
  return {
    examples: Int32Array.from(rows, (row) => examples[row]!),
    length,
    inputIds: pick(tokens.inputIds),
    attentionMask: pick(tokens.attentionMask),
    tokenTypeIds: pick(tokens.tokenTypeIds),
  };
}

/** Tokens of a row that aren't padding. */
const tokenCount = ({ attentionMask, length }: Batch, row: number): number =>
  attentionMask.subarray(row * length, (row + 1) * length).reduce((sum, bit) => sum + bit, 0);
