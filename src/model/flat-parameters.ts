import { type DType, float16, float32, int32, sizeOf, type Tensor } from "../base/tensor.js";
import type { GraphBuilder } from "../graph/builder.js";
import type { Dim } from "../graph/dims.js";
import type { Value } from "../graph/graph.js";
import type { Precision } from "../graph/precision.js";
import type { ParameterSource, TrainGraph } from "./classifier.js";
import type { StateLayout } from "./state-layout.js";

/** The input that holds a shard's weights, and the output that holds its gradients. */
export const weightsOf = (shard: number): string => `weights.${shard}`;
export const gradientsOf = (shard: number): string => `gradients.${shard}`;

/**
 * Parameters as pieces of flat shards: a graph's inputs are the shards `weights.<number>`, [elements], in float32. In
 * float16 weights and biases of dense layers are cut out of whole shards that are cast once; tables and norms, which
 * compute in float32, are not.
 */
export function flatParameters(
  { shards, placements }: StateLayout,
  precision: Precision = "float32",
): ParameterSource {
  const isDense = (name: string): boolean =>
    placements.get(name.replace(/\.bias$/, ".weight"))?.spec.dense === true;
  return (g) => {
    const inputs = new Map<number, Value>();
    return (name, shape) => {
      const { shard, offset, transposed } = placements.get(name)!;
      if (!inputs.has(shard)) {
        inputs.set(shard, g.input(weightsOf(shard), "float32", [shards[shard]!.bytes / 4]));
      }
      const whole = g.cast(inputs.get(shard)!, isDense(name) ? precision : "float32");
      const piece = g.slice(whole, 0, offset / 4, sizeOf(shape));
      return transposed
        ? g.transpose(g.reshape(piece, [...shape].reverse()), [1, 0])
        : g.reshape(piece, shape);
    };
  };
}

/**
 * The outputs of a training graph over `flatParameters`: `loss`, and for each trained shard `gradients.<number>`,
 * [elements]. `tokens` counts those of a batch.
 */
export function flatGradients(
  graph: TrainGraph,
  { shards, placements }: StateLayout,
  tokens: number,
): Record<string, Value> {
  const { g, outputs, gradients } = graph;
  const parts = shards.map((): { offset: number; value: Value }[] => []);
  for (const { parameter, output, kind } of gradients) {
    const { shard, offset, spec } = placements.get(parameter)!;
    const gradient = outputs[output]!;
    const whole = kind === "rows" ? addedUp(g, gradient, spec.shape[0]!, passesFor(tokens)) : gradient;
    parts[shard]!.push({ offset, value: g.reshape(whole, [sizeOf(spec.shape)]) });
  }
  const flat: Record<string, Value> = { loss: outputs.loss! };
  for (const [shard, { group, bytes }] of shards.entries()) {
    if (group === "frozen") continue;
    const pieces: Value[] = [];
    let end = 0;
    const fill = (until: number): void => {
      if (until > end) pieces.push(zeros(g, until - end, pieces.at(-1)?.dtype));
    };
    for (const { offset, value } of parts[shard]!.sort((a, b) => a.offset - b.offset)) {
      fill(offset / 4);
      pieces.push(value);
      end = offset / 4 + (value.shape[0] as number);
    }
    fill(bytes / 4);
    flat[gradientsOf(shard)] = joined(g, pieces);
  }
  return flat;
}

const zeros = (g: GraphBuilder, count: number, dtype?: DType): Value =>
  g.constant(dtype === "float16" ? float16([count]) : float32([count]));

/** Vectors behind each other, in float32: those in float16 that follow each other are cast together. */
function joined(g: GraphBuilder, pieces: readonly Value[]): Value {
  const runs: Value[][] = [];
  for (const piece of pieces) {
    const run = runs.at(-1);
    if (run && run[0]!.dtype === piece.dtype) run.push(piece);
    else runs.push([piece]);
  }
  return g.concat(runs.map((run) => g.cast(g.concat(run), "float32")));
}

/**
 * One row for each token, added up by word to a whole table [words, hidden]. Rows of one word are added in pairs, then
 * sums in pairs: log₂(tokens) passes, always in the same order, and no buffer larger than the rows. The caller feeds
 * `wordRows`.
 */
function addedUp(g: GraphBuilder, rows: Value, words: number, passes: number): Value {
  const [tokens] = rows.shape as [Dim];
  let sums = rows;
  for (let pass = 0; pass < passes; pass++) {
    const other = g.gather(sums, g.input(`word.partner.${pass}`, "int32", [tokens]));
    sums = g.add(sums, g.mul(other, g.input(`word.paired.${pass}`, "float32", [tokens, 1])));
  }
  const found = g.gather(sums, g.input("word.first", "int32", [words]));
  return g.mul(found, g.input("word.occurs", "float32", [words, 1]));
}

const passesFor = (tokens: number): number => Math.ceil(Math.log2(tokens));

/**
 * What `flatGradients` has as inputs for its table of words: in each pass, the token whose sum is added to each token's,
 * if any; and each word's first token, where its whole sum ends.
 */
export function wordRows(inputIds: Int32Array, words: number): Record<string, Tensor> {
  const tokens = inputIds.length;
  const passes = passesFor(tokens);
  const partners = Array.from({ length: passes }, () => int32([tokens]));
  const paired = Array.from({ length: passes }, () => float32([tokens, 1]));
  const first = int32([words]);
  const occurs = float32([words, 1]);
  for (const [word, places] of placesByWord(inputIds)) {
    first.data[word] = places[0]!;
    occurs.data[word] = 1;
    for (let pass = 0, step = 1; step < places.length; pass++, step *= 2) {
      for (let i = 0; i + step < places.length; i += 2 * step) {
        partners[pass]!.data[places[i]!] = places[i + step]!;
        paired[pass]!.data[places[i]!] = 1;
      }
    }
  }
  const feeds: Record<string, Tensor> = { "word.first": first, "word.occurs": occurs };
  for (const [pass, partner] of partners.entries()) {
    feeds[`word.partner.${pass}`] = partner;
    feeds[`word.paired.${pass}`] = paired[pass]!;
  }
  return feeds;
}

function placesByWord(inputIds: Int32Array): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (const [place, word] of inputIds.entries()) {
    const places = found.get(word);
    if (places) places.push(place);
    else found.set(word, [place]);
  }
  return found;
}
