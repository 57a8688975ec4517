import fc from "fast-check";
import { expect, test } from "vitest";
import { TextgraftError } from "../../src/base/errors.js";
import { sizeOf } from "../../src/base/tensor.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { gradients } from "../../src/graph/gradients.js";
import type { Value } from "../../src/graph/graph.js";
import { compile } from "../../src/graph/onnx.js";
import { array64, largest } from "../support/array64.js";
import { evaluate, type Feeds } from "../support/evaluate.js";
import { runOnce } from "../support/session.js";
import { draw, normal, total } from "./cases.js";

const SHAPES: Record<string, number[]> = { a: [2, 3, 4], b: [3, 4], c: [3, 1], d: [4, 2] };
const feeds: Feeds = Object.fromEntries(
  Object.entries(SHAPES).map(([name, shape]) => [name, draw(normal(...shape), name)]),
);

/** Smooth ops that keep magnitudes moderate, each as one step of a random graph. */
const steps: readonly ((g: GraphBuilder, x: Value, y: Value) => Value)[] = [
  (g, x, y) => g.add(x, y),
  (g, x, y) => g.sub(x, y),
  (g, x, y) => g.mul(x, y),
  (g, x, y) => g.div(x, g.add(g.mul(y, y), 1)),
  (g, x) => g.sub(1, x),
  (g, x) => g.neg(x),
  (g, x) => g.tanh(x),
  (g, x) => g.erf(x),
  (g, x) => g.sigmoid(x),
  (g, x) => g.softplus(x),
  (g, x) => g.gelu(x),
  (g, x) => g.softmax(x),
  (g, x) => g.logSoftmax(x),
  (g, x) => g.reduceSum(x, [0]),
  (g, x) => g.reduceSum(x, [x.shape.length - 1]),
  (g, x) => g.rows(x),
  (g, x) => g.reshape(x, [sizeOf(x.shape as number[])]),
  (g, x) => g.transpose(x, [...x.shape.keys()].reverse()),
  (g, x, y) => g.expand(x, y.shape),
  (g, x) => g.slice(x, 0, 0, 1),
  (g, x) => g.unslice(x, 0, 1, (x.shape[0] as number) + 2),
  (g, x, y) => g.matmul(x, y),
  (g, x, y) => g.matmul(x, y, { transA: true }),
  (g, x, y) => g.matmul(x, y, { transB: true, scale: 0.5 }),
];

/** Which step is applied to which two values so far (one of the last three, any); what doesn't fit is left out. */
const programs = fc.array(fc.tuple(fc.nat(steps.length - 1), fc.nat(99), fc.nat(99)), {
  minLength: 8,
  maxLength: 24,
});

test("random graphs and their gradients agree in ONNX Runtime and in float64", async () => {
  await fc.assert(
    fc.asyncProperty(
      programs,
      fc.constantFrom("cpu" as const, "portable" as const),
      async (program, target) => {
        const { g, outputs } = graphOf(program);
        const found = await runOnce(compile(outputs, { target }), feeds);
        const scale = magnitude(g);
        for (const [name, value] of Object.entries(outputs)) {
          const error = distance(found[name]!.data, evaluate([value], feeds)[0]!);
          expect(error, name).toBeLessThan(1e-5 * scale);
        }
      },
    ),
    { numRuns: 200, seed: 1 },
  );
});

test("random graphs' gradients agree with finite differences along a random line", () => {
  fc.assert(
    fc.property(programs, fc.nat(1000), (program, line) => {
      const { g, loss, outputs } = graphOf(program);
      const direction = Object.entries(SHAPES).map(([name, shape]) => {
        return [name, draw(normal(...shape), `line ${line} ${name}`).data] as const;
      });
      const lossAt = (distance: number): number => {
        const moved = direction.map(([name, slope]) => {
          const { shape, data } = feeds[name]!;
          return [
            name,
            array64(
              shape,
              data.map((x, i) => x + distance * slope[i]!),
            ),
          ] as const;
        });
        return evaluate([loss], Object.fromEntries(moved))[0]![0]!;
      };
      const h = 1e-4;
      const expected = (8 * (lossAt(h) - lossAt(-h)) - (lossAt(2 * h) - lossAt(-2 * h))) / (12 * h);
      let actual = 0;
      for (const [name, slope] of direction) {
        const gradient = outputs[`d${name}`];
        if (gradient)
          for (const [i, dx] of evaluate([gradient], feeds)[0]!.entries()) actual += dx * slope[i]!;
      }
      expect(Math.abs(actual - expected)).toBeLessThan(1e-6 * magnitude(g));
    }),
    { numRuns: 300, seed: 1 },
  );
});

function graphOf(program: readonly (readonly [step: number, left: number, right: number])[]) {
  const g = new GraphBuilder();
  const inputs = Object.entries(SHAPES).map(([name, shape]) => g.input(name, "float32", shape));
  const values = [...inputs];
  for (const [step, left, right] of program) {
    const [x, other] = [values.at(-1 - (left % 3))!, values[right % values.length]!];
    const y = attempt(() => steps[step]!(g, x, other));
    if (y && sizeOf(y.shape as number[]) <= 256 && largest(evaluate([y], feeds)[0]!) < 50) values.push(y);
  }
  const y = values.at(-1)!;
  const loss = total(g, g.mul(y, y));
  const outputs: Record<string, Value> = { y };
  for (const [i, gradient] of gradients(g, loss, inputs).entries()) {
    if (gradient) outputs[`d${inputs[i]!.node.attributes.name}`] = gradient;
  }
  return { g, loss, outputs };
}

/** `undefined` where the shapes don't fit. */
function attempt(build: () => Value): Value | undefined {
  try {
    return build();
  } catch (error) {
    if (error instanceof TextgraftError) return undefined;
    throw error;
  }
}

/** The largest number that occurs anywhere in a graph, at least 1: what rounding errors are measured against. */
function magnitude(g: GraphBuilder): number {
  const values = g.nodes.flatMap((node) => node.outputs);
  return Math.max(1, ...evaluate(values, feeds).map(largest));
}

const distance = (a: Float64Array, b: Float64Array): number => largest(a.map((x, i) => x - b[i]!));
