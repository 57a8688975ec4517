import { float16Bits, widened } from "../../src/base/float16.js";
import type { DType, Tensor } from "../../src/base/tensor.js";
import type { Dim, Shape } from "../../src/graph/dims.js";
import type { Attributes, Node, Value } from "../../src/graph/graph.js";
import { isFloat } from "../../src/graph/precision.js";
import { type Array64, array64, at, fill, indices, position } from "./array64.js";
import { erf } from "./erf.js";

/** What each input is fed with, by its name. */
export type Feeds = Readonly<Record<string, Array64>>;

/**
 * A graph's values by plain loops in float64, as a second opinion on gradients and on ONNX Runtime. What is float16 is
 * rounded after each op. Named axes get
 * their sizes from the fed inputs; `bindings` gives those that no needed input has.
 */
export function evaluate(
  values: readonly Value[],
  feeds: Feeds,
  bindings: Readonly<Record<string, number>> = {},
): Float64Array[] {
  const known = new Map<Node, readonly Array64[]>();
  const sizes = new Map(Object.entries(bindings));
  for (const node of needed(values)) {
    if (node.op.name === "Input") known.set(node, [fed(node, feeds, sizes)]);
    else {
      const rule = evaluations[node.op.name];
      if (!rule) throw new Error(`tests/support/evaluate.ts has no evaluation of ${node.op.name}`);
      const inputs = node.inputs.map((input) => known.get(input.node)![input.output]!);
      const outputs = rule(inputs, node.attributes, (dim) => sizeOf(dim, sizes));
      known.set(
        node,
        outputs.map((output, i) => (node.outputs[i]!.dtype === "float16" ? rounded(output) : output)),
      );
    }
  }
  return values.map((value) => known.get(value.node)![value.output]!.data);
}

/** The numbers that float16 has for these. */
export const rounded = ({ shape, data }: Array64): Array64 =>
  array64(shape, widened(Uint16Array.from(data, float16Bits)));

/** The nodes that some values are computed from, in the order they were written. */
function needed(values: readonly Value[]): Node[] {
  const found = new Set<Node>();
  const visit = (node: Node): void => {
    if (found.has(node)) return;
    for (const input of node.inputs) visit(input.node);
    found.add(node);
  };
  for (const value of values) visit(value.node);
  return [...found];
}

/** What an input is fed with; its named axes become known. */
function fed({ attributes }: Node, feeds: Feeds, sizes: Map<string, number>): Array64 {
  const found = feeds[attributes.name as string];
  if (!found) throw new Error(`Nothing is fed for the input ${attributes.name}`);
  for (const [axis, dim] of (attributes.shape as Shape).entries()) {
    if (typeof dim === "string" && !dim.includes("*")) sizes.set(dim, found.shape[axis]!);
  }
  const wanted = (attributes.shape as Shape).map((dim) => sizeOf(dim, sizes));
  if (String(wanted) !== String(found.shape)) {
    throw new Error(`The input ${attributes.name} is [${wanted}], but [${found.shape}] is fed`);
  }
  return found;
}

function sizeOf(dim: Dim, sizes: ReadonlyMap<string, number>): number {
  const parts = String(dim).split("*");
  return parts.reduce((product, part) => product * (sizes.get(part) ?? Number(part)), 1);
}

/** An op's outputs; `size` turns an axis into a number. */
type Evaluation = (
  inputs: readonly Array64[],
  attributes: Attributes,
  size: (dim: Dim) => number,
) => readonly Array64[];

