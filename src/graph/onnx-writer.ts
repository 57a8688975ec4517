import { TextgraftError } from "../base/errors.js";
import { type DType, float16, float32, type Tensor } from "../base/tensor.js";
import { type Bindings, bind, type Dim, factors, type Shape } from "./dims.js";
import type { Node, Value, ValueType } from "./graph.js";
import type { CompiledGraph, CompileOptions, Target } from "./onnx.js";
import type { NodeProto, TensorProto } from "./onnx_pb.js";
import {
  ELEMENT_TYPES,
  type Float,
  modelBytes,
  nodeMessage,
  type OnnxAttribute,
  tensorMessage,
} from "./onnx-message.js";

/** The domain of ONNX Runtime's own fused operators. */
const FUSED = "com.microsoft";

/** What an op's ONNX form is written with: nodes, constants, shapes. Values are handled by their names. */
export class OnnxWriter {
  readonly target: Target;
  private readonly bindings: Bindings;
  private readonly nodes: NodeProto[] = [];
  private readonly initializers = new Map<string, TensorProto>();
  private readonly inputs: Value[] = [];
  private readonly names = new Map<Value, string>();
  private readonly axes = new Map<string, string>();
  private current: Node | undefined;
  private fresh = 0;

  constructor(options: CompileOptions, nodes: readonly Node[], outputs: Readonly<Record<string, Value>>) {
    this.target = options.target;
    this.bindings = options.bindings ?? {};
    for (const [name, value] of Object.entries(outputs)) this.names.set(value, name);
    for (const { op, outputs } of nodes) if (op.name === "Input") this.inputs.push(outputs[0]!);
  }

  /** Adds an operator. */
  emit(
    opType: string,
    input: readonly string[],
    output: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    domain = "",
  ): void {
    const name = `${this.current?.name || "graph"}/${opType}_${this.nodes.length}`;
    this.nodes.push(
      nodeMessage({ name, opType, domain, input: [...input], output: [...output] }, attributes),
    );
  }

  /** Adds an operator with one output and returns its name. */
  node(
    opType: string,
    input: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
  ): string {
    const output = this.freshName();
    this.emit(opType, input, [output], attributes);
    return output;
  }

  float = (float: number): Float => ({ float });
  dtype = (dtype: DType): number => ELEMENT_TYPES[dtype];
  scalar(value: number, dtype: DType = "float32"): string {
    const { data } = dtype === "float16" ? float16([], [value]) : float32([], [value]);
    return this.initializer(dtype, [], data);
  }
  constant = ({ dtype, shape, data }: Tensor): string => this.initializer(dtype, shape, data);

  integers(values: readonly number[], dtype: DType = "int64"): string {
    const data = dtype === "int64" ? BigInt64Array.from(values, BigInt) : Int32Array.from(values);
    return this.initializer(dtype, [values.length], data);
  }

  /** A shape as an int64 tensor; dynamic axes are read off the inputs that have them. */
  shape(shape: Shape): string {
    const dims = shape.map((dim) => bind(dim, this.bindings));
    if (dims.every((dim) => typeof dim === "number")) return this.integers(dims);
    const parts = dims.map((dim) => this.axis(dim));
    return parts.length === 1 ? parts[0]! : this.node("Concat", parts, { axis: 0 });
  }

  /** A shape for Reshape, which can work out one dynamic axis itself. */
  reshapeTarget(shape: Shape): string {
    const dims = shape.map((dim) => bind(dim, this.bindings));
    const open = dims.filter((dim) => typeof dim === "string").length;
    return open > 1
      ? this.shape(shape)
      : this.integers(dims.map((dim) => (typeof dim === "string" ? -1 : dim)));
  }

  /** Whether an axis stays open until the graph runs. */
  isDynamic = (shape: Shape): boolean => shape.some((dim) => typeof bind(dim, this.bindings) === "string");

  /** An axis as a number, for operators that need it when the graph is compiled. */
  bound(dim: Dim): number {
    const size = bind(dim, this.bindings);
    if (typeof size === "number") return size;
    const { op, id, name } = this.current!;
    throw new TextgraftError("internal", {
      message: `The axis ${size} must be bound for the op ${op.name} of node ${id} (${name}).`,
    });
  }

  write(node: Node): void {
    this.current = node;
    const { op, attributes, inputs, outputs } = node;
    if (op.name === "Input") {
      this.names.set(outputs[0]!, attributes.name as string);
    } else if (op.name === "Constant") {
      this.names.set(outputs[0]!, this.constant(attributes.value as Tensor));
    } else {
      for (const output of outputs) if (!this.names.has(output)) this.names.set(output, this.freshName());
      op.onnx(this, node, inputs.map(this.nameOf), outputs.map(this.nameOf));
    }
  }

  finish(outputs: Readonly<Record<string, Value>>): CompiledGraph {
    this.current = undefined;
    for (const [name, value] of Object.entries(outputs)) {
      if (this.nameOf(value) !== name) this.emit("Identity", [this.nameOf(value)], [name]);
    }
    const inputTypes = this.typesOf(this.inputs.map((value) => [this.nameOf(value), value]));
    const outputTypes = this.typesOf(Object.entries(outputs));
    const initializers = [...this.initializers.values()];
    const domains = this.target === "cpu" ? ["", FUSED] : [""];
    const bytes = modelBytes({
      nodes: this.nodes,
      initializers,
      inputs: inputTypes,
      outputs: outputTypes,
      domains,
    });
    return { bytes, inputs: inputTypes, outputs: outputTypes };
  }

  private readonly nameOf = (value: Value): string => this.names.get(value)!;
  /** Names of the writer's own begin with signs, so that they can't meet those of inputs and outputs. */
  private readonly freshName = (): string => `%${this.fresh++}`;

  private initializer(dtype: DType, shape: readonly number[], data: Tensor["data"]): string {
    const small = data.length <= 16 ? `${dtype} ${shape} ${[...data].map(showExactly)}` : undefined;
    const name = `$${small === undefined ? this.freshName() : this.initializerNumber(small)}`;
    if (!this.initializers.has(name))
      this.initializers.set(name, tensorMessage(name, { dtype, shape, data }));
    return name;
  }

  /** Equal small constants are stored once. */
  private readonly numbers = new Map<string, number>();
  private initializerNumber(key: string): number {
    if (!this.numbers.has(key)) this.numbers.set(key, this.numbers.size);
    return this.numbers.get(key)!;
  }

  /** One axis as an int64 tensor of one element. */
  private axis(dim: Dim): string {
    const { factor, names } = factors(dim);
    const parts = names.map((name) => this.inputAxis(name));
    if (factor !== 1 || parts.length === 0) parts.push(this.integers([factor]));
    return parts.reduce((left, right) => this.node("Mul", [left, right]));
  }

  private inputAxis(name: string): string {
    const known = this.axes.get(name);
    if (known) return known;
    const source = this.inputs.find((value) => value.shape.includes(name));
    if (!source) throw new TextgraftError("internal", { message: `No input has an axis named ${name}.` });
    const start = source.shape.indexOf(name);
    const axis = this.node("Shape", [source.node.attributes.name as string], { start, end: start + 1 });
    this.axes.set(name, axis);
    return axis;
  }

  private typesOf(values: readonly (readonly [string, Value])[]): Record<string, ValueType> {
    const bound = (shape: Shape): Shape => shape.map((dim) => bind(dim, this.bindings));
    return Object.fromEntries(
      values.map(([name, { dtype, shape }]) => [name, { dtype, shape: bound(shape) }]),
    );
  }
}

const showExactly = (value: number | bigint): string => (Object.is(value, -0) ? "-0" : String(value));
