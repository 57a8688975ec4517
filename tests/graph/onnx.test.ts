import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import { float32, int32 } from "../../src/base/tensor.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { gradients } from "../../src/graph/gradients.js";
import type { Value } from "../../src/graph/graph.js";
import { type CompiledGraph, compile, type Target } from "../../src/graph/onnx.js";
import { ModelProtoSchema } from "../../src/graph/onnx_pb.js";
import { array64 } from "../support/array64.js";
import { expectClose } from "../support/close.js";
import { evaluate, type Feeds } from "../support/evaluate.js";
import { runOnce, withSession } from "../support/session.js";
import { cases, draw, normal, sample, total } from "./cases.js";

const targets: readonly Target[] = ["cpu", "portable"];

test.each(targets)(
  "a sum of 300 products is right to its length's rounding errors, for %s",
  async (target) => {
    const g = new GraphBuilder();
    const [a, b] = [g.input("a", "float32", [2, 17, 300]), g.input("b", "float32", [2, 31, 300])];
    const y = g.matmul(a, b, { transB: true, scale: 0.125 });
    const feeds = { a: draw(normal(2, 17, 300), "a"), b: draw(normal(2, 31, 300), "b") };
    const { y: found } = await runOnce(compile({ y }, { target }), feeds);
    expectClose(found!.data, evaluate([y], feeds)[0]!, Math.sqrt(300) * 6e-8);
  },
);

test("a transposed left side of a wide product is turned first, and the product is the same", async () => {
  const g = new GraphBuilder();
  const [narrow, wide] = [g.input("narrow", "float32", [9, 40]), g.input("wide", "float32", [9, 800])];
  const y = g.matmul(narrow, wide, { transA: true, scale: 0.5 });
  const graph = compile({ y }, { target: "cpu" });
  expect(operators(graph)).toContain("Transpose");
  const feeds = { narrow: draw(normal(9, 40), "narrow"), wide: draw(normal(9, 800), "wide") };
  const { y: found } = await runOnce(graph, feeds);
  expectClose(found!.data, evaluate([y], feeds)[0]!, 3 * 6e-8);
  const swapped = compile({ y: g.matmul(wide, narrow, { transA: true }) }, { target: "cpu" });
  expect(operators(swapped)).not.toContain("Transpose");
});

test("a wide dense layer adds its bias in a pass of its own, to the same result", async () => {
  for (const [width, passes] of [
    [767, ["Gemm"]],
    [768, ["Gemm", "Add"]],
  ] as const) {
    const g = new GraphBuilder();
    const inputs = [g.input("x", "float32", [3, 5]), g.input("w", "float32", [width, 5])] as const;
    const y = g.linear(...inputs, g.input("b", "float32", [width]));
    const graph = compile({ y }, { target: "cpu" });
    expect(operators(graph)).toEqual(passes);
    const feeds = {
      x: draw(normal(3, 5), "x"),
      w: draw(normal(width, 5), "w"),
      b: draw(normal(width), "b"),
    };
    expectClose((await runOnce(graph, feeds)).y!.data, evaluate([y], feeds)[0]!, 3 * 6e-8);
  }
});

test("Gelu's fused form agrees with its composition and with the error function's", async () => {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [1601]);
  const composed = g.mul(g.mul(x, 0.5), g.add(g.erf(g.mul(x, Math.SQRT1_2)), 1));
  const outputs = { y: g.gelu(x), composed };
  const feeds = {
    x: array64(
      [1601],
      Array.from({ length: 1601 }, (_, i) => (i - 800) / 128),
    ),
  };
  const expected = evaluate([outputs.y], feeds)[0]!;

  const fused = compile(outputs, { target: "cpu" });
  const portable = compile(outputs, { target: "portable" });
  expect(operators(fused)).toContain("com.microsoft.Gelu");
  expect(operators(portable)).not.toContain("com.microsoft.Gelu");
  for (const graph of [fused, portable]) {
    const found = await runOnce(graph, feeds);
    expectClose(found.y!.data, expected, 1e-6, { floor: 0.1, label: "gelu" });
    expectClose(found.composed!.data, expected, 1e-6, { floor: 0.1, label: "composition" });
  }
});

test("a portable graph has standard operators only", () => {
  for (const entry of cases) {
    const { g, y, loss, targets } = sample(entry);
    const found = gradients(g, loss, targets).filter((value) => value !== null);
    const outputs = Object.fromEntries([y, ...found].map((value, i) => [`output${i}`, value]));
    const graph = compile(outputs, { target: "portable" });
    expect(operators(graph).filter((name) => name.includes("."))).toEqual([]);
    expect(modelOf(graph).opsetImport.map(({ domain }) => domain)).toEqual([""]);
  }
});

test("equal constants are stored once, others apart", async () => {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [2]);
  const constant = (shape: number[], data: number[]) => g.constant(float32(shape, data));
  const halves = g.add(g.add(g.mul(x, 0.5), constant([], [0.5])), constant([], [0.5]));
  const outputs = {
    halves,
    axis: g.mul(x, constant([1], [0.5])),
    up: g.div(x, constant([], [0])),
    down: g.div(x, constant([], [-0])),
    integers: g.constant(int32([1], [0])),
  };
  const graph = compile(outputs, { target: "cpu" });
  const stored = modelOf(graph).graph!.initializer.map(({ dims, dataType, rawData }) => {
    return `${dataType} [${dims}] ${new DataView(rawData!.buffer, rawData!.byteOffset).getInt32(0, true)}`;
  });
  expect(stored.length).toBe(5);
  expect(new Set(stored).size).toBe(5);

  const { up, down } = await runOnce(graph, { x: array64([2], [1, -1]) });
  expect([...up!.data, ...down!.data]).toEqual([1, -1, -1, 1].map((sign) => sign * Number.POSITIVE_INFINITY));
});

