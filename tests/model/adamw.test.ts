import { expect, test } from "vitest";
import { random } from "../../src/base/random.js";
import { type AdamwSettings, type AdamwState, adamw } from "../../src/model/adamw.js";

const settings: AdamwSettings = {
  gradientScale: 0.25,
  learningRate: 1e-3,
  weightDecay: 0.01,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  step: 1,
};

test("ten steps agree with the textbook formula in float64", () => {
  const stream = random(1);
  const length = 50;
  const normals = (scale: number) => Float32Array.from({ length }, () => scale * stream.normal());
  let state = zeroMoments(normals(0.05));
  const exact = { p: [...state.weights], m: new Array(length).fill(0), v: new Array(length).fill(0) };
  for (let t = 1; t <= 10; t++) {
    const gradients = normals(10 ** -t);
    state = adamw(state, gradients, { ...settings, step: t });
    for (let i = 0; i < length; i++) {
      const g = 0.25 * gradients[i]!;
      exact.p[i] = exact.p[i]! * (1 - 1e-3 * 0.01);
      exact.m[i] = 0.9 * exact.m[i] + 0.1 * g;
      exact.v[i] = 0.999 * exact.v[i] + 0.001 * g * g;
      const corrected = { m: exact.m[i] / (1 - 0.9 ** t), v: exact.v[i] / (1 - 0.999 ** t) };
      exact.p[i] = exact.p[i]! - (1e-3 * corrected.m) / (Math.sqrt(corrected.v) + 1e-8);
      expect(Math.abs(state.weights[i]! - exact.p[i]!)).toBeLessThan(3e-8);
    }
  }
});

test("the first step moves a weight by the learning rate against the gradient's sign", () => {
  const state = zeroMoments(Float32Array.of(1, 1, 1));
  const { weights } = adamw(state, Float32Array.of(5, -0.001, 0), { ...settings, weightDecay: 0 });
  expect([...weights].map((p) => Number(p.toFixed(6)))).toEqual([0.999, 1.001, 1]);
});

test("epsilon is added after the bias correction, as in PyTorch", () => {
  const state = zeroMoments(Float32Array.of(0));
  const { weights } = adamw(state, Float32Array.of(4), { ...settings, epsilon: 1, learningRate: 1 });
  // g = 1, so m and v are 1 after correction: -1 / (1 + 1).
  expect(weights[0]).toBeCloseTo(-0.5, 6);
});

test("a zero state stays zero, and the input stays as it is", () => {
  const state = zeroMoments(new Float32Array(4));
  const gradients = Float32Array.of(0, 0, 0, 1);
  const after = adamw(state, gradients, settings);
  expect([...after.weights.slice(0, 3), ...after.m.slice(0, 3), ...after.v.slice(0, 3)]).toEqual(
    Array(9).fill(0),
  );
  expect(after.weights[3]).not.toBe(0);
  expect(state).toEqual(zeroMoments(new Float32Array(4)));
});

test("moments that no gradient feeds end at zero, not among the denormals", () => {
  let state: AdamwState = {
    weights: Float32Array.of(1),
    m: Float32Array.of(-1e-36),
    v: Float32Array.of(1e-37),
  };
  for (let step = 1000; step < 5000; step++) state = adamw(state, Float32Array.of(0), { ...settings, step });
  expect([state.m[0], state.v[0]]).toEqual([0, 0]);
});

test("a gradient that is not a number shows in weight and moments", () => {
  const { weights, m, v } = adamw(zeroMoments(Float32Array.of(1)), Float32Array.of(Number.NaN), settings);
  expect([weights[0], m[0], v[0]]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
});

function zeroMoments(weights: Float32Array): AdamwState {
  return { weights, m: new Float32Array(weights.length), v: new Float32Array(weights.length) };
}
