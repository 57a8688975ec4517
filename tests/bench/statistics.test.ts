import { expect, test } from "vitest";
import { fittedExponent, median } from "../../bench/statistics.js";

test.each([
  [[3], 3],
  [[9, 1, 5], 5],
  [[4, 1, 100, 2], 3],
])("the median of %j is %d", (values, expected) => {
  expect(median(values)).toBe(expected);
});

test("a power law's exponent is found", () => {
  const points = [1, 3, 10, 40].map((x) => [x, 7 * x ** 1.5] as const);
  expect(fittedExponent(points)).toBeCloseTo(1.5, 12);
});

test("points beside the law give the slope of the least squares line", () => {
  // Logarithms to the base of 2: (0, 0), (1, 2), (2, 1); their line has the slope 1/2.
  expect(
    fittedExponent([
      [1, 1],
      [2, 4],
      [4, 2],
    ]),
  ).toBeCloseTo(0.5, 12);
});
