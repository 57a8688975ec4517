import type { GraphBuilder } from "../graph/builder.js";
import { type Dim, product, type Shape } from "../graph/dims.js";
import type { Value } from "../graph/graph.js";

/**
 * Where dropout acts. An example's elements [blocks, rows, columns] are numbered
 * (block · stride + row) · stride + column, or row · stride + column without blocks, with a stride that doesn't
 * depend on how long the batch is padded.
 */
export interface DropoutPlace {
  readonly name: string;
  readonly probability: number;
  readonly stride: number;
}

/** A place that a graph has, with the shape of what is dropped there: [batch, …], or [1, …] of what all examples share. */
export interface DropoutSite extends DropoutPlace {
  readonly shape: Shape;
  /** Of its mask. */
  readonly dtype: MaskType;
}

/** How a mask is fed: as 0 and 1/(1-p), or as 0 and 1 in a fourth of the memory, which takes two passes more, forward and backward. */
export type MaskType = "float32" | "uint8";

/** Applies dropout at a place while training; gives `x` back in evaluation mode. */
export type Dropout = (g: GraphBuilder, x: Value, place: DropoutPlace) => Value;

export const noDropout: Dropout = (_g, x) => x;

/**
 * Dropout by masks that the caller chose and feeds as inputs `dropout.<name>`: 0 where an element goes and 1/(1-p)
 * (as bytes, 1) where it stays; lists the sites it met. https://jmlr.org/papers/v15/srivastava14a.html
 */
export function fedDropout(sites: DropoutSite[], dtype: MaskType): Dropout {
  return (g, x, place) => {
    if (place.probability === 0) return x;
    sites.push({ ...place, shape: x.shape, dtype });
    const mask = g.input(`dropout.${place.name}`, dtype, x.shape);
    return dtype === "uint8" ? g.masked(x, mask, 1 / (1 - place.probability)) : g.mul(x, mask);
  };
}

/** The parameters of a dense layer, weight [out, in], or of a norm. */
export interface WeightAndBias {
  readonly weight: Value;
  readonly bias?: Value | undefined;
}

/** A dense layer over the last axis: x [..., in] → [..., out]. */
export function linear(g: GraphBuilder, params: WeightAndBias, x: Value): Value {
  const y = g.linear(g.rows(x), params.weight, params.bias);
  return g.reshape(y, [...x.shape.slice(0, -1), y.shape[1]!]);
}

/** A dense layer cut out of one that holds several: outputs [start, start + size). */
export function outputsOf(
  g: GraphBuilder,
  { weight, bias }: WeightAndBias,
  start: number,
  size: number,
): WeightAndBias {
  const stored = weight.node.op.name === "Transpose" ? weight.node.inputs[0]! : undefined;
  return {
    weight: stored ? g.transpose(g.slice(stored, 1, start, size), [1, 0]) : g.slice(weight, 0, start, size),
    bias: bias && g.slice(bias, 0, start, size),
  };
}

export function norm(g: GraphBuilder, params: WeightAndBias, x: Value, epsilon: number): Value {
  return g.layerNorm(x, params.weight, params.bias, epsilon);
}

/** Activations by the names that transformers has for them. */
export const activations = ["gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu", "tanh"] as const;
export type Activation = (typeof activations)[number];

export function activate(g: GraphBuilder, x: Value, activation: Activation): Value {
  switch (activation) {
    case "gelu":
      return g.gelu(x);
    case "gelu_new":
    case "gelu_pytorch_tanh":
      return geluTanh(g, x);
    case "relu":
      return g.relu(x);
    case "silu":
      return g.mul(x, g.sigmoid(x));
    case "tanh":
      return g.tanh(x);
    default:
      return activation satisfies never;
  }
}

/** GELU's approximation: x/2 · (1 + tanh(√(2/π) · (x + 0.044715·x³))). https://arxiv.org/abs/1606.08415 */
function geluTanh(g: GraphBuilder, x: Value): Value {
  const cubic = g.mul(
    x,
    g.add(g.mul(g.mul(x, x), 0.044715 * Math.sqrt(2 / Math.PI)), Math.sqrt(2 / Math.PI)),
  );
  return g.mul(g.mul(x, 0.5), g.add(g.tanh(cubic), 1));
}

/** [batch, positions, hidden] → [batch, hidden]; what has no positions any more stays as it is. */
export function firstPosition(g: GraphBuilder, x: Value): Value {
  const [batch, _positions, hidden] = x.shape;
  return hidden === undefined ? x : g.reshape(g.slice(x, 1, 0, 1), [batch!, hidden]);
}

/** [batch, sequence, hidden] → [batch, heads, sequence, headSize] */
export function splitHeads(g: GraphBuilder, x: Value, heads: number): Value {
  const [batch, sequence, hidden] = x.shape as [Dim, Dim, number];
  return g.transpose(g.reshape(x, [batch, sequence, heads, hidden / heads]), [0, 2, 1, 3]);
}

/** [batch, heads, sequence, headSize] → [batch, sequence, hidden] */
export function mergeHeads(g: GraphBuilder, x: Value): Value {
  const [batch, heads, sequence, headSize] = x.shape as [Dim, number, Dim, number];
  return g.reshape(g.transpose(x, [0, 2, 1, 3]), [batch, sequence, product([heads, headSize])]);
}

/** 0 where the mask [batch, sequence] is 1 and -1e9 where it is 0, shaped [batch, 1, 1, sequence] for scores. */
export function attentionBias(g: GraphBuilder, mask: Value): Value {
  const [batch, sequence] = mask.shape as [Dim, Dim];
  return g.reshape(g.mul(g.sub(g.cast(mask, "float32"), 1), 1e9), [batch, 1, 1, sequence]);
}
