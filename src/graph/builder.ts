import { TextgraftError } from "../base/errors.js";
import { type DType, float32, type Tensor } from "../base/tensor.js";
import { type Dim, product, type Shape, sameShape } from "./dims.js";
import type { Attributes, Node, Op, Value } from "./graph.js";
import * as elementwise from "./ops-elementwise.js";
import * as leaf from "./ops-leaf.js";
import * as matrix from "./ops-matrix.js";
import * as movement from "./ops-movement.js";
import * as reduce from "./ops-reduce.js";

/** A value, or a number that stands for a float32 scalar. */
export type Operand = Value | number;

/** Writes a graph: each method adds one node and returns its value, checked and typed at once. */
export class GraphBuilder {
  readonly nodes: Node[] = [];
  private readonly scalars = new Map<number, Value>();
  private readonly inputs = new Set<string>();
  private scope = "";
  private part: Node["part"] = "forward";
  private values = 0;

  /** Adds a node and returns all its outputs. */
  apply(op: Op, inputs: readonly Value[], attributes: Attributes = {}): readonly Value[] {
    const outputs: Value[] = [];
    const id = this.nodes.length;
    const node: Node = { id, op, name: this.scope, part: this.part, inputs, attributes, outputs };
    for (const [output, type] of op.infer(inputs, attributes).entries()) {
      outputs.push({ ...type, id: this.values++, node, output });
    }
    this.nodes.push(node);
    return outputs;
  }

  /** Names the nodes that `build` adds after a place in the model. */
  within<T>(name: string, build: () => T): T {
    return this.inside({ scope: this.scope === "" ? name : `${this.scope}.${name}` }, build);
  }

  /** Marks the nodes that `build` adds as the derivative of a forward node. */
  backward<T>(name: string, build: () => T): T {
    return this.inside({ scope: name, part: "backward" }, build);
  }

  input(name: string, dtype: DType, shape: Shape): Value {
    if (this.inputs.has(name)) {
      throw new TextgraftError("internal", { message: `The graph has two inputs named ${name}.` });
    }
    this.inputs.add(name);
    return this.one(leaf.input, [], { name, dtype, shape });
  }

  constant(value: Tensor): Value {
    return this.one(leaf.constant, [], { value });
  }

  add = (a: Operand, b: Operand): Value => this.one(elementwise.add, this.operands(a, b));
  sub = (a: Operand, b: Operand): Value => this.one(elementwise.sub, this.operands(a, b));
  mul = (a: Operand, b: Operand): Value => this.one(elementwise.mul, this.operands(a, b));
  div = (a: Operand, b: Operand): Value => this.one(elementwise.div, this.operands(a, b));
  neg = (x: Value): Value => this.one(elementwise.neg, [x]);
  exp = (x: Value): Value => this.one(elementwise.exp, [x]);
  log = (x: Value): Value => this.one(elementwise.log, [x]);
  sqrt = (x: Value): Value => this.one(elementwise.sqrt, [x]);
  tanh = (x: Value): Value => this.one(elementwise.tanh, [x]);
  erf = (x: Value): Value => this.one(elementwise.erf, [x]);
  sigmoid = (x: Value): Value => this.one(elementwise.sigmoid, [x]);
  softplus = (x: Value): Value => this.one(elementwise.softplus, [x]);
  relu = (x: Value): Value => this.one(elementwise.relu, [x]);
  sign = (x: Value): Value => this.one(elementwise.sign, [x]);
  /** alpha · x + beta, at least 0 and at most 1, in one pass. */
  hardSigmoid = (x: Value, alpha: number, beta: number): Value =>
    this.one(elementwise.hardSigmoid, [x], { alpha, beta });
  gelu = (x: Value): Value => this.one(elementwise.gelu, [x]);
  cast = (x: Value, dtype: DType): Value =>
    x.dtype === dtype ? x : this.one(elementwise.cast, [x], { dtype });

  /** Sums over `axes`, which stay as axes of 1. */
  reduceSum = (x: Value, axes: readonly number[]): Value =>
    axes.length === 0 ? x : this.one(reduce.reduceSum, [x], { axes });
  softmax = (x: Value): Value => this.one(reduce.softmax, [x]);
  logSoftmax = (x: Value): Value => this.one(reduce.logSoftmax, [x]);
  layerNorm = (x: Value, gamma: Value, beta: Value, epsilon: number): Value =>
    this.one(reduce.layerNorm, [x, gamma, beta], { epsilon });

  reshape = (x: Value, shape: Shape): Value =>
    sameShape(x.shape, shape) ? x : this.one(movement.reshape, [x], { shape });
  transpose = (x: Value, order: Shape): Value => this.one(movement.transpose, [x], { order });
  expand = (x: Value, shape: Shape): Value =>
    sameShape(x.shape, shape) ? x : this.one(movement.expand, [x], { shape });
  slice = (x: Value, axis: number, start: number, size: Dim): Value =>
    start === 0 && x.shape[axis] === size ? x : this.one(movement.slice, [x], { axis, start, size });
  unslice = (x: Value, axis: number, start: number, size: Dim): Value =>
    this.one(movement.unslice, [x], { axis, start, size });
  /** Vectors behind each other as one. */
  concat = (parts: readonly Value[]): Value =>
    parts.length === 1 ? parts[0]! : this.one(movement.concat, parts);
  gather = (table: Value, indices: Value): Value => this.one(movement.gather, [table, indices]);
  scatterRows = (x: Value, indices: Value, rows: Dim): Value =>
    this.one(movement.scatterRows, [x, indices], { rows });

  /** `scale` · a · b, each side transposed first where the option says so. */
  matmul = (a: Value, b: Value, { transA = false, transB = false, scale = 1 }: ProductOptions = {}): Value =>
    this.one(matrix.matmul, [a, b], { transA, transB, scale });
  /** A dense layer, weight [out, in]. One that is stored [in, out] and transposed is multiplied as it is stored. */
  linear = (x: Value, weight: Value, bias: Value): Value =>
    weight.node.op === movement.transpose
      ? this.add(this.matmul(x, weight.node.inputs[0]!), bias)
      : this.one(matrix.linear, [x, weight, bias]);

  /** All leading axes as one: [..., width] → [rows, width]. */
  rows = (x: Value): Value => this.reshape(x, [product(x.shape.slice(0, -1)), x.shape.at(-1)!]);

  private one(op: Op, inputs: readonly Value[], attributes?: Attributes): Value {
    return this.apply(op, inputs, attributes)[0]!;
  }

  private operands(a: Operand, b: Operand): readonly [Value, Value] {
    return [this.operand(a), this.operand(b)];
  }

  private operand(x: Operand): Value {
    if (typeof x !== "number") return x;
    const known = this.scalars.get(x);
    if (known) return known;
    const scalar = this.constant(float32([], [x]));
    this.scalars.set(x, scalar);
    return scalar;
  }

  private inside<T>(place: { scope: string; part?: Node["part"] }, build: () => T): T {
    const { scope, part } = this;
    this.scope = place.scope;
    this.part = place.part ?? part;
    try {
      return build();
    } finally {
      this.scope = scope;
      this.part = part;
    }
  }
}

interface ProductOptions {
  transA?: boolean;
  transB?: boolean;
  scale?: number;
}
