import type { Value } from "../../src/graph/graph.js";
import { evaluate, type Feeds } from "./evaluate.js";

/**
 * The gradient of a loss of one element with respect to one input, by central differences of fourth order:
 * f'(x) ≈ (8·(f(x+h) - f(x-h)) - (f(x+2h) - f(x-2h))) / 12h. https://doi.org/10.1090/S0025-5718-1988-0935077-0
 */
export function finiteDifferences(loss: Value, name: string, feeds: Feeds): Float64Array {
  const { shape, data } = feeds[name]!;
  return data.map((_, i) => {
    const lossAt = (offset: number): number => {
      const moved = { shape, data: data.with(i, data[i]! + offset * STEP) };
      return evaluate([loss], { ...feeds, [name]: moved })[0]![0]!;
    };
    return (8 * (lossAt(1) - lossAt(-1)) - (lossAt(2) - lossAt(-2))) / (12 * STEP);
  });
}

const STEP = 1e-3;
