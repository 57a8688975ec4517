import { describe, expect, test } from "vitest";
import { float32, type Tensor } from "../../src/base/tensor.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { gradients } from "../../src/graph/gradients.js";
import type { Value } from "../../src/graph/graph.js";
import { compile } from "../../src/graph/onnx.js";
import { printGraph } from "../../src/graph/print.js";
import { expectClose } from "../support/close.js";
import { evaluate } from "../support/evaluate.js";
import { openRoundingSession } from "../support/float16-session.js";
import { elements } from "../support/session.js";
import { type Case, cases, normal, sample, total } from "./cases.js";

/**
 * A float16 has 11 digits, so that rounding errs by 2^-11 at most. The longest chain of roundings is that of GELU's
 * gradient: twelve. Both sides round, at other places where ONNX has no operator for an op, and products on one side
 * after each of at most 5 terms.
 */
const LIMIT = 12 * 2 ** -11;

const inHalf = (entry: Case): Case => ({
  ...entry,
  inputs: entry.inputs.map((source) =>
    source.dtype === "float32" ? { ...source, dtype: "float16" as const } : source,
  ),
});

// LayerNormalization is float32 alone, and so are the constants of these cases; WebGPU has no 64-bit integers.
const half = cases
  .filter(({ op, inputs }) => op !== "LayerNormalization" && inputs.every(({ dtype }) => dtype !== "int64"))
  .filter(({ op, name }) => !(op === "Constant" && name !== "number"))
  .map(inHalf);

const casts: Case[] = [
  {
    op: "Cast",
    name: "float32 to float16 and back",
    inputs: [normal(2, 3)],
    build: (g, x) => g.cast(g.cast(x!, "float16"), "float32"),
  },
  {
    op: "Cast",
    name: "a product in float16 among float32",
    inputs: [normal(3, 4), normal(4, 2)],
    build: (g, a, b) => g.cast(g.matmul(g.cast(a!, "float16"), g.cast(b!, "float16")), "float32"),
  },
];

/** What ONNX Runtime and float64 make of a case's result and gradients. */
async function both(entry: Case) {
  const { g, y, loss, targets, feeds } = sample(entry);
  const outputs: Record<string, Value> = { y: g.cast(y, "float32") };
  for (const [i, gradient] of gradients(g, loss, targets).entries())
    if (gradient) outputs[`dx${i}`] = g.cast(gradient, "float32");
  const compiled = compile(outputs, { target: "webgpu" });
  const session = await openRoundingSession(compiled, Object.keys(outputs));
  const tensors = Object.entries(compiled.inputs).map(([name, { dtype }]) => {
    const { shape, data } = feeds[name]!;
    return [name, { dtype, shape, data: elements[dtype](data) } as Tensor] as const;
  });
  const { host } = await session.run(Object.fromEntries(tensors));
  await session.dispose();
  return { names: Object.keys(outputs), host, expected: evaluate(Object.values(outputs), feeds) };
}

describe("in float16, with each result rounded, ONNX Runtime agrees with float64", () => {
  test.each([...half, ...casts].map((entry) => [entry.op, entry.name, entry] as const))(
    "in %s, %s, and its gradient",
    async (_op, _name, entry) => {
      const { names, host, expected } = await both(entry);
      for (const [i, name] of names.entries())
        expectClose(host[name]!.data as Float32Array, expected[i]!, LIMIT, { label: name });
    },
  );
});

test("a gradient passes a cast in the type of what was cast, and stops at integers", () => {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [3]);
  const y = g.mul(g.cast(x, "float16"), 3);
  const loss = total(g, g.cast(y, "float32"));
  const whole = total(g, g.cast(g.cast(x, "int32"), "float32"));
  const [dx] = gradients(g, loss, [x]);
  expect(dx).toMatchObject({ dtype: "float32", shape: [3] });
  expect(gradients(g, whole, [x])).toEqual([null]);
  expect([...evaluate([dx!], { x: { shape: [3], data: Float64Array.of(1, 2, 3) } })[0]!]).toEqual([3, 3, 3]);
});

