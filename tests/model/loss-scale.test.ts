import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { float16Bits, widened } from "../../src/base/float16.js";
import { type AdamwState, adamw } from "../../src/model/adamw.js";
import { firstLossScale, nextLossScale } from "../../src/model/loss-scale.js";

// What PyTorch's GradScaler did; the file names its version.
const expected = JSON.parse(readFileSync(new URL("loss-scale.json", import.meta.url), "utf8")) as {
  scales: { steps: number; overflows: number[]; after: [step: number, scale: number][] };
  adamw: {
    learning_rate: number;
    weight_decay: number;
    gradients: number[][];
    weights: number[];
    weights_after: number[][];
    scale: number;
  };
};

test("the scale is halved after an overflow and doubled after 2000 steps without one, as GradScaler does it", () => {
  const { steps, overflows, after } = expected.scales;
  const found: [number, number][] = [];
  let scale = firstLossScale;
  for (let step = 1; step <= steps; step++) {
    const before = scale.factor;
    scale = nextLossScale(scale, overflows.includes(step));
    if (scale.factor !== before) found.push([step, scale.factor]);
  }
  expect(found).toEqual(after);
});

test("the scale never leaves float32", () => {
  let scale = { factor: 2 ** 127, updates: 0 };
  for (let step = 0; step < 2000; step++) scale = nextLossScale(scale, false);
  expect(scale).toEqual({ factor: 2 ** 127, updates: 0 });
});

test("skipped steps change no weights and don't count for AdamW, as in PyTorch", () => {
  const { learning_rate, weight_decay, gradients, weights, weights_after, scale: last } = expected.adamw;
  const zeros = (): Float32Array => new Float32Array(weights.length);
  let state: AdamwState = { weights: Float32Array.from(weights), m: zeros(), v: zeros() };
  let scale = firstLossScale;
  let updates = 0;
  for (const [i, gradient] of gradients.entries()) {
    const { factor } = scale;
    const scaled = widened(Uint16Array.from(gradient, (x) => float16Bits(factor * x)));
    const overflow = !scaled.every(Number.isFinite);
    scale = nextLossScale(scale, overflow);
    if (!overflow) {
      const settings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, gradientScale: 1 / factor };
      state = adamw(state, scaled, {
        ...settings,
        learningRate: learning_rate,
        weightDecay: weight_decay,
        step: ++updates,
      });
    }
    for (const [j, wanted] of weights_after[i]!.entries())
      expect(Math.abs(state.weights[j]! - wanted), `step ${i}, weight ${j}`).toBeLessThan(1e-6);
  }
  expect(updates).toBe(3);
  expect(scale.factor).toBe(last);
});
