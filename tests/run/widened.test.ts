import { expect, test } from "vitest";
import { resized, sizeOf } from "../../src/base/tensor.js";
import { createClassifier } from "../../src/model/classifier.js";
import { activations } from "../../src/model/layers.js";
import { widened } from "../../src/model/widened.js";
import { largestDifference } from "../support/families.js";
import {
  openTiny,
  readAll,
  tinyBatch,
  tinyConfig,
  tinyRows,
  tinySpec,
  weightOf,
} from "../support/tiny-model.js";

const SLOW = 1024;
/** Sixteen units fewer, which no product is slow with. */
const PLAIN = SLOW - 16;
const specOf = (intermediateSize: number, activation = tinyConfig.activation) => ({
  config: { ...tinyConfig, intermediateSize, activation },
});
const parametersOf = (intermediateSize: number) =>
  createClassifier({ ...tinySpec, ...specOf(intermediateSize) }).parameters;
const shapesOf = (intermediateSize: number) =>
  new Map(parametersOf(intermediateSize).map(({ name, shape }) => [name, shape]));

test("only what reaches into a feed-forward part of a multiple of 1024 is stored wider", () => {
  const wider = parametersOf(SLOW).filter((spec) => sizeOf(widened(spec)) > sizeOf(spec.shape));
  expect(wider.map((spec) => [spec.name.split(".").slice(4).join("."), spec.shape, widened(spec)])).toEqual(
    [0, 1].flatMap(() => [
      ["intermediate.dense.weight", [SLOW, 32], [SLOW + 16, 32]],
      ["intermediate.dense.bias", [SLOW], [SLOW + 16]],
      ["output.dense.weight", [32, SLOW], [32, SLOW + 16]],
    ]),
  );
  for (const spec of parametersOf(PLAIN)) expect(widened(spec)).toEqual(spec.shape);
});

test("what was stored wider is the same matrix again", () => {
  const matrix = Float32Array.from({ length: 6 }, (_, i) => i + 1);
  expect([...resized(matrix, [2, 3], [2, 5])]).toEqual([1, 2, 3, 0, 0, 4, 5, 6, 0, 0]);
  expect([...resized(matrix, [2, 3], [3, 3])]).toEqual([1, 2, 3, 4, 5, 6, 0, 0, 0]);
  expect(resized(resized(matrix, [2, 3], [2, 5]), [2, 5], [2, 3])).toEqual(matrix);
  expect(resized(resized(matrix, [6], [9]), [9], [6])).toEqual(matrix);
});

/**
 * A model of 1024 inner units of which 16 are dead (all their weights are zero) is one of 1008 units: the first is
 * stored with 1040, the second as it is.
 */
test.each(activations)("a model trains as one without the units that are zero: %s", async (activation) => {
  const training = { weightDecay: 0.1, maxGradientNorm: 0.5 };
  const plain = await openTiny({ classifier: specOf(PLAIN, activation), training });
  const wide = await openTiny({ classifier: specOf(SLOW, activation), training });
  const shapes = { plain: shapesOf(PLAIN), wide: shapesOf(SLOW) };
  for (const [name, values] of await readAll(plain, specOf(PLAIN)))
    await wide.write(name, resized(values, shapes.plain.get(name)!, shapes.wide.get(name)!));

  const batch = tinyBatch(tinyRows(8), { length: 32 });
  for (let step = 1; step <= 4; step++) {
    const steps = { batches: [batch], denominator: weightOf([batch]), step, learningRate: 1e-2 };
    const [expected, found] = [await plain.train(steps), await wide.train(steps)];
    expect(Math.abs(found.loss / expected.loss - 1)).toBeLessThan(1e-5);
    expect(Math.abs(found.gradientNorm / expected.gradientNorm - 1)).toBeLessThan(1e-4);
  }
  const after = await readAll(wide, specOf(SLOW));
  for (const [name, values] of await readAll(plain, specOf(PLAIN))) {
    const cut = resized(after.get(name)!, shapes.wide.get(name)!, shapes.plain.get(name)!);
    expect(largestDifference(cut, values), name).toBeLessThan(1e-5);
  }
  const up = after.get("bert.encoder.layer.0.intermediate.dense.weight")!;
  expect(up.subarray(PLAIN * 32).every((value) => value === 0)).toBe(true);
  await plain.close();
  await wide.close();
});