describe("mixed precision", () => {
  /** Attention in small: products, a bias that float16 can't hold, softmax, GELU, norm, loss. */
  function graph(precision: "float32" | "float16") {
    const g = new GraphBuilder(precision);
    const x = g.input("x", "float32", [4, 8]);
    const w = g.input("w", "float32", [8, 8]);
    const b = g.input("b", "float32", [8]);
    const bias = g.mul(g.sub(g.cast(g.input("mask", "int32", [1, 4]), "float32"), 1), 1e9);
    const linear = g.linear(x, w, b);
    const stored = g.linear(x, g.transpose(w, [1, 0]), b);
    const weights = g.softmax(g.add(g.matmul(linear, stored, { transB: true, scale: 0.25 }), bias));
    const mixed = g.gelu(g.matmul(weights, linear));
    const normed = g.layerNorm(g.add(mixed, x), b, b, 1e-5);
    const loss = total(g, g.logSoftmax(normed));
    return { g, linear, stored, weights, mixed, normed, loss, targets: [x, w, b] };
  }

  test("products are float16; softmax, norms, sums and what is added to float32 are float32", () => {
    const { g, linear, stored, weights, mixed, normed, loss, targets } = graph("float16");
    expect([linear, stored, mixed].map(({ dtype }) => dtype)).toEqual(["float16", "float16", "float16"]);
    expect([weights, normed, loss].map(({ dtype }) => dtype)).toEqual(["float32", "float32", "float32"]);
    expect(gradients(g, loss, targets).map((value) => value?.dtype)).toEqual([
      "float32",
      "float32",
      "float32",
    ]);
    for (const { op, outputs } of g.nodes) {
      if (op.name === "MatMul" || op.name === "Linear") expect(outputs[0]!.dtype, op.name).toBe("float16");
      if (["ReduceSum", "Softmax", "LogSoftmax", "LayerNormalization"].includes(op.name))
        for (const { dtype } of outputs) expect(dtype, op.name).toBe("float32");
    }
    // 1e9 and other large numbers are never constants of float16.
    expect(printGraph(g.nodes)).not.toContain("Infinity");
  });

  test.each([
    ["softmax", (g, x) => g.softmax(x)],
    ["logSoftmax", (g, x) => g.logSoftmax(x)],
    ["softplus", (g, x) => g.softplus(x)],
    ["log", (g, x) => g.log(x)],
    ["a sum", (g, x) => g.reduceSum(x, [1])],
    ["a norm", (g, x) => g.layerNorm(x, x, x, 1e-5)],
    ["rows added up", (g, x) => g.scatterRows(x, g.input("rows", "int32", [1]), 3)],
  ] satisfies [string, (g: GraphBuilder, x: Value) => Value][])("%s of float16 is float32", (name, build) => {
    const g = new GraphBuilder("float16");
    const x = g.matmul(g.input("a", "float32", [1, 2]), g.input("b", "float32", [2, 4]));
    expect(x.dtype).toBe("float16");
    expect(build(g, name === "a norm" ? g.reshape(x, [4]) : x).dtype).toBe("float32");
  });

  test("a value is cast once, and float32 has no casts at all", () => {
    const { g, loss, targets } = graph("float16");
    gradients(g, loss, targets);
    const ofInputs = g.nodes.filter(
      ({ op, inputs: [x] }) => op.name === "Cast" && x!.node.op.name === "Input",
    );
    const sources = ofInputs.map(({ inputs: [x] }) => x!.node.attributes.name);
    expect(sources.sort()).toEqual(["b", "mask", "w", "x"]);
    const plain = graph("float32");
    gradients(plain.g, plain.loss, plain.targets);
    expect(plain.g.nodes.filter(({ op }) => op.name === "Cast").length).toBe(1); // of the mask
  });
});

test("sessions of these tests round as a GPU does, sums included", async () => {
  const g = new GraphBuilder();
  const x = g.cast(g.input("x", "float32", [3]), "float16");
  const ones = g.cast(g.input("ones", "float32", [1, 4096]), "float16");
  const sum = g.cast(g.matmul(ones, ones, { transB: true }), "float32");
  const compiled = compile({ y: g.cast(g.mul(x, x), "float32"), sum }, { target: "webgpu" });
  const session = await openRoundingSession(compiled, ["y", "sum"]);
  const { host } = await session.run({
    x: float32([3], [300, 1 / 3, 1e-4]),
    ones: float32([1, 4096], new Float32Array(4096).fill(1)),
  });
  await session.dispose();
  expect([...host.y!.data]).toEqual([Number.POSITIVE_INFINITY, 0.111083984375, 0]);
  expect([...host.sum!.data]).toEqual([2048]); // beyond that float16 can't count
});
