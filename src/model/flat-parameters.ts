import { float32, sizeOf } from "../base/tensor.js";
import type { GraphBuilder } from "../graph/builder.js";
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

/** The gradients of a training graph over `flatParameters` as one output `gradients.<number>` for each trained shard. */
export function flatGradients(graph: TrainGraph, { shards, placements }: StateLayout): Record<string, Value> {
  const { g, outputs, gradients } = graph;
  const parts = shards.map((): { offset: number; value: Value }[] => []);
  for (const { parameter, output, kind } of gradients) {
    const { shard, offset, spec } = placements.get(parameter)!;
    const gradient = outputs[output]!;
    const whole = kind === "rows" ? addedUp(g, gradient, spec.shape[0]!) : gradient;
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
 * One row for each token, added up by word to a whole table. A product with one-hot rows over the whole vocabulary would
 * not fit into a buffer. So rows are added up for each distinct word of the batch, and gathered from there; the caller
 * feeds `wordRows`.
 */
function addedUp(g: GraphBuilder, rows: Value, words: number): Value {
  const tokens = rows.shape[0]!;
  const sums = g.scatterRows(rows, g.input("word_of_token", "int32", [tokens]), tokens);
  const found = g.gather(sums, g.input("sum_of_word", "int32", [words])); // [words, hidden]
  return g.mul(found, g.input("word_occurs", "float32", [words, 1]));
}

/** What a graph of `flatGradients` is fed for its table of words. */
export function wordRows(inputIds: Int32Array, words: number) {
  const tokens = inputIds.length;
  const numbers = new Map<number, number>();
  const ofToken = inputIds.map((id) => {
    if (!numbers.has(id)) numbers.set(id, numbers.size);
    return numbers.get(id)!;
  });
  const ofWord = new Int32Array(words);
  const occurs = float32([words, 1]);
  for (const [id, number] of numbers) {
    ofWord[id] = number;
    occurs.data[id] = 1;
  }
  return {
    word_of_token: { dtype: "int32", shape: [tokens], data: ofToken },
    sum_of_word: { dtype: "int32", shape: [words], data: ofWord },
    word_occurs: occurs,
  } as const;
}
