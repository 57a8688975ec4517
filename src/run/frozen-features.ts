import { roundUp } from "../base/numbers.js";
import { float32, type Tensor } from "../base/tensor.js";
import { type Classifier, featuresPerToken, frozenParameters } from "../model/classifier.js";
import type { EncoderConfig } from "../model/config.js";
import { tokenTensors } from "./batch-feeds.js";
import type { Batch } from "./engine.js";
import { type FeatureStore, type FeatureUse, tokensKey } from "./feature-cache.js";

/** How an engine's frozen stages are run, and where their output is kept. */
export interface FeatureSource {
  /** Asked once, when features are first needed, and again after `forget`. */
  openStore: () => Promise<FeatureStore>;
  /** Runs the stages; may give more rows than it was asked for. */
  compute: (texts: Batch) => Promise<Float32Array>;
}

/** What the stages that train read of a batch; what the frozen stages make of texts is computed once, then kept. */
export class FrozenFeatures {
  private readonly model: Classifier;
  private readonly stages: number;
  private readonly source: FeatureSource;
  private store: FeatureStore | undefined;
  private computed = 0;

  constructor(model: Classifier, stages: number, source: FeatureSource) {
    this.model = model;
    this.stages = stages;
    this.source = source;
  }

  /** Inputs of a graph that begins behind the frozen stages: tokens, or the mask and features. */
  async inputsFor(batch: Batch): Promise<Record<string, Tensor>> {
    const tokens = tokenTensors(batch);
    if (this.stages === 0) return tokens;
    return { attention_mask: tokens.attention_mask!, features: await this.of(batch) };
  }

  /** Features of a batch, [rows, length, hidden] or [rows, hidden]; computed only for texts that are new. */
  private async of(batch: Batch): Promise<Tensor> {
    const { config } = this.model.spec;
    const { hiddenSize } = config;
    const perToken = featuresPerToken(this.model, this.stages);
    const width = (perToken ? batch.length : 1) * hiddenSize;
    const rows = batch.examples.length;
    const result = float32(perToken ? [rows, batch.length, hiddenSize] : [rows, hiddenSize]);
    this.store ??= await this.source.openStore();
    const missing: TextRow[] = [];
    for (const [row, example] of batch.examples.entries()) {
      if (example < 0) continue;
      const text = textOf(batch, row);
      const known = this.store.get(text.key);
      if (known) result.data.set(known, row * width);
      else missing.push(text);
    }
    if (missing.length === 0) return result;

    const part = textBatch(missing, config);
    const data = await this.source.compute(part);
    const stride = (perToken ? part.length : 1) * hiddenSize;
    for (const [i, { row, key, inputIds }] of missing.entries()) {
      const own = data.subarray(i * stride, i * stride + (perToken ? inputIds.length : 1) * hiddenSize);
      result.data.set(own, row * width);
      this.store.put(key, own);
    }
    this.computed += missing.length;
    return result;
  }

  use(): FeatureUse & { computed: number } {
    return { reused: 0, ...this.store?.use(), computed: this.computed };
  }

  /** To be told when a parameter is written: features that were made with other weights are forgotten. */
  weightsChanged(name: string): void {
    if (frozenParameters(this.model, this.stages).some((frozen) => frozen.name === name)) this.forget();
  }

  /** Lets go of the store: at the end, or because what is in it was made of other weights. */
  forget(): void {
    this.store?.close();
    this.store = undefined;
  }
}
/** A text of a batch: its row, its tokens without padding, and their key. */
interface TextRow {
  row: number;
  inputIds: Int32Array;
  tokenTypeIds: Int32Array;
  key: string;
}

function textOf({ inputIds, attentionMask, tokenTypeIds, length }: Batch, row: number): TextRow {
  const start = row * length;
  const padding = attentionMask.subarray(start, start + length).indexOf(0);
  const end = start + (padding < 0 ? length : padding);
  const [ids, types] = [inputIds.subarray(start, end), tokenTypeIds.subarray(start, end)];
  return { row, inputIds: ids, tokenTypeIds: types, key: tokensKey(ids, types) };
}

/**
 * Texts as a batch whose shape hardly matters to the last digits of what is computed: padded to a multiple of 8, and
 * at least 2 rows, because matrix kernels add a single row and odd ends in another order.
 */
function textBatch(texts: readonly TextRow[], { positions, padId }: EncoderConfig): Batch {
  const longest = Math.max(...texts.map(({ inputIds }) => inputIds.length));
  const length = Math.min(roundUp(longest, 8), positions);
  const rows = Math.max(2, texts.length);
  const batch: Batch = {
    examples: new Int32Array(rows),
    length,
    inputIds: new Int32Array(rows * length).fill(padId),
    attentionMask: new Int32Array(rows * length),
    tokenTypeIds: new Int32Array(rows * length),
  };
  for (let i = 0; i < rows; i++) {
    const { inputIds, tokenTypeIds } = texts[i] ?? texts[0]!;
    batch.inputIds.set(inputIds, i * length);
    batch.attentionMask.fill(1, i * length, i * length + inputIds.length);
    batch.tokenTypeIds.set(tokenTypeIds, i * length);
  }
  return batch;
}
