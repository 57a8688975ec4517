import { expect, test } from "vitest";
import { TextgraftError } from "../../src/base/errors.js";
import type { DType } from "../../src/base/tensor.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import type { Shape } from "../../src/graph/dims.js";
import type { Value } from "../../src/graph/graph.js";

type Build = (g: GraphBuilder, input: (shape: Shape, dtype?: DType) => Value) => Value;

test.each<[string, Build]>([
  ["Add got float32[4, 3] and float32[4]", (g, x) => g.add(x([4, 3]), x([4]))],
  ["Mul got float32[batch] and float32[sequence]", (g, x) => g.mul(x(["batch"]), x(["sequence"]))],
  ["Sub got float32[2] and int32[2]", (g, x) => g.sub(x([2]), x([2], "int32"))],
  ["ReduceSum got float32[2]", (g, x) => g.reduceSum(x([2]), [1])],
  [
    "LayerNormalization got float32[2, 3] and float32[2] and float32[3]",
    (g, x) => g.layerNorm(x([2, 3]), x([2]), x([3]), 1e-5),
  ],
  ["Reshape got float32[batch, 6]", (g, x) => g.reshape(x(["batch", 6]), ["batch", 2, 2])],
  ["Transpose got float32[2, 3]", (g, x) => g.transpose(x([2, 3]), [0, 0])],
  ["Expand got float32[2, 3]", (g, x) => g.expand(x([2, 3]), [4, 3])],
  ["Expand got float32[3]", (g, x) => g.expand(x([3]), [4, 3])],
  ["Slice got float32[5]", (g, x) => g.slice(x([5]), 0, 3, 3)],
  ["Slice got float32[5]", (g, x) => g.slice(x([5]), 0, 1, 5)],
  ["Unslice got float32[3]", (g, x) => g.unslice(x([3]), 0, 3, 5)],
  ["Gather got float32[5, 2] and float32[3]", (g, x) => g.gather(x([5, 2]), x([3]))],
  ["Gather got float32[5, 2] and uint8[3]", (g, x) => g.gather(x([5, 2]), x([3], "uint8"))],
  ["Gather got float32[5] and int32[3]", (g, x) => g.gather(x([5]), x([3], "int32"))],
  ["ScatterRows got float32[4, 2] and int64[3]", (g, x) => g.scatterRows(x([4, 2]), x([3], "int64"), 5)],
  ["MatMul got float32[4, 3] and float32[4, 3]", (g, x) => g.matmul(x([4, 3]), x([4, 3]))],
  ["MatMul got float32[2, 4, 3] and float32[3, 3, 4]", (g, x) => g.matmul(x([2, 4, 3]), x([3, 3, 4]))],
  ["MatMul got float32[4, 3] and float32[3]", (g, x) => g.matmul(x([4, 3]), x([3]))],
  ["ByDistance got float32[2, 3, 5]", (g, x) => g.byDistance(x([2, 3, 5]))],
  ["ByDistance got float32[6]", (g, x) => g.byDistance(x([6]))],
  ["ToDistance got float32[3, 6]", (g, x) => g.toDistance(x([3, 6]))],
  [
    "Linear got float32[4, 3] and float32[2, 5] and float32[2]",
    (g, x) => g.linear(x([4, 3]), x([2, 5]), x([2])),
  ],
  [
    "Linear got float32[4, 3] and float32[2, 3] and float32[2, 1]",
    (g, x) => g.linear(x([4, 3]), x([2, 3]), x([2, 1])),
  ],
])("what doesn't fit is an error at once: %s", (message, build) => {
  const g = new GraphBuilder();
  const input = (shape: Shape, dtype: DType = "float32") => g.input(`x${g.nodes.length}`, dtype, shape);
  const attempt = () => build(g, input);
  expect(attempt).toThrow(TextgraftError);
  expect(attempt).toThrow(`${message}; it needs`);
});

test("what changes nothing adds no node", () => {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", ["batch", 3]);
  const same = [
    g.cast(x, "float32"),
    g.reduceSum(x, []),
    g.reshape(x, ["batch", 3]),
    g.expand(x, ["batch", 3]),
    g.slice(x, 1, 0, 3),
    g.rows(x),
  ];
  expect(same.every((value) => value === x)).toBe(true);
  expect(g.nodes.length).toBe(1);
});

test("places nest, and end where an error leaves them", () => {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [2]);
  const inner = g.within("encoder", () => g.within("layer.0", () => g.exp(x)));
  expect(() => g.within("encoder", () => g.reshape(x, [3]))).toThrow(TextgraftError);
  expect([inner.node.name, g.exp(x).node.name]).toEqual(["encoder.layer.0", ""]);
});

test("two inputs of one name are an error", () => {
  const g = new GraphBuilder();
  g.input("x", "float32", [2]);
  expect(() => g.input("x", "float32", [3])).toThrow("two inputs named x");
});
