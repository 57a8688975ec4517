import type { Shape } from "./job.js";

export const BERT_VOCABULARY = 30_522;

export const BERT_BASE: Shape = { layers: 12, hiddenSize: 768, heads: 12, vocabSize: BERT_VOCABULARY };
export const L6_H256: Shape = { layers: 6, hiddenSize: 256, heads: 4, vocabSize: BERT_VOCABULARY };
/** Of models/mini. */
export const MINI: Shape = { layers: 4, hiddenSize: 256, heads: 4, vocabSize: 12_288 };
/** For --quick. */
export const TINY: Shape = { layers: 2, hiddenSize: 128, heads: 2, vocabSize: 4096 };

export const shapeName = (shape: Shape): string =>
  NAMES.get(shape) ?? `L${shape.layers} H${shape.hiddenSize} A${shape.heads}`;

const NAMES = new Map([
  [BERT_BASE, "BERT-base"],
  [MINI, "models/mini"],
]);
