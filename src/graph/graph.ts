import { TextgraftError } from "../base/errors.js";
import type { DType, Tensor } from "../base/tensor.js";
import type { GraphBuilder } from "./builder.js";
import { type Shape, showShape } from "./dims.js";
import type { OnnxWriter } from "./onnx-writer.js";

/** What is known of a value before anything runs. */
export interface ValueType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** One tensor of a graph: output number `output` of `node`. */
export interface Value extends ValueType {
  readonly id: number;
  readonly node: Node;
  readonly output: number;
}

export type Attribute = number | boolean | string | Shape | Tensor;
export type Attributes = Readonly<Record<string, Attribute>>;

/** One use of an op. `name` is the place in the model that it belongs to, such as `bert.encoder.layer.0`. */
export interface Node {
  readonly id: number;
  readonly op: Op;
  readonly name: string;
  readonly part: "forward" | "backward";
  readonly inputs: readonly Value[];
  readonly attributes: Attributes;
  readonly outputs: readonly Value[];
}

/**
 * An op: what it gives, its derivative and its ONNX form, side by side.
 *
 * `gradient` gets the gradient `dy` of the first output and returns one gradient for each input (`null`: none).
 * Further outputs carry values that a backward pass reuses; no gradient flows through them.
 */
export interface Op {
  readonly name: string;
  readonly infer: (inputs: readonly Value[], attributes: Attributes) => readonly ValueType[];
  readonly gradient?: (g: GraphBuilder, dy: Value, node: Node) => readonly (Value | null)[];
  readonly onnx: (
    writer: OnnxWriter,
    node: Node,
    inputs: readonly string[],
    outputs: readonly string[],
  ) => void;
}

/** The parts of a node that an op's own functions see, with its inputs and attributes typed. */
interface TypedNode<I extends readonly Value[], A extends Attributes> extends Node {
  readonly inputs: I & readonly Value[];
  readonly attributes: A;
}

/** An op's definition as it is written: one output type stands for a list of one. */
export interface OpDefinition<I extends readonly Value[], A extends Attributes> {
  readonly name: string;
  readonly infer: (inputs: I, attributes: A) => ValueType | readonly ValueType[];
  readonly gradient?: (g: GraphBuilder, dy: Value, node: TypedNode<I, A>) => readonly (Value | null)[];
  readonly onnx: (
    writer: OnnxWriter,
    node: TypedNode<I, A>,
    inputs: readonly string[],
    outputs: readonly string[],
  ) => void;
}

export function defineOp<I extends readonly Value[], A extends Attributes = Record<string, never>>(
  definition: OpDefinition<I, A>,
): Op {
  const { infer, ...rest } = definition;
  const op = {
    ...rest,
    infer: (inputs: I, attributes: A) => {
      const types = infer(inputs, attributes);
      return "dtype" in types ? [types] : types;
    },
  };
  return op as unknown as Op;
}

/** A bug in how a graph was written: op, what it got, what it needs. */
export function graphError(op: string, values: readonly ValueType[], wanted: string): TextgraftError {
  const found = values.map((value) => `${value.dtype}${showShape(value.shape)}`).join(" and ");
  return new TextgraftError("internal", { message: `${op} got ${found}; it needs ${wanted}.` });
}
