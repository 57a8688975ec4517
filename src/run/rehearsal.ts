import { TextgraftError } from "../base/errors.js";
import { planBatches } from "../tokens/batch.js";
import type { Engine, TrainBatch } from "./engine.js";
import { lengthsOf, passagesOf } from "./evaluate.js";
import { stepsPerEpoch, type TrainData, type TrainSettings, trainBatch, trainPassages } from "./train.js";

/** What a training will take, before its first step. */
export interface TrainEstimate {
  /** Until the last epoch ends. */
  seconds: number;
  /** Of the whole process at its peak; absent where a GPU computes. */
  bytes?: number;
}

/** Memory in bytes, as the process sees it. */
export interface Memory {
  /** What it has now. */
  resident: () => number;
  /** What it can still get. */
  available: () => number;
}

export interface RehearsalOptions {
  /** Undefined where a GPU computes. */
  memory: Memory | undefined;
  /** What comes later than the first step: the best weights, kept. */
  laterBytes: number;
  gradientCheckpointing: boolean;
  /** Some stages are frozen: their features are computed once, with the first prediction of a text. */
  frozen: boolean;
  /** Seconds that have passed since any moment. Default: the process's. */
  clock?: () => number;
}

/** The shares of a full batch that are tried. */
const TRIALS = [1 / 8, 1 / 4];

/**
 * Estimates a training from a prediction and two small steps on its longest passages, which change nothing: time and memory
 * of a step grow in proportion to its rows, and the time of a row to its tokens. Features that are kept from an earlier
 * run take as little time here as they will. Throws `memory-short` where it won't fit.
 */
export async function rehearse(
  engine: Engine,
  data: TrainData,
  settings: TrainSettings,
  options: RehearsalOptions,
): Promise<TrainEstimate> {
  const { memory, laterBytes, frozen, clock = () => performance.now() / 1000 } = options;
  const { encodings, batchSize } = data;
  const passages = trainPassages(data);
  const longestFirst = passages.slice().sort((a, b) => encodings.lengthOf(b) - encodings.lengthOf(a));
  const length = encodings.lengthOf(longestFirst[0]!);
  const sizes = [...new Set(TRIALS.map((share) => Math.ceil(share * batchSize)))];
  const trials: { rows: number; seconds: number; bytes: number }[] = [];
  const longest = (rows: number): TrainBatch =>
    trainBatch({ ...data, batchSize: rows }, settings, [...longestFirst.subarray(0, rows)], length).batch;
  const predicting = async (): Promise<number> => {
    const start = clock();
    await engine.logits(longest(batchSize));
    return clock() - start;
  };
  let update = 0;
  await engine.logits(longest(1)); // opens the session
  const first = await predicting();
  const again = frozen ? await predicting() : first;
  await engine.rehearse(longest(1)); // opens the session
  for (const rows of sizes) {
    const seconds = await engine.rehearse(longest(rows));
    update = seconds.update;
    trials.push({ rows, seconds: seconds.gradients, bytes: memory?.resident() ?? 0 });
  }
  const time = line(trials.map(({ rows, seconds }) => [rows, seconds]));
  const room = line(trials.map(({ rows, bytes }) => [rows, bytes]));

  const batches = planBatches(lengthsOf(encodings, passages), { batchSize });
  let share = 0;
  for (const batch of batches) share += batch.length / length;
  const epoch =
    batches.length * time.start +
    share * batchSize * time.slope +
    stepsPerEpoch(passages.length, batchSize, settings.accumulate) * update;
  /** How many of the longest passages have as many tokens as these. */
  const rowsOf = (numbers: Uint32Array): number =>
    lengthsOf(encodings, numbers).reduce((total, tokens) => total + tokens, 0) / length;
  const rows = Math.min(batchSize, passages.length);
  const validation = rowsOf(passagesOf(encodings, data.validation));
  const features = (rowsOf(passages) + validation) * ((first - again) / Math.max(1, rows - 1)); // one was known before
  const seconds = features + settings.epochs * (epoch + (validation * again) / rows);
  if (!memory) return { seconds };
  const bytesOf = (rows: number): number => room.start + rows * room.slope + laterBytes;
  checkRoom(bytesOf, batchSize, { ...options, limit: memory.resident() + memory.available() });
  return { seconds, bytes: bytesOf(batchSize) };
}

/** Refuses what won't fit, naming what would. */
function checkRoom(
  bytesOf: (rows: number) => number,
  batchSize: number,
  { limit, gradientCheckpointing }: { limit: number; gradientCheckpointing: boolean },
): void {
  const needed = bytesOf(batchSize);
  if (needed <= limit) return;
  const parts = [2, 4, 8, 16, 32, 64].find(
    (parts) => batchSize % parts === 0 && bytesOf(batchSize / parts) <= limit,
  );
  const ways = [
    ...(gradientCheckpointing ? [] : ["--gradient-checkpointing"]),
    ...(parts === undefined
      ? []
      : [`--batch-size ${batchSize / parts} with --accumulate ${parts} times what it is now`]),
    "a smaller --max-length",
    "--freeze",
  ];
  throw new TextgraftError("memory-short", {
    message: `The training needs about ${gigabytes(needed)} of memory, and there are only ${gigabytes(limit)}.`,
    fix: `Use ${ways.slice(0, -1).join(", ")} or ${ways.at(-1)}, or free memory.`,
  });
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/** The line through two points, or level through one; neither falls. */
function line(points: readonly (readonly [number, number])[]): { start: number; slope: number } {
  const [[x0, y0] = [0, 0], [x1, y1] = [0, 0]] = [points[0], points.at(-1)];
  if (x0 === x1) return { start: 0, slope: y0 / x0 };
  const slope = Math.max(0, (y1 - y0) / (x1 - x0));
  return { start: Math.max(0, y1 - slope * x1), slope };
}
