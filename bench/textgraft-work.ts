import type { Random } from "#textgraft/base/random.js";
import { productFlops } from "#textgraft/graph/flops.js";
import { trainGraph } from "#textgraft/model/classifier.js";
import type { TrainBatch } from "#textgraft/run/engine.js";
import { logitsOf } from "#textgraft/run/evaluate.js";
import { collate, planBatches } from "#textgraft/tokens/batch.js";
import type { ModelJob, RoundAnswer } from "./job.js";
import { randomEncodings } from "./random-encodings.js";
import type { Work } from "./serve-lines.js";
import { openRandomEngine } from "./textgraft-model.js";

/** Trains or predicts as the application does, with random weights and token ids. */
export async function modelWork(job: ModelJob, threads: number, random: Random): Promise<Work> {
  const { engine, model } = await openRandomEngine(job, threads);
  const { batchSize, shape, frozenStages } = job;
  const flopsOf = memoized((sequence) =>
    productFlops(trainGraph(model, 0).outputs, { batch: batchSize, sequence }),
  );
  let step = 0;
  let texts = 0; // so far: each round's are new to the engine, so that frozen features are computed once a round

  async function train(lengths: readonly number[], epochs: number): Promise<RoundAnswer> {
    const encodings = randomEncodings(lengths, shape.vocabSize, random.fork("ids", texts));
    const first = texts;
    texts += lengths.length;
    let flops = 0;
    const start = performance.now();
    for (let epoch = 0; epoch < epochs; epoch++) {
      const shuffle = random.fork("shuffle", first, epoch);
      for (const { rows, length } of planBatches(lengths, { batchSize, random: shuffle })) {
        const tokens = collate(encodings, rows, { batchSize, length, padId: 0 });
        const batch = withLabels({ ...tokens, length }, rows, first, batchSize);
        step++;
        await engine.train({ batches: [batch], denominator: rows.length, step, learningRate: 2e-5 });
        flops += frozenStages === 0 ? flopsOf(length) : 0;
      }
    }
    const seconds = (performance.now() - start) / 1000;
    return frozenStages === 0 ? { seconds, flops } : { seconds };
  }

  async function predict(lengths: readonly number[], epochs: number): Promise<RoundAnswer> {
    const encodings = randomEncodings(lengths, shape.vocabSize, random.fork("ids", texts++));
    const examples = lengths.map((_, i) => i);
    const start = performance.now();
    for (let epoch = 0; epoch < epochs; epoch++) {
      const batches = logitsOf(engine, { encodings, batchSize, padId: 0 }, examples);
      while (!(await batches.next()).done);
    }
    return { seconds: (performance.now() - start) / 1000 };
  }

  return {
    close: () => engine.close(),
    round: ({ lengths, epochs }) =>
      job.kind === "train" ? train(lengths, epochs) : predict(lengths, epochs),
  };
}

/** Rows with label 0 or 1 by turns; rows that only fill have weight 0. */
function withLabels(
  tokens: Omit<TrainBatch, "examples" | "labels" | "weights">,
  rows: readonly number[],
  first: number,
  batchSize: number,
): TrainBatch {
  const labels = new Float32Array(2 * batchSize);
  const weights = new Float32Array(batchSize);
  const examples = new Int32Array(batchSize).fill(-1);
  for (const [i, row] of rows.entries()) {
    labels[2 * i + (row % 2)] = 1;
    weights[i] = 1;
    examples[i] = first + row;
  }
  return { ...tokens, examples, labels, weights };
}

function memoized(compute: (x: number) => number): (x: number) => number {
  const known = new Map<number, number>();
  return (x) => {
    if (!known.has(x)) known.set(x, compute(x));
    return known.get(x)!;
  };
}
