import { TextgraftError } from "../base/errors.js";
import { type DType, float16, float32, type Tensor } from "../base/tensor.js";
import { type Dim, product, type Shape, sameShape } from "./dims.js";
import type { Attributes, Node, Op, Value } from "./graph.js";
import * as distance from "./ops-distance.js";
import * as elementwise from "./ops-elementwise.js";
import * as leaf from "./ops-leaf.js";
import * as matrix from "./ops-matrix.js";
import * as movement from "./ops-movement.js";
import * as reduce from "./ops-reduce.js";
import { rotary } from "./ops-rotary.js";
import { isFloat, mixedType, type Precision } from "./precision.js";

/** A value, or a number that stands for a scalar of the other side's float type. */
export type Operand = Value | number;

/**
 * Writes a graph: each method adds one node and returns its value, checked and typed at once. With the precision float16
 * it also casts what ops take, by the rules of `mixedType`.
 */
export class GraphBuilder {
  readonly nodes: Node[] = [];
  private readonly precision: Precision;
  private readonly scalars = new Map<string, Value>();
  private readonly casts = new Map<Value, Value>();
  private readonly inputs = new Set<string>();
  private scope = "";
  private part: Node["part"] = "forward";
  private values = 0;

  constructor(precision: Precision = "float32") {
    this.precision = precision;
  }

  /** Adds a node and returns all its outputs. */
  apply(op: Op, given: readonly Value[], attributes: Attributes = {}): readonly Value[] {
    const inputs = this.precision === "float16" ? this.mixed(op, given) : given;
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
  /** `scale` · x where the bytes of `mask`, of the same shape, are 1, and 0 where they are 0. */
  masked = (x: Value, mask: Value, scale: number): Value =>
    this.one(elementwise.masked, [x, mask], { scale });
  cast(x: Value, dtype: DType): Value {
    if (x.dtype === dtype) return x;
    const known = this.casts.get(x);
    if (known?.dtype === dtype) return known;
    const found = this.one(elementwise.cast, [x], { dtype });
    this.casts.set(x, found);
    return found;
  }

  /** Sums over `axes`, which stay as axes of 1. */
  reduceSum = (x: Value, axes: readonly number[]): Value =>
    axes.length === 0 ? x : this.one(reduce.reduceSum, [x], { axes });
  cumSum = (x: Value, reverse = false): Value => this.one(reduce.cumSum, [x], { reverse });
  softmax = (x: Value): Value => this.one(reduce.softmax, [x]);
  logSoftmax = (x: Value): Value => this.one(reduce.logSoftmax, [x]);
  layerNorm = (x: Value, gamma: Value, beta: Value | undefined, epsilon: number): Value =>
    this.one(reduce.layerNorm, beta ? [x, gamma, beta] : [x, gamma], { epsilon });

  reshape = (x: Value, shape: Shape): Value =>
    sameShape(x.shape, shape) ? x : this.one(movement.reshape, [x], { shape });
  transpose = (x: Value, order: Shape): Value => this.one(movement.transpose, [x], { order });
  expand = (x: Value, shape: Shape): Value =>
    sameShape(x.shape, shape) ? x : this.one(movement.expand, [x], { shape });
  slice = (x: Value, axis: number, start: number, size: Dim): Value =>
    start === 0 && x.shape[axis] === size ? x : this.one(movement.slice, [x], { axis, start, size });
  unslice = (x: Value, axis: number, start: number, size: Dim): Value =>
    this.one(movement.unslice, [x], { axis, start, size });
  /** x, but not before `other`, of the same shape, is there. */
  after = (x: Value, other: Value): Value => this.one(movement.after, [x, other]);
  /** Vectors behind each other as one. */
  concat = (parts: readonly Value[]): Value =>
    parts.length === 1 ? parts[0]! : this.one(movement.concat, parts);
  gather = (table: Value, indices: Value): Value => this.one(movement.gather, [table, indices]);
  scatterRows = (x: Value, indices: Value, rows: Dim): Value =>
    this.one(movement.scatterRows, [x, indices], { rows });

  /** x [..., n, 2n] by the distance of two positions, j - i = column - n → [..., n, n] */
  byDistance = (x: Value): Value => this.one(distance.byDistance, [x]);
  toDistance = (x: Value): Value => this.one(distance.toDistance, [x]);
  /** Elements of a constant vector, from `start` on or in its middle. */
  constantPart = (value: Tensor, start: number | "middle", size: Dim): Value =>
    this.one(distance.constantPart, [], { value, start, size });

  /** `scale` · a · b, each side transposed first where the option says so. */
  matmul = (a: Value, b: Value, { transA = false, transB = false, scale = 1 }: ProductOptions = {}): Value =>
    this.one(matrix.matmul, [a, b], { transA, transB, scale });
  /** A dense layer, weight [out, in]. One that is stored [in, out] and transposed is multiplied as it is stored. */
  linear(x: Value, weight: Value, bias?: Value): Value {
    const turned = weight.node.op === movement.transpose;
    if (bias && !turned) return this.one(matrix.linear, [x, weight, bias]);
    const product = turned
      ? this.matmul(x, weight.node.inputs[0]!)
      : this.matmul(x, weight, { transB: true });
    return bias ? this.add(product, this.cast(bias, product.dtype)) : product;
  }

  /** Turns x [batch, heads, sequence, size] by the angles of `cos` and `sin` [sequence, size/2]. */
  rotary = (x: Value, cos: Value, sin: Value): Value => this.one(rotary, [x, cos, sin]);

  /** All leading axes as one: [..., width] → [rows, width]. */
  rows = (x: Value): Value => this.reshape(x, [product(x.shape.slice(0, -1)), x.shape.at(-1)!]);

  private one(op: Op, inputs: readonly Value[], attributes?: Attributes): Value {
    return this.apply(op, inputs, attributes)[0]!;
  }

  private mixed(op: Op, inputs: readonly Value[]): readonly Value[] {
    if (op === elementwise.cast || op === movement.after) return inputs;
    const wanted = mixedType(op, inputs);
    return inputs.map((x) => (isFloat(x.dtype) ? this.cast(x, wanted) : x));
  }

  private operands(a: Operand, b: Operand): readonly [Value, Value] {
    return [this.operand(a, b), this.operand(b, a)];
  }

  private operand(x: Operand, other: Operand): Value {
    if (typeof x !== "number") return x;
    const dtype = typeof other !== "number" && other.dtype === "float16" ? "float16" : "float32";
    const key = `${dtype} ${x}`;
    const known = this.scalars.get(key);
    if (known) return known;
    const scalar = this.constant(dtype === "float16" ? float16([], [x]) : float32([], [x]));
    this.scalars.set(key, scalar);
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
