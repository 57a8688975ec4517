import { expect, test } from "vitest";
import { random, shuffled } from "../../src/base/random.js";
import { copyProbabilities } from "../../src/data/expected-copies.js";

/** Share of the test rows with a copy among the first `trainRows` of all orders of the rows. */
function byAllOrders(groups: readonly number[], trainRows: number, testRows: number): number {
  const orders = (rows: number[]): number[][] =>
    rows.length < 2
      ? [rows]
      : rows.flatMap((row) => orders(rows.filter((other) => other !== row)).map((o) => [row, ...o]));
  let [copies, all] = [0, 0];
  for (const order of orders(groups.map((_, row) => row))) {
    const train = new Set(order.slice(0, trainRows).map((row) => groups[row]));
    for (const row of order.slice(groups.length - testRows)) {
      all++;
      if (train.has(groups[row])) copies++;
    }
  }
  return copies / all;
}

test.each([
  [[0, 0, 1, 2, 2, 2, 3], 4, 2],
  [[0, 1, 2, 3, 4, 5], 3, 1],
  [[0, 0, 0, 0, 0, 1], 5, 1],
  [[0, 0, 0, 1, 1, 2], 2, 3],
])("the mean over the rows is the share in all splits of %j", (groups, trainRows, testRows) => {
  const probabilities = copyProbabilities(Uint32Array.from(groups), trainRows);
  const mean = probabilities.reduce((a, b) => a + b) / groups.length;
  expect(mean).toBeCloseTo(byAllOrders(groups, trainRows, testRows), 12);
});

test("in many rows it is what drawing shows", () => {
  const groups = Array.from({ length: 1000 }, (_, row) => (row < 200 ? Math.floor(row / 4) : row));
  const mean = copyProbabilities(Uint32Array.from(groups), 700).reduce((a, b) => a + b) / 1000;
  let drawn = 0;
  for (let seed = 0; seed < 100; seed++) {
    const order = shuffled([...groups.keys()], random(seed));
    const train = new Set(order.slice(0, 700).map((row) => groups[row]));
    drawn += order.slice(850).filter((row) => train.has(groups[row])).length / 150 / 100;
  }
  expect(Math.abs(mean - drawn)).toBeLessThan(0.01); // standard error 0.003
});
