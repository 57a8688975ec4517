import type { Comparison } from "../compare.js";
import type { RealLengths } from "../lengths.js";
import { BERT_BASE, shapeName, TINY } from "../shapes.js";
import { BATCH_SIZE, drawn, modelJob, rectangle } from "./model-job.js";

const PEERS_ONCE = "The peers run one epoch, counted for all.";

/** The tutorial's recipe: the mlp head on a frozen encoder, texts of 25 tokens, 10 epochs. */
export function recipeComparisons(quick: boolean): Comparison[] {
  const [shape, batches] = quick ? [TINY, 8] : [BERT_BASE, 4];
  return [
    {
      workload: "recipe",
      name: `${shapeName(shape)} frozen, mlp head, 10 epochs of ${BATCH_SIZE} × 25`,
      job: modelJob(shape, 25, {
        head: "mlp",
        frozenStages: shape.layers + 2,
        frozenInTrainingMode: true,
      }),
      lengths: rectangle(batches, 25),
      epochs: 10,
      note: `A sample of ${batches * BATCH_SIZE} texts; time is in proportion to their number. Textgraft computes features once, the peers run the encoder in every step, in training mode as the tutorial does. ${PEERS_ONCE}`,
    },
  ];
}

/** Two thirds of the layers frozen, 3 epochs. */
export function freezingComparisons(real: RealLengths, quick: boolean): Comparison[] {
  const [shape, frozen, batches] = quick ? [TINY, 1, 8] : [BERT_BASE, 8, 4];
  const head = `${shapeName(shape)}, ${frozen} of ${shape.layers} layers frozen, 3 epochs`;
  const common = { workload: "freeze", epochs: 3 };
  return [
    {
      ...common,
      name: `${head} of ${BATCH_SIZE} × 25`,
      job: modelJob(shape, 25, { frozenStages: 1 + frozen }),
      lengths: rectangle(2, 25),
      note: PEERS_ONCE,
    },
    {
      ...common,
      name: `${head}, real lengths`,
      job: modelJob(shape, real.maxLength, { frozenStages: 1 + frozen }),
      lengths: drawn(real, batches),
      note: `${batches} batches of ${BATCH_SIZE} texts a round. ${PEERS_ONCE}`,
    },
  ];
}
