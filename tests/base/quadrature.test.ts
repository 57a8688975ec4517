import { expect, test } from "vitest";
import { gaussLegendre } from "../../src/base/quadrature.js";

test("two and three points are those of the textbooks", () => {
  // https://dlmf.nist.gov/3.5#T1, moved from [-1, 1] to [0, 1]
  const two = gaussLegendre(2);
  expect(two.points[0]).toBeCloseTo((1 - 1 / Math.sqrt(3)) / 2, 14);
  expect(two.points[1]).toBeCloseTo((1 + 1 / Math.sqrt(3)) / 2, 14);
  expect(two.weights[0]).toBeCloseTo(0.5, 14);
  const three = gaussLegendre(3);
  expect(three.points[0]).toBeCloseTo((1 - Math.sqrt(3 / 5)) / 2, 14);
  expect(three.points[1]).toBeCloseTo(0.5, 14);
  expect(three.weights[0]).toBeCloseTo(5 / 18, 14);
  expect(three.weights[1]).toBeCloseTo(8 / 18, 14);
});

test.each([1, 4, 32, 128, 512])("%d points give the mean of every power that they should", (count) => {
  const { points, weights } = gaussLegendre(count);
  expect(points).toEqual([...points].sort((a, b) => a - b));
  expect(points[0]).toBeGreaterThan(0);
  expect(points.at(-1)).toBeLessThan(1);
  for (const power of new Set([0, 1, count, 2 * count - 1])) {
    const mean = points.reduce((sum, x, i) => sum + weights[i]! * x ** power, 0);
    expect(mean).toBeCloseTo(1 / (power + 1), 13);
  }
});

test("a steep function converges to its integral", () => {
  const { points, weights } = gaussLegendre(24);
  const mean = points.reduce((sum, x, i) => sum + weights[i]! * Math.exp(5 * x), 0);
  expect(mean).toBeCloseTo((Math.exp(5) - 1) / 5, 11);
});
