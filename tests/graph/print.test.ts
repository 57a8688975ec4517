import { expect, test } from "vitest";
import { float32, int32 } from "../../src/base/tensor.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { gradients } from "../../src/graph/gradients.js";
import { printGraph } from "../../src/graph/print.js";

test("a graph is printed one node a line, with its backward pass", () => {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", ["batch", 3]);
  const w = g.input("w", "float32", [2, 3]);
  const y = g.within("head", () => g.within("dense", () => g.matmul(x, w, { transB: true })));
  gradients(
    g,
    g.within("loss", () => g.reduceSum(g.mul(y, 0.5), [0, 1])),
    [w],
  );

  expect(printGraph(g.nodes)).toBe(
    `
%0 float32[batch, 3] = Input() {name: x, dtype: float32, shape: [batch, 3]} # forward
%1 float32[2, 3] = Input() {name: w, dtype: float32, shape: [2, 3]} # forward
%2 float32[batch, 2] = MatMul(%0, %1) {transA: false, transB: true, scale: 1} # head.dense forward
%3 float32[] = Constant() {value: float32[] 0.5} # loss forward
%4 float32[batch, 2] = Mul(%2, %3) # loss forward
%5 float32[1, 1] = ReduceSum(%4) {axes: [0, 1]} # loss forward
%6 float32[1, 1] = Constant() {value: float32[1, 1] 1} # loss backward
%7 float32[batch, 2] = Expand(%6) {shape: [batch, 2]} # loss backward
%8 float32[batch, 2] = Mul(%7, %3) # loss backward
%9 float32[batch, 2] = Mul(%7, %2) # loss backward
%10 float32[1, 1] = ReduceSum(%9) {axes: [0, 1]} # loss backward
%11 float32[] = Reshape(%10) {shape: []} # loss backward
%12 float32[batch, 3] = MatMul(%8, %1) {transA: false, transB: false, scale: 1} # head.dense backward
%13 float32[2, 3] = MatMul(%8, %0) {transA: true, transB: false, scale: 1} # head.dense backward
`.trim(),
  );
});

test("nodes with several outputs and long constants are printed in short", () => {
  const g = new GraphBuilder();
  const x = g.constant(float32([1, 6], [0, 1, 2, 3, 4, 5]));
  const [gamma, beta] = [g.constant(float32([6])), g.constant(float32([6]))];
  g.layerNorm(x, gamma, beta, 1e-12);
  g.constant(int32([2], [7, -7]));
  const lines = printGraph(g.nodes).split("\n");
  expect(lines[0]).toBe("%0 float32[1, 6] = Constant() {value: float32[1, 6] 0 1 2 3 …} # forward");
  expect(lines[3]).toBe(
    "%3 float32[1, 6], %4 float32[1, 1], %5 float32[1, 1] = LayerNormalization(%0, %1, %2) {epsilon: 1e-12} # forward",
  );
  expect(lines[4]).toBe("%6 int32[2] = Constant() {value: int32[2] 7 -7} # forward");
});
