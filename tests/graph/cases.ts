import { random } from "../../src/base/random.js";
import type { DType } from "../../src/base/tensor.js";
import { float32, int32 } from "../../src/base/tensor.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import type { Value } from "../../src/graph/graph.js";
import { isFloat } from "../../src/graph/precision.js";
import { array64, fill } from "../support/array64.js";
import { type Feeds, rounded } from "../support/evaluate.js";

/** One use of an op, on which its gradient and its ONNX form are tested. */
export interface Case {
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly Source[];
  readonly build: (g: GraphBuilder, ...inputs: Value[]) => Value;
}

/** An input and what it is fed with: drawn element by element, or given. */
export interface Source {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly numbers: ((normal: number, uniform: number) => number) | readonly number[];
}

/** A case as a graph: its result, a loss that weights each element differently, and what to feed. */
export interface Sample {
  readonly g: GraphBuilder;
  readonly y: Value;
  readonly loss: Value;
  /** The inputs of a float type, which have gradients. */
  readonly targets: readonly Value[];
  readonly feeds: Feeds;
}

export function sample({ op, name, inputs, build }: Case): Sample {
  const g = new GraphBuilder();
  const values = inputs.map(({ dtype, shape }, i) => g.input(`x${i}`, dtype, shape));
  const y = build(g, ...values);
  const weights = g.input("weights", "float32", y.shape);
  const loss = total(g, g.mul(g.cast(y, "float32"), weights));
  const sources = [...inputs, normal(...(y.shape as number[]))];
  const feeds = Object.fromEntries(
    [...values, weights].map((value, i) => {
      return [value.node.attributes.name, draw(sources[i]!, `${op} ${name} ${i}`)];
    }),
  );
  return { g, y, loss, targets: values.filter((value) => isFloat(value.dtype)), feeds };
}

/** The sum of all elements, with each axis kept as 1. */
export const total = (g: GraphBuilder, x: Value): Value =>
  g.reduceSum(
    x,
    x.shape.map((_, axis) => axis),
  );

/** Numbers as the source's type holds them, so that it and float64 start from the same. */
export function draw({ dtype, shape, numbers }: Source, purpose: string) {
  if (typeof numbers !== "function") return array64(shape, numbers);
  const stream = random(0).fork(purpose);
  const drawn = fill(shape, () => Math.fround(numbers(stream.normal(), stream.uniform())));
  return dtype === "float16" ? rounded(drawn) : drawn;
}

/** Draws from the standard normal distribution, but no nearer to zero (where relu bends) than 0.05. */
export const normal = (...shape: number[]): Source => ({
  dtype: "float32",
  shape,
  numbers: (normal) => Math.sign(normal) * (0.05 + Math.abs(normal)),
});

/** Numbers above 0.5, as denominators and logarithms need them. */
export const positive = (...shape: number[]): Source => ({
  dtype: "float32",
  shape,
  numbers: (normal) => 0.5 + Math.abs(normal),
});

/** Numbers of which some are so large that e to them overflows float32. */
const farOut: Source = { dtype: "float32", shape: [2, 3], numbers: [-100, -30, -1, 0.5, 30, 100] };
const farApart: Source = { dtype: "float32", shape: [2, 3], numbers: [300, 299, -300, -200, -201, -199.5] };

/** A mask of dropout: three of four stay. */
export const mask = (...shape: number[]): Source => ({
  dtype: "float32",
  shape,
  numbers: (_, uniform) => (uniform < 0.75 ? 4 / 3 : 0),
});

export const whole = (dtype: DType, shape: readonly number[], numbers: readonly number[]): Source => ({
  dtype,
  shape,
  numbers,
});

const UNARY_SHAPES = [[], [5], [2, 3, 4]];
const BROADCASTS: readonly [string, number[], number[]][] = [
  ["one shape", [4, 3], [4, 3]],
  ["vectors", [5], [5]],
  ["scalars", [], []],
  ["row", [4, 3], [1, 3]],
  ["row of a lower rank", [2, 4, 3], [3]],
  ["column", [4, 3], [4, 1]],
  ["scalar", [4, 3], []],
  ["number on the left", [], [2, 3]],
  ["column by row", [4, 1], [1, 3]],
  ["stretched on both sides", [2, 1, 3], [4, 1]],
];

