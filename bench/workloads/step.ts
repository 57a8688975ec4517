import type { Comparison } from "../compare.js";
import type { Shape } from "../job.js";
import type { RealLengths } from "../lengths.js";
import { BERT_BASE, L6_H256, MINI, shapeName, TINY } from "../shapes.js";
import { BATCH_SIZE, drawn, modelJob, rectangle } from "./model-job.js";

/** Full fine-tuning steps of BERT-base: forward, backward, dropout, clipping, AdamW. */
export const stepComparisons = (real: RealLengths, quick: boolean): Comparison[] =>
  quick
    ? [full("step", TINY, 25), mixed("step", TINY, real, 8)]
    : [
        full("step", BERT_BASE, 25),
        { ...full("step", BERT_BASE, 128), inPairs: true },
        mixed("step", BERT_BASE, real, 6),
      ];

/** The same of small models, where all that is no matrix product weighs more. */
export const smallComparisons = (real: RealLengths, quick: boolean): Comparison[] =>
  quick
    ? []
    : [MINI, L6_H256].flatMap((shape) => [
        full("small", shape, 25),
        full("small", shape, 128),
        mixed("small", shape, real, 12),
      ]);

const full = (workload: string, shape: Shape, length: number): Comparison => ({
  workload,
  name: `${shapeName(shape)}, ${BATCH_SIZE} × ${length}`,
  job: modelJob(shape, length),
  lengths: rectangle(1, length),
});

const mixed = (workload: string, shape: Shape, real: RealLengths, batches: number): Comparison => ({
  workload,
  name: `${shapeName(shape)}, real lengths`,
  job: modelJob(shape, real.maxLength),
  lengths: drawn(real, batches),
  note: `${batches} batches of ${BATCH_SIZE} texts a round. Textgraft puts texts of about the same length together, the peers pad random batches to their longest text.`,
});
