import { float32, int32, sizeOf, type Tensor } from "../base/tensor.js";
import type { GraphBuilder } from "../graph/builder.js";
import type { Dim } from "../graph/dims.js";
import type { Value } from "../graph/graph.js";
import type { ParameterSource, TrainGraph } from "./classifier.js";
import type { StateLayout } from "./state-layout.js";

/** The input that holds a shard's weights, and the output that holds its gradients. */
export const weightsOf = (shard: number): string => `weights.${shard}`;
export const gradientsOf = (shard: number): string => `gradients.${shard}`;

/** Parameters as pieces of flat shards: a graph's inputs are the shards `weights.<number>`, [elements]. */
export function flatParameters({ shards, placements }: StateLayout): ParameterSource {
  return (g) => {
    const inputs = new Map<number, Value>();
    return (name, shape) => {
      const { shard, offset, transposed } = placements.get(name)!;
      if (!inputs.has(shard)) {
        inputs.set(shard, g.input(weightsOf(shard), "float32", [shards[shard]!.bytes / 4]));
      }
      const piece = g.slice(inputs.get(shard)!, 0, offset / 4, sizeOf(shape));
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
      if (until > end) pieces.push(g.constant(float32([until - end])));
    };
    for (const { offset, value } of parts[shard]!.sort((a, b) => a.offset - b.offset)) {
      fill(offset / 4);
      pieces.push(value);
      end = offset / 4 + (value.shape[0] as number);
    }
    fill(bytes / 4);
    flat[gradientsOf(shard)] = g.concat(pieces);
  }
  return flat;
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
