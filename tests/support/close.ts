import { expect } from "vitest";
import { largest } from "./array64.js";

/**
 * Each element agrees up to `relative` times its size, or times `floor` of the largest element where it is smaller
 * than that; `floor` 1 measures all by the largest. Zeros agree with zeros alone.
 */
export function expectClose(
  actual: ArrayLike<number>,
  expected: Float64Array,
  relative: number,
  { floor = 1, label = "" } = {},
): void {
  expect(actual.length, label).toBe(expected.length);
  const least = floor * largest(expected);
  const wrong = [...expected].flatMap((wanted, i) => {
    const difference = Math.abs(actual[i]! - wanted);
    // Written so that NaN is wrong too.
    if (difference <= relative * Math.max(Math.abs(wanted), least)) return [];
    return [`element ${i}: ${actual[i]} instead of ${wanted}`];
  });
  expect(wrong, label).toEqual([]);
}