/** Every op but `Input`, by name. */
export const evaluations: Readonly<Record<string, Evaluation>> = {
  Constant: (_, { value }) => {
    const { dtype, shape, data } = value as Tensor;
    return [array64(shape, dtype === "float16" ? widened(data as Uint16Array) : [...data].map(Number))];
  },

  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary((a, b) => a / b),
  Neg: unary((x) => -x),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Sqrt: unary(Math.sqrt),
  Tanh: unary(Math.tanh),
  Erf: unary(erf),
  Sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  HardSigmoid: ([x], { alpha, beta }) => [
    fill(x!.shape, (index) => Math.min(Math.max(Number(alpha) * at(x!, index) + Number(beta), 0), 1)),
  ],
  Softplus: unary((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  Relu: unary((x) => Math.max(x, 0)),
  Sign: unary(Math.sign),
  Gelu: unary((x) => (x / 2) * (1 + erf(x / Math.SQRT2))),
  Masked: ([x, mask], { scale }) => [
    fill(x!.shape, (index) => at(x!, index) * at(mask!, index) * Number(scale)),
  ],
  Cast: ([x], { dtype }) => {
    const convert = dtype === "bool" ? (v: number) => Number(v !== 0) : Math.trunc;
    return [isFloat(dtype as DType) ? x! : fill(x!.shape, (index) => convert(at(x!, index)))];
  },

  ReduceSum: ([x], { axes }) => {
    const shape = x!.shape.map((dim, axis) => ((axes as Shape).includes(axis) ? 1 : dim));
    const sums = fill(shape, () => 0);
    for (const index of indices(x!.shape)) sums.data[position(shape, index)]! += at(x!, index);
    return [sums];
  },
  CumSum: ([x], { reverse }) => [
    overRows(x!, (row) => row.map((_, i) => sum(reverse ? row.slice(i) : row.slice(0, i + 1)))),
  ],
  Softmax: ([x]) => [overRows(x!, (row) => row.map((v) => Math.exp(v - logSumExp(row))))],
  LogSoftmax: ([x]) => [overRows(x!, (row) => row.map((v) => v - logSumExp(row)))],
  LayerNormalization: ([x, gamma, beta], { epsilon }) => {
    const statistics = (row: readonly number[]) => {
      const mean = sum(row) / row.length;
      const variance = sum(row.map((v) => (v - mean) ** 2)) / row.length;
      return { mean, inverse: 1 / Math.sqrt(variance + (epsilon as number)) };
    };
    return [
      overRows(x!, (row) => {
        const { mean, inverse } = statistics(row);
        return row.map((v, i) => (v - mean) * inverse * gamma!.data[i]! + (beta?.data[i] ?? 0));
      }),
      overRows(x!, (row) => [statistics(row).mean]),
      overRows(x!, (row) => [statistics(row).inverse]),
    ];
  },
  Rotary: ([x, cos, sin]) => {
    const half = x!.shape.at(-1)! / 2;
    return [
      fill(x!.shape, (index) => {
        const [row, column] = index.slice(-2) as [number, number];
        const angle = [row, column % half];
        const other = at(x!, index.with(-1, (column + half) % (2 * half)));
        return at(x!, index) * at(cos!, angle) + (column < half ? -other : other) * at(sin!, angle);
      }),
    ];
  },

  Reshape: ([x], { shape }, size) => [{ shape: (shape as Shape).map(size), data: x!.data }],
  Transpose: ([x], { order }) => {
    const axes = order as readonly number[];
    const shape = axes.map((axis) => x!.shape[axis]!);
    return [
      fill(shape, (index) =>
        at(
          x!,
          axes.map((_, axis) => index[axes.indexOf(axis)]!),
        ),
      ),
    ];
  },
  Expand: ([x], { shape }, size) => [fill((shape as Shape).map(size), (index) => at(x!, index))],
  Slice: ([x], attributes, size) => {
    const [axis, start] = [attributes.axis as number, attributes.start as number];
    const shape = x!.shape.with(axis, size(attributes.size as Dim));
    return [fill(shape, (index) => at(x!, index.with(axis, index[axis]! + start)))];
  },
  Unslice: ([x], attributes, size) => {
    const [axis, start] = [attributes.axis as number, attributes.start as number];
    const shape = x!.shape.with(axis, size(attributes.size as Dim));
    return [
      fill(shape, (index) => {
        const from = index[axis]! - start;
        return from >= 0 && from < x!.shape[axis]! ? at(x!, index.with(axis, from)) : 0;
      }),
    ];
  },
  After: ([x]) => [x!],
  Concat: (parts) => {
    const all = parts.flatMap((part) => [...part.data]);
    return [fill([all.length], ([i]) => all[i!]!)];
  },
  Gather: ([table, rows]) => {
    const shape = [...rows!.shape, table!.shape[1]!];
    return [fill(shape, (index) => at(table!, [at(rows!, index.slice(0, -1)), index.at(-1)!]))];
  },
  ScatterRows: ([x, targets], { rows }, size) => {
    const width = x!.shape.at(-1)!;
    const sums = fill([size(rows as Dim), width], () => 0);
    for (const [row, target] of targets!.data.entries()) {
      for (let i = 0; i < width; i++) sums.data[target * width + i]! += x!.data[row * width + i]!;
    }
    return [sums];
  },

  ByDistance: ([x]) => {
    const n = x!.shape.at(-2)!;
    const shape = [...x!.shape.slice(0, -1), n];
    return [fill(shape, (index) => at(x!, index.with(-1, n + index.at(-1)! - index.at(-2)!)))];
  },
  ToDistance: ([x]) => {
    const n = x!.shape.at(-1)!;
    const shape = [...x!.shape.slice(0, -1), 2 * n];
    return [
      fill(shape, (index) => {
        const j = index.at(-1)! - n + index.at(-2)!;
        return j >= 0 && j < n ? at(x!, index.with(-1, j)) : 0;
      }),
    ];
  },
  ConstantPart: (_, { value, start, size: dim }, size) => {
    const { data } = value as Tensor;
    const count = size(dim as Dim);
    const first = start === "middle" ? data.length / 2 - count / 2 : (start as number);
    return [fill([count], ([i]) => Number(data[first + i!]))];
  },

  MatMul: ([a, b], { transA, transB, scale }) => {
    const [m, inner] = transA ? [a!.shape.at(-1)!, a!.shape.at(-2)!] : a!.shape.slice(-2);
    const n = transB ? b!.shape.at(-2)! : b!.shape.at(-1)!;
    const element = (x: Array64, leading: readonly number[], i: number, j: number, turned: unknown) =>
      at(x, turned ? [...leading, j, i] : [...leading, i, j]);
    const leading = a!.shape.slice(0, -2).map((dim, axis) => (dim === 1 ? b!.shape[axis]! : dim));
    return [
      fill([...leading, m!, n], (index) => {
        const leading = index.slice(0, -2);
        const [i, j] = index.slice(-2) as [number, number];
        const products = Array.from(
          { length: inner! },
          (_, k) => element(a!, leading, i, k, transA) * element(b!, leading, k, j, transB),
        );
        return (scale as number) * sum(products);
      }),
    ];
  },
  Linear: ([x, weight, bias]) => [
    fill([x!.shape[0]!, weight!.shape[0]!], ([i, j]) => {
      const products = Array.from({ length: x!.shape[1]! }, (_, k) => at(x!, [i!, k]) * at(weight!, [j!, k]));
      return sum(products) + bias!.data[j!]!;
    }),
  ],
};

function unary(f: (x: number) => number): Evaluation {
  return ([x]) => [fill(x!.shape, (index) => f(at(x!, index)))];
}

function binary(f: (a: number, b: number) => number): Evaluation {
  return ([a, b]) => {
    const rank = Math.max(a!.shape.length, b!.shape.length);
    const dim = ({ shape }: Array64, axis: number) => shape[axis - rank + shape.length] ?? 1;
    const shape = Array.from({ length: rank }, (_, axis) =>
      dim(a!, axis) === 1 ? dim(b!, axis) : dim(a!, axis),
    );
    return [fill(shape, (index) => f(at(a!, index), at(b!, index)))];
  };
}

/** Applies `f` to each row of the last axis; all its results are of one length. */
function overRows(x: Array64, f: (row: readonly number[]) => readonly number[]): Array64 {
  const width = x.shape.at(-1)!;
  const rows = Array.from({ length: x.data.length / width }, (_, row) =>
    f([...x.data.slice(row * width, (row + 1) * width)]),
  );
  return array64([...x.shape.slice(0, -1), rows[0]!.length], rows.flat());
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, x) => total + x, 0);

function logSumExp(row: readonly number[]): number {
  const most = Math.max(...row);
  return most + Math.log(sum(row.map((v) => Math.exp(v - most))));
}
