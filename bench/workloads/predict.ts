import type { Comparison } from "../compare.js";
import type { RealLengths } from "../lengths.js";
import { BERT_BASE, MINI, shapeName, TINY } from "../shapes.js";
import type { SideSpec } from "../side.js";
import { BATCH_SIZE, drawn, modelJob } from "./model-job.js";

/** Prediction over texts of real lengths. */
export function predictComparisons(
  real: RealLengths,
  quick: boolean,
  extraSides: readonly SideSpec[],
): Comparison[] {
  const cases = quick
    ? ([[TINY, 8]] as const)
    : ([
        [BERT_BASE, 8],
        [MINI, 32],
      ] as const);
  return cases.map(([shape, batches]) => ({
    workload: "predict",
    name: `${shapeName(shape)}, real lengths`,
    job: modelJob(shape, real.maxLength, { kind: "predict" }),
    lengths: drawn(real, batches),
    extraSides,
    note: `${batches * BATCH_SIZE} texts a round. The peers predict random batches of ${BATCH_SIZE}, padded to their longest text.`,
  }));
}