test("what the outputs don't need is not written", () => {
  const g = new GraphBuilder();
  const [x, weight] = [g.input("x", "float32", [2, 3]), g.input("weight", "float32", [4, 3])];
  const [bias, unused] = [g.input("bias", "float32", [4]), g.input("unused", "float32", [2, 4])];
  const loss = total(g, g.tanh(g.linear(x, weight, bias)));
  g.exp(unused);
  const [dbias] = gradients(g, loss, [bias]);
  const graph = compile({ dbias: dbias! }, { target: "cpu" });

  // One product forward, none backward: nothing flows to x and weight. The loss itself isn't needed either.
  expect(operators(graph)).toEqual(["Gemm", "Tanh", "Expand", "Mul", "Sub", "Mul", "ReduceSum", "Reshape"]);
  expect(Object.keys(graph.inputs)).toEqual(["x", "weight", "bias"]);
});

test.each(targets)("inputs, constants and one value twice can be outputs, for %s", async (target) => {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [2]);
  const y = g.mul(x, 2);
  const outputs = { copy: x, x, first: y, second: y, five: g.constant(float32([1], [5])) };
  const found = await runOnce(compile(outputs, { target }), { x: array64([2], [1, 3]) });
  const numbers = Object.fromEntries(Object.entries(found).map(([name, { data }]) => [name, [...data]]));
  expect(numbers).toEqual({ copy: [1, 3], x: [1, 3], first: [2, 6], second: [2, 6], five: [5] });
});

test("inputs and outputs may bear names like those that the writer makes up", async () => {
  const g = new GraphBuilder();
  const names = ["v0", "c0", "0", "v1"];
  const inputs = names.map((name) => g.input(name, "float32", [1]));
  const y = inputs.reduce((sum, value) => g.tanh(g.add(g.mul(sum, 0.5), value)));
  const feeds = Object.fromEntries(names.map((name, i) => [name, array64([1], [i + 1])]));
  const found = await runOnce(compile({ c1: y, v2: g.neg(y) }, { target: "portable" }), feeds);
  expectClose(found.c1!.data, evaluate([y], feeds)[0]!, 1e-6);
});

test("ONNX Runtime computes the gradient of a weight as soon as it can", async () => {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [8, 8]);
  const weights = ["a", "b", "c"].map((name) => g.input(name, "float32", [8, 8]));
  const y = weights.reduce((before, weight) => g.tanh(g.matmul(before, weight)), x);
  const found = gradients(g, g.reduceSum(y, [0, 1]), weights);
  const outputs = Object.fromEntries(found.map((value, i) => [`d${"abc"[i]}`, value!]));
  const graph = compile(outputs, { target: "cpu" });
  const folder = mkdtempSync(join(tmpdir(), "textgraft-order-"));
  const session = await InferenceSession.create(graph.bytes, {
    enableProfiling: true,
    profileFilePrefix: join(folder, "profile"),
  });
  const ones = new Tensor("float32", new Float32Array(64).fill(1), [8, 8]);
  await session.run({ x: ones, a: ones, b: ones, c: ones });
  session.endProfiling();
  const events: { name: string; ts: number }[] = JSON.parse(
    readFileSync(join(folder, readdirSync(folder)[0]!), "utf8"),
  );
  rmSync(folder, { recursive: true });
  const startOf = (output: string): number => {
    const node = modelOf(graph).graph!.node.find((node) => node.output.includes(output))!;
    return events.find(({ name }) => name === `${node.name}_kernel_time`)!.ts;
  };
  expect(startOf("dc")).toBeLessThan(startOf("db"));
  expect(startOf("db")).toBeLessThan(startOf("da"));
});

test("a training graph gives the same bits in each run and each session", async () => {
  const g = new GraphBuilder();
  const shapes = { x: [96, 200], first: [256, 200], bias: [256], second: [64, 256], zero: [64] };
  const values = Object.entries(shapes).map(([name, shape]) => g.input(name, "float32", shape));
  const [x, first, bias, second, zero] = values as [Value, Value, Value, Value, Value];
  const probabilities = g.softmax(g.linear(g.gelu(g.linear(x, first, bias)), second, zero));
  const found = gradients(g, total(g, g.mul(probabilities, probabilities)), [first, bias, second]);
  const outputs = Object.fromEntries(found.map((value, i) => [`gradient${i}`, value!]));
  const feeds = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, draw(normal(...shape), name)]),
  );

  const graph = compile(outputs, { target: "cpu" });
  const twice = (run: (feeds: Feeds) => Promise<Feeds>) => Promise.all([run(feeds), run(feeds)]);
  const [one, again] = await withSession(graph, twice, 2);
  const [other] = await withSession(graph, twice, 2);
  expect(again).toEqual(one);
  expect(other).toEqual(one);
  expect(Math.abs(one!.gradient0!.data[0]!)).toBeGreaterThan(0);
});

/** Domain and type of each operator, in order. */
const operators = (graph: CompiledGraph): string[] =>
  modelOf(graph).graph!.node.map(({ domain, opType }) => (domain ? `${domain}.${opType}` : opType!));

const modelOf = ({ bytes }: CompiledGraph) => fromBinary(ModelProtoSchema, bytes);
