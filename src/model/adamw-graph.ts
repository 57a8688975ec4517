import { GraphBuilder } from "../graph/builder.js";
import type { Value } from "../graph/graph.js";
import type { AdamwScalars } from "./adamw.js";
import type { ModelGraph } from "./classifier.js";

/**
 * The step of `adamw` as a graph over vectors of one length: inputs `weights`, `gradients`, `m` and `v` [count] and, as
 * scalars, all of `AdamwScalars`; outputs `weights.new`, `m.new` and `v.new`. Each operation rounds as there, but
 * denormal moments stay as the device treats them.
 */
export function adamwGraph(): ModelGraph {
  const g = new GraphBuilder();
  const vector = (name: string): Value => g.input(name, "float32", ["count"]);
  const scalar = (name: keyof AdamwScalars): Value => g.input(name, "float32", []);
  const p = vector("weights");
  const gradient = g.mul(vector("gradients"), scalar("gradientScale"));
  const m = g.add(g.mul(vector("m"), scalar("beta1")), g.mul(gradient, scalar("oneMinusBeta1")));
  const squared = g.mul(g.mul(gradient, scalar("oneMinusBeta2")), gradient);
  const v = g.add(g.mul(vector("v"), scalar("beta2")), squared);
  const direction = g.div(m, g.add(g.sqrt(v), scalar("epsilon")));
  const decayed = g.sub(p, g.mul(p, scalar("decay")));
  const weights = g.sub(decayed, g.mul(scalar("stepSize"), direction));
  return { g, outputs: { "weights.new": weights, "m.new": m, "v.new": v } };
}

/** Vectors are summed in pieces of this length: short enough for float32, the pieces in float64 elsewhere. */
export const PIECE = 1024;

/** Sums of squares of a vector's pieces: input `gradients` [pieces · PIECE], output `squares` [pieces, 1]. */
export function squaresGraph(): ModelGraph {
  const g = new GraphBuilder();
  const pieces = g.reshape(g.input("gradients", "float32", [`${PIECE}*pieces`]), ["pieces", PIECE]);
  return { g, outputs: { squares: g.reduceSum(g.mul(pieces, pieces), [1]) } };
}

/** The gradients of a further micro-batch added: inputs `a` and `b` [count], output `sum`. */
export function sumGraph(): ModelGraph {
  const g = new GraphBuilder();
  const sum = g.add(g.input("a", "float32", ["count"]), g.input("b", "float32", ["count"]));
  return { g, outputs: { sum } };
}
