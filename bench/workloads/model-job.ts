import type { ModelJob, Shape } from "../job.js";
import type { RealLengths } from "../lengths.js";

export const BATCH_SIZE = 32;

/** A job over batches of 32; what isn't given trains everything with the stock head. */
export const modelJob = (shape: Shape, maxLength: number, given: Partial<ModelJob> = {}): ModelJob => ({
  kind: "train",
  shape,
  head: "stock",
  frozenStages: 0,
  frozenInTrainingMode: false,
  batchSize: BATCH_SIZE,
  maxLength,
  ...given,
});

/** The texts of `batches` full batches, all equally long. */
export const rectangle = (batches: number, length: number) => (): number[] =>
  new Array<number>(batches * BATCH_SIZE).fill(length);

/** The texts of `batches` batches with real lengths. */
export const drawn =
  (real: RealLengths, batches: number) =>
  (round: number): number[] =>
    real.draw(batches * BATCH_SIZE, round);