type Unary =
  | "neg"
  | "exp"
  | "log"
  | "sqrt"
  | "tanh"
  | "erf"
  | "sigmoid"
  | "softplus"
  | "relu"
  | "sign"
  | "gelu";
type Binary = "add" | "sub" | "mul" | "div";
const capitalised = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

const unary = (method: Unary, source = normal): Case[] =>
  UNARY_SHAPES.map((shape) => ({
    op: capitalised(method),
    name: `[${shape}]`,
    inputs: [source(...shape)],
    build: (g, x) => g[method](x!),
  }));

const binary = (method: Binary, right = normal): Case[] =>
  BROADCASTS.map(([name, a, b]) => ({
    op: capitalised(method),
    name,
    inputs: [normal(...a), right(...b)],
    build: (g, x, y) => g[method](x!, y!),
  }));

const one = (op: string, name: string, inputs: readonly Source[], build: Case["build"]): Case => ({
  op,
  name,
  inputs,
  build,
});

/** A product for each way to transpose its sides; a is [m, k] and b is [k, n] after that. */
const products = (leading: readonly number[], scale: number, ofB = leading): Case[] =>
  [false, true].flatMap((transA) =>
    [false, true].map((transB) => {
      const a = normal(...leading, ...(transA ? [5, 4] : [4, 5]));
      const b = normal(...ofB, ...(transB ? [3, 5] : [5, 3]));
      const name = `[${a.shape}] by [${b.shape}], transA ${transA}, transB ${transB}, scale ${scale}`;
      return one("MatMul", name, [a, b], (g, x, y) => g.matmul(x!, y!, { transA, transB, scale }));
    }),
  );

const gathers = (dtype: DType): Case[] => [
  one("Gather", `${dtype}, repeated rows`, [normal(5, 3), whole(dtype, [4], [2, 0, 2, 2])], (g, table, ids) =>
    g.gather(table!, ids!),
  ),
  one(
    "Gather",
    `${dtype}, two axes`,
    [normal(4, 2), whole(dtype, [2, 3], [3, 1, 1, 0, 3, 1])],
    (g, table, ids) => g.gather(table!, ids!),
  ),
  one("ScatterRows", dtype, [normal(2, 3, 2), whole(dtype, [2, 3], [3, 1, 1, 0, 3, 1])], (g, x, ids) =>
    g.scatterRows(x!, ids!, 5),
  ),
];

const norm = (...shape: number[]): Case => {
  const width = shape.at(-1)!;
  const inputs = [normal(...shape), positive(width), normal(width)];
  return one("LayerNormalization", `[${shape}]`, inputs, (g, x, gamma, beta) =>
    g.layerNorm(x!, gamma!, beta!, 1e-12),
  );
};

const eight = float32([8], [1, -2, 3, -4, 5, -6, 7, -8]);

const turned = (...shape: readonly [number, number, number, number]): Case => {
  const [, , sequence, size] = shape;
  const angles = Array.from({ length: (sequence * size) / 2 }, (_, i) => 0.7 * i + 0.2);
  const table = (f: (angle: number) => number) => float32([sequence, size / 2], angles.map(f));
  return one("Rotary", `[${shape}]`, [normal(...shape)], (g, x) =>
    g.rotary(
      x!,
      g.cast(g.constant(table(Math.cos)), x!.dtype),
      g.cast(g.constant(table(Math.sin)), x!.dtype),
    ),
  );
};

