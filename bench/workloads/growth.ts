import { type CompareOptions, compare } from "../compare.js";
import type { Shape } from "../job.js";
import { fittedExponent } from "../statistics.js";
import { modelJob } from "./model-job.js";

/** How a step's time grows with one size: time ≈ c · sizeᵉ. */
export interface Growth {
  readonly size: string;
  /** Of each side. */
  readonly exponents: Readonly<Record<string, number>>;
  /** [size, seconds] */
  readonly points: Readonly<Record<string, readonly (readonly [number, number])[]>>;
}

interface Point {
  readonly layers: number;
  readonly hiddenSize: number;
  readonly batch: number;
  readonly length: number;
  readonly rows: number;
}

/** One size is varied, the others stay. */
const BASE: Point = { layers: 4, hiddenSize: 256, batch: 32, length: 32, rows: 32 };
const AXES: Readonly<Record<keyof Point, readonly number[]>> = {
  batch: [8, 16, 32, 64],
  length: [16, 32, 64, 128],
  layers: [2, 4, 8, 12],
  hiddenSize: [128, 256, 384, 512],
  rows: [64, 128, 256, 512],
};
const QUICK: Partial<Record<keyof Point, readonly number[]>> = { batch: [8, 16, 32], length: [16, 32, 64] };

/** Times of training steps (of epochs, for rows of data) as one size grows. */
export async function measureGrowth(options: CompareOptions, quick: boolean): Promise<Growth[]> {
  const results: Growth[] = [];
  const axes = Object.entries(quick ? QUICK : AXES) as [keyof Point, readonly number[]][];
  for (const [size, values] of axes) {
    const points: Record<string, [number, number][]> = {};
    for (const value of values) {
      const point = { ...BASE, ...(quick ? { layers: 2, hiddenSize: 128 } : {}), [size]: value };
      const rows = size === "rows" ? value : point.batch;
      const { sides } = await compare(comparisonOf(point, rows), options);
      for (const [name, { textsPerSecond }] of Object.entries(sides))
        points[name] = [...(points[name] ?? []), [value, rows / textsPerSecond]];
    }
    const exponents = Object.fromEntries(
      Object.entries(points).map(([name, found]) => [name, fittedExponent(found)]),
    );
    const shown = Object.entries(exponents).map(([name, exponent]) => `${name} ${exponent.toFixed(2)}`);
    options.log(`growth with ${size}: ${shown.join(", ")}`);
    results.push({ size, exponents, points });
  }
  return results;
}

function comparisonOf({ layers, hiddenSize, batch, length }: Point, rows: number) {
  const shape: Shape = { layers, hiddenSize, heads: hiddenSize / 64, vocabSize: 4096 };
  return {
    workload: "growth",
    name: `L${layers} H${hiddenSize}, ${rows} texts in batches of ${batch} × ${length}`,
    job: modelJob(shape, [length], { batchSize: batch }),
    lengths: () => new Array<number>(rows).fill(length),
  };
}
