import { type Dim, product } from "../graph/dims.js";
import type { Value } from "../graph/graph.js";
import type { TransformerConfig } from "./config.js";
import { linear, norm, splitHeads } from "./layers.js";
import { rowsByDistance } from "./relative.js";
import type { ScoreBias } from "./transformer-layer.js";

/** What scores have besides content to content: content to position, and position to content. */
export type PositionTerm = "c2p" | "p2c";

/** How positions take part in attention, by a table of distances. */
export interface DistanceConfig extends TransformerConfig {
  terms: readonly PositionTerm[];
  /** Distances above half of these share rows with others; 0: each has its own. */
  buckets: number;
  /** Distances from here on share one row. */
  greatestDistance: number;
  /** Whether the table is normalised. */
  normalisedDistances: boolean;
}

export interface DistanceNames {
  readonly table: string;
  readonly norm: string;
  /** Of distances that stand for keys in `c2p`, and for queries in `p2c`; under a layer's name. */
  readonly projections: Readonly<Record<PositionTerm, string>>;
}

/** Rows of the table, which has distances in both directions. */
export const distanceRows = ({ buckets, greatestDistance }: DistanceConfig): number =>
  2 * (buckets > 0 ? buckets : greatestDistance);

/**
 * The table's row for the distance query - key. Up to half of the buckets each distance has a row of its own; beyond,
 * a row stands for distances within a factor, up to the greatest. https://arxiv.org/abs/2006.03654, as its second version
 * of the code computes it: https://github.com/microsoft/DeBERTa
 */
export function distanceRow(config: DistanceConfig, distance: number): number {
  const { buckets, greatestDistance } = config;
  const half = Math.floor(buckets / 2);
  const size = Math.abs(distance);
  const shared = (): number => {
    const share = Math.log(size / half) / Math.log((greatestDistance - 1) / half);
    return half + Math.ceil(share * (half - 1));
  };
  const bucket = buckets > 0 && size > half ? Math.sign(distance) * shared() : distance;
  const rows = distanceRows(config);
  return Math.min(Math.max(rows / 2 + bucket, 0), rows - 1);
}

/**
 * Scores of content with positions: each query with the distances of the keys, and each key with the distances of the
 * queries. Both are multiplied with all distances in the text, so that nothing is gathered for each pair.
 * https://arxiv.org/abs/2006.03654
 */
export function disentangledScores(config: DistanceConfig, names: DistanceNames): ScoreBias {
  const { positions, hiddenSize, heads, hiddenDropout, layerNormEpsilon, normalisedDistances } = config;
  const terms = 1 + config.terms.length;
  const scale = 1 / Math.sqrt((hiddenSize / heads) * terms);
  const rows = distanceRows(config);
  const ofKeys = rowsByDistance(positions, (distance) => distanceRow(config, -distance)); // from a query
  const ofQueries = rowsByDistance(positions, (distance) => distanceRow(config, distance)); // from a key

  const build: ScoreBias["build"] = (g, root, { name, reads, queries, keys }, { shared, dropout }) => {
    const [batch, , sequence] = keys.shape as [Dim, number, Dim];
    const whole = shared(names.table, () => {
      const table = root.in(names.table).weight;
      const normed = normalisedDistances ? norm(g, root.in(names.norm), table, layerNormEpsilon) : table;
      return g.reshape(normed, [1, rows, hiddenSize]);
    });
    const place = { name: `${name}.distances`, probability: hiddenDropout, stride: hiddenSize };
    const table = g.reshape(dropout(g, whole, place), [rows, hiddenSize]);

    /** [1, heads, distances, headSize] */
    const project = (term: PositionTerm, numbers: Value): Value => {
      const picked = g.gather(table, g.reshape(numbers, [1, numbers.shape[0]!])); // [1, distances, hidden]
      return splitHeads(g, linear(g, root.in(`${name}.${names.projections[term]}`), picked), heads);
    };
    /** [batch, heads, sequence, sequence] */
    const ofAll = (term: PositionTerm): Value => {
      const [content, numbers] = term === "c2p" ? [queries, ofKeys] : [keys, ofQueries];
      const distances = project(term, g.constantPart(numbers, "middle", product([2, sequence])));
      const scores = g.byDistance(g.matmul(content, distances, { transB: true, scale }));
      return term === "c2p" ? scores : g.transpose(scores, [0, 1, 3, 2]);
    };
    /** [batch, heads, 1, sequence]: key j is at distance j. */
    const ofFirst = (term: PositionTerm): Value => {
      const distances = project(term, g.constantPart(ofKeys, positions, sequence));
      if (term === "c2p") return g.matmul(queries, distances, { transB: true, scale });
      const sums = g.reduceSum(g.mul(keys, distances), [3]);
      return g.reshape(g.mul(sums, scale), [batch, heads, 1, sequence]);
    };
    return config.terms.map(reads === "first" ? ofFirst : ofAll).reduce((sum, scores) => g.add(sum, scores));
  };
  return { build, terms };
}