export const cases: readonly Case[] = [
  one("Input", "alone", [normal(2, 3)], (_, x) => x!),
  one("Constant", "matrix", [normal(2, 3)], (g, x) =>
    g.mul(x!, g.constant(float32([2, 3], [1, -2, 3, -4, 5, -6]))),
  ),
  one("Constant", "number", [normal(2, 3)], (g, x) => g.mul(g.sub(1, x!), 0.3)),

  ...binary("add"),
  ...binary("sub"),
  ...binary("mul"),
  ...binary("div", positive),
  ...unary("neg"),
  ...unary("exp"),
  ...unary("log", positive),
  ...unary("sqrt", positive),
  ...unary("tanh"),
  ...unary("erf"),
  ...unary("sigmoid"),
  ...unary("softplus"),
  ...unary("relu"),
  ...unary("sign"),
  ...unary("gelu"),
  one("Tanh", "far out", [farOut], (g, x) => g.tanh(x!)),
  one("Sigmoid", "far out", [farOut], (g, x) => g.sigmoid(x!)),
  one("Softplus", "far out", [farOut], (g, x) => g.softplus(x!)),
  one("HardSigmoid", "of both sides", [farOut], (g, x) => g.hardSigmoid(x!, 0.3, 0.4)),
  one("Gelu", "far out", [farOut], (g, x) => g.gelu(x!)),
  one("Masked", "bytes", [normal(2, 3), whole("uint8", [2, 3], [1, 0, 1, 1, 0, 0])], (g, x, mask) =>
    g.masked(x!, mask!, 1.25),
  ),
  one("Cast", "float32 to int32", [normal(2, 3)], (g, x) => g.cast(x!, "int32")),
  one("Cast", "float32 to int64", [normal(2, 3)], (g, x) => g.cast(x!, "int64")),
  one("Cast", "float32 to bool", [whole("float32", [4], [0, 0.5, -2, 0])], (g, x) => g.cast(x!, "bool")),
  one("Cast", "int64 to float32", [whole("int64", [4], [7, -3, 0, 2])], (g, x) => g.cast(x!, "float32")),
  one("Cast", "uint8 to int32", [whole("uint8", [4], [7, 255, 0, 2])], (g, x) => g.cast(x!, "int32")),

  one("ReduceSum", "rows", [normal(4, 3)], (g, x) => g.reduceSum(x!, [1])),
  one("ReduceSum", "columns", [normal(4, 3)], (g, x) => g.reduceSum(x!, [0])),
  one("ReduceSum", "outer axes", [normal(2, 3, 4)], (g, x) => g.reduceSum(x!, [0, 2])),
  one("ReduceSum", "an axis of 1", [normal(2, 1, 4)], (g, x) => g.reduceSum(x!, [1, 2])),
  one("CumSum", "vector", [normal(6)], (g, x) => g.cumSum(x!)),
  one("CumSum", "[2, 3, 4]", [normal(2, 3, 4)], (g, x) => g.cumSum(x!)),
  one("CumSum", "from the end", [normal(2, 4)], (g, x) => g.cumSum(x!, true)),
  one("Softmax", "vector", [normal(6)], (g, x) => g.softmax(x!)),
  one("Softmax", "[2, 3, 4]", [normal(2, 3, 4)], (g, x) => g.softmax(x!)),
  one("Softmax", "far apart", [farApart], (g, x) => g.softmax(x!)),
  one("LogSoftmax", "vector", [normal(6)], (g, x) => g.logSoftmax(x!)),
  one("LogSoftmax", "[2, 3, 4]", [normal(2, 3, 4)], (g, x) => g.logSoftmax(x!)),
  one("LogSoftmax", "far apart", [farApart], (g, x) => g.logSoftmax(x!)),
  norm(6),
  norm(4, 6),
  norm(2, 3, 5),
  one("LayerNormalization", "without a bias", [normal(3, 5), positive(5)], (g, x, gamma) =>
    g.layerNorm(x!, gamma!, undefined, 1e-5),
  ),
  turned(2, 3, 4, 6),
  turned(1, 2, 1, 8),

  one("Reshape", "flat", [normal(2, 3, 4)], (g, x) => g.reshape(x!, [24])),
  one("Reshape", "rows", [normal(2, 3, 4)], (g, x) => g.rows(x!)),
  one("Reshape", "to a scalar", [normal(1, 1)], (g, x) => g.reshape(x!, [])),
  one("Transpose", "matrix", [normal(4, 3)], (g, x) => g.transpose(x!, [1, 0])),
  one("Transpose", "turned round", [normal(2, 3, 4)], (g, x) => g.transpose(x!, [2, 0, 1])),
  one("Transpose", "heads", [normal(2, 3, 2, 4)], (g, x) => g.transpose(x!, [0, 2, 1, 3])),
  one("Expand", "row", [normal(1, 3)], (g, x) => g.expand(x!, [4, 3])),
  one("Expand", "two axes", [normal(1, 3, 1)], (g, x) => g.expand(x!, [2, 3, 4])),
  one("Slice", "first", [normal(5, 3)], (g, x) => g.slice(x!, 0, 0, 2)),
  one("Slice", "middle", [normal(2, 5, 3)], (g, x) => g.slice(x!, 1, 2, 2)),
  one("Slice", "last column", [normal(2, 5)], (g, x) => g.slice(x!, 1, 4, 1)),
  one("Unslice", "first", [normal(2, 3)], (g, x) => g.unslice(x!, 0, 0, 5)),
  one("Unslice", "middle", [normal(2, 2, 3)], (g, x) => g.unslice(x!, 1, 1, 4)),
  one("Unslice", "last column", [normal(2, 1)], (g, x) => g.unslice(x!, 1, 4, 5)),
  one("After", "another value", [normal(2, 3), normal(2, 3)], (g, x, other) => g.after(x!, g.exp(other!))),
  one("Concat", "three vectors", [normal(2), normal(1), normal(4)], (g, ...x) => g.concat(x)),
  ...gathers("int32"),
  ...gathers("int64"),

  one("ByDistance", "[3, 6]", [normal(3, 6)], (g, x) => g.byDistance(x!)),
  one("ByDistance", "[2, 2, 4, 8]", [normal(2, 2, 4, 8)], (g, x) => g.byDistance(x!)),
  one("ByDistance", "one position", [normal(3, 1, 2)], (g, x) => g.byDistance(x!)),
  one("ToDistance", "[3, 3]", [normal(3, 3)], (g, x) => g.toDistance(x!)),
  one("ToDistance", "[2, 4, 4]", [normal(2, 4, 4)], (g, x) => g.toDistance(x!)),
  one("ToDistance", "one position", [normal(2, 1, 1)], (g, x) => g.toDistance(x!)),
  one("ConstantPart", "the middle", [normal(4)], (g, x) =>
    g.mul(x!, g.cast(g.constantPart(eight, "middle", 4), x!.dtype)),
  ),
  one("ConstantPart", "behind a start", [normal(3)], (g, x) =>
    g.mul(x!, g.cast(g.constantPart(eight, 2, 3), x!.dtype)),
  ),
  one("ConstantPart", "numbers of rows", [normal(3, 2)], (g, x) =>
    g.gather(x!, g.constantPart(int32([6], [0, 2, 1, 1, 2, 0]), "middle", 4)),
  ),

  ...products([], 1),
  ...products([], 0.125),
  ...products([2], 1),
  ...products([2, 3], 0.3),
  ...products([2, 3], 0.3, [1, 3]),
  ...products([1, 2], 1, [3, 1]),
  one("Linear", "[4, 5] to [4, 3]", [normal(4, 5), normal(3, 5), normal(3)], (g, x, weight, bias) =>
    g.linear(x!, weight!, bias!),
  ),
  one(
    "MatMul",
    "a dense layer with its weight stored transposed",
    [normal(4, 5), normal(5, 3), normal(3)],
    (g, x, weight, bias) => g.linear(x!, g.transpose(weight!, [1, 0]), bias!),
  ),
  one("Linear", "one row, one column", [normal(1, 5), normal(1, 5), normal(1)], (g, x, weight, bias) =>
    g.linear(x!, weight!, bias!),
  ),
];
