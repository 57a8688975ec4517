import { expect, test } from "vitest";
import { random } from "../../src/base/random.js";
import { compile } from "../../src/graph/onnx.js";
import { type AdamwSettings, adamw, adamwScalars } from "../../src/model/adamw.js";
import { adamwGraph, PIECE, squaresGraph, sumGraph } from "../../src/model/adamw-graph.js";
import { array64 } from "../support/array64.js";
import { runOnce } from "../support/session.js";

const draw = random(3);
const normals = (length: number, scale = 1): Float32Array =>
  Float32Array.from({ length }, () => scale * draw.normal());
const vector = (values: Float32Array) => array64([values.length], [...values]);

test.each([1, 7, 1000])("the graph does the step of adamw, bit for bit: step %d", async (step) => {
  const settings: AdamwSettings = {
    gradientScale: 0.3,
    learningRate: 1e-3,
    weightDecay: 0.01,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    step,
  };
  const state = { weights: normals(100), m: normals(100, 1e-3), v: normals(100, 1e-6).map(Math.abs) };
  const gradients = normals(100, 1e-2);
  const scalars = Object.entries(adamwScalars(settings)).map(([name, value]) => [name, array64([], [value])]);
  const found = await runOnce(compile(adamwGraph().outputs, { target: "webgpu" }), {
    ...Object.fromEntries(scalars),
    weights: vector(state.weights),
    gradients: vector(gradients),
    m: vector(state.m),
    v: vector(state.v),
  });
  const wanted = adamw(state, gradients, settings);
  for (const region of ["weights", "m", "v"] as const)
    expect(Float32Array.from(found[`${region}.new`]!.data), region).toEqual(wanted[region]);
});

test("squares are summed piece by piece, and gradients of micro-batches added", async () => {
  const [a, b] = [normals(3 * PIECE), normals(3 * PIECE)];
  const { squares } = await runOnce(compile(squaresGraph().outputs, { target: "webgpu" }), {
    gradients: vector(a),
  });
  expect(squares!.shape).toEqual([3, 1]);
  for (const [piece, found] of [...squares!.data].entries()) {
    const wanted = a.subarray(piece * PIECE, (piece + 1) * PIECE).reduce((sum, x) => sum + x * x, 0);
    expect(Math.abs(found / wanted - 1)).toBeLessThan(1e-6);
  }
  const { sum } = await runOnce(compile(sumGraph().outputs, { target: "webgpu" }), {
    a: vector(a),
    b: vector(b),
  });
  expect(Float32Array.from(sum!.data)).toEqual(a.map((x, i) => x + b[i]!));
});
