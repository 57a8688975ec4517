import { type CompareOptions, type Comparison, measure } from "../compare.js";
import { Group } from "../group.js";
import type { Shape } from "../job.js";
import { fittedExponent, median } from "../statistics.js";
import { modelJob } from "./model-job.js";

/** How a step's time grows with one size: time ≈ c · sizeᵉ. */
export interface Growth {
  readonly size: string;
  /** Of each side. */
  readonly exponents: Readonly<Record<string, number>>;
  /** [size, seconds] */
  readonly points: Readonly<Record<string, readonly (readonly [number, number])[]>>;
}

/** `rows` of data, but at least one batch. */
interface Point {
  readonly layers: number;
  readonly hiddenSize: number;
  readonly batch: number;
  readonly length: number;
  readonly rows: number;
}

/** One size is varied, the others stay. */
const BASE: Point = { layers: 4, hiddenSize: 256, batch: 32, length: 32, rows: 0 };
const AXES: Readonly<Record<keyof Point, readonly number[]>> = {
  batch: [8, 16, 32, 64],
  length: [16, 32, 64, 128],
  layers: [2, 4, 8, 12],
  hiddenSize: [128, 256, 384, 512],
  rows: [64, 128, 256, 512],
};
const SMALL = { layers: 2, hiddenSize: 128 };
const QUICK: Partial<Record<keyof Point, readonly number[]>> = { batch: [8, 16, 32], length: [16, 32, 64] };

/** Times of training steps (of epochs, for rows of data) as one size grows. Hugging Face's classes are left out. */
export async function measureGrowth(
  { sides, rounds, threads, log }: CompareOptions,
  quick: boolean,
): Promise<Growth[]> {
  const results: Growth[] = [];
  const axes = Object.entries(quick ? QUICK : AXES) as [keyof Point, readonly number[]][];
  const group = new Group(
    sides.filter(({ name }) => name !== "hf"),
    log,
  );
  try {
    for (const [size, values] of axes) {
      const points: Record<string, [number, number][]> = {};
      for (const value of values) {
        const point = { ...BASE, ...(quick ? SMALL : {}), [size]: value };
        for (const [side, seconds] of await secondsOf(point, group, rounds, threads))
          points[side] = [...(points[side] ?? []), [value, seconds]];
      }
      const exponents = Object.fromEntries(
        Object.entries(points).map(([side, found]) => [side, fittedExponent(found)]),
      );
      const shown = Object.entries(exponents).map(([side, exponent]) => `${side} ${exponent.toFixed(2)}`);
      log(`growth with ${size}: ${shown.join(", ")}`);
      results.push({ size, exponents, points });
    }
    return results;
  } finally {
    group.stop();
  }
}

/** Median time of a pass over a point's rows, by side. */
async function secondsOf(
  point: Point,
  group: Group,
  rounds: number,
  threads: number,
): Promise<[string, number][]> {
  const comparison = comparisonOf(point);
  const { job, lengths } = comparison;
  await group.each((side) => side.ask({ do: "prepare", job, threads }));
  const measured = await measure(comparison, group, rounds);
  const rows = lengths(0).length;
  return Object.keys(measured.at(-1)!).map((side) => [
    side,
    median(measured.map((answers) => (answers[side]!.seconds * rows) / answers[side]!.texts)),
  ]);
}

function comparisonOf({ layers, hiddenSize, batch, length, rows }: Point): Comparison {
  const shape: Shape = { layers, hiddenSize, heads: hiddenSize / 64, vocabSize: 4096 };
  const texts = Math.max(rows, batch);
  return {
    workload: "growth",
    name: `L${layers} H${hiddenSize}, ${texts} texts in batches of ${batch} × ${length}`,
    job: modelJob(shape, length, { batchSize: batch }),
    lengths: () => new Array<number>(texts).fill(length),
  };
}
