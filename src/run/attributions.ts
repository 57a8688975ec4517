import { gaussLegendre, type Quadrature } from "../base/quadrature.js";
import type { Problem } from "../model/loss.js";
import type { Range } from "../tokens/long-texts.js";
import type { Encoding } from "../tokens/sequence.js";
import type { Engine, LineBatch } from "./engine.js";
import { logOddsOf, poolingSlopes, poolWindows, type WindowPooling } from "./window-pooling.js";

/**
 * How tokens get their shares. `integrated`: integrated gradients, https://arxiv.org/abs/1703.01365. `gradient`: gradient
 * times input at the text alone, one pass.
 */
export const attributionMethods = ["integrated", "gradient"] as const;
export type AttributionMethod = (typeof attributionMethods)[number];

/** A text, or a pair, as its model reads it: one passage, or several windows. */
export interface ReadText {
  /** Of the whole text, special ones not counted; those of a pair's second text are counted on. */
  readonly tokens: number;
  readonly passages: readonly ReadPassage[];
}

export interface ReadPassage {
  readonly encoding: Encoding;
  /** Which of the text's tokens it has. */
  readonly ranges: readonly Range[];
  /** Where in the encoding each of these ranges begins. */
  readonly starts: readonly number[];
}

/** What is asked of a model about a text. */
export interface Question {
  readonly label: number;
  readonly labels: number;
  readonly problem: Problem;
  readonly windowPooling: WindowPooling;
  /** The token that stands in the baseline for each of the text's. */
  readonly baselineId: number;
}

/** What each token of a text adds to the log-odds of a label, beside a text of the same length without words. */
export interface Attributions {
  /** [tokens]; 0 for those that weren't read. */
  readonly scores: Float64Array;
  /** Of the text, and of the baseline. */
  readonly logOdds: number;
  readonly baselineLogOdds: number;
  /** What the scores lack, or have too much: their sum less the difference of both log-odds. */
  readonly gap: number;
  /** Places on the line at which gradients were taken. */
  readonly steps: number;
}

/** What is precise enough: in log-odds, or as a share of what there is to explain. */
const GAP = { absolute: 0.05, share: 0.02 };

/** Steps, until the gap is small. */
const STEPS = [32, 128, 512];

/**
 * Attributions of a text's tokens; with `integrated` and no `steps` as many steps as the gap needs, up to 512. The
 * baseline is the text with each of its tokens replaced by `baselineId`; special tokens and positions stay.
 */
export async function attribute(
  engine: Engine,
  text: ReadText,
  question: Question,
  { method, steps }: { method: AttributionMethod; steps?: number | undefined },
): Promise<Attributions> {
  if (method === "gradient") return along(engine, text, question, { points: [1], weights: [1] });
  const rounds = steps === undefined ? STEPS : [steps];
  let round = 0;
  let found: Attributions;
  do found = await along(engine, text, question, gaussLegendre(rounds[round++]!));
  while (round < rounds.length && !isPrecise(found));
  return found;
}

const isPrecise = ({ gap, logOdds, baselineLogOdds }: Attributions): boolean =>
  Math.abs(gap) <= Math.max(GAP.absolute, GAP.share * Math.abs(logOdds - baselineLogOdds));

async function along(
  engine: Engine,
  { tokens, passages }: ReadText,
  question: Question,
  { points, weights }: Quadrature,
): Promise<Attributions> {
  const shares = [...points, 0, 1];
  const found: PassageSlopes[] = [];
  for (const passage of passages) found.push(await slopesOf(engine, passage, shares, question));
  const { label, problem, windowPooling } = question;
  const logitsAt = (point: number): readonly Float32Array[] => found.map(({ logits }) => logits[point]!);
  const oddsAt = (point: number): number =>
    logOddsOf(poolWindows(logitsAt(point), windowPooling, problem), problem, label);

  const scores = new Float64Array(tokens);
  for (const [point, weight] of weights.entries()) {
    const pooling = poolingSlopes(logitsAt(point), windowPooling, problem, label);
    for (const [i, passage] of passages.entries()) {
      const slopes = found[i]!.slopes[point]!;
      for (const { token, position } of readTokens(passage))
        scores[token]! += weight * pooling[i]! * slopes[position]!;
    }
  }
  const [baselineLogOdds, logOdds] = [oddsAt(points.length), oddsAt(points.length + 1)];
  const sum = scores.reduce((total, score) => total + score, 0);
  return { scores, logOdds, baselineLogOdds, gap: sum - (logOdds - baselineLogOdds), steps: points.length };
}

/** The tokens of a text that a passage has, and where in it they stand. */
export function* readTokens({
  ranges,
  starts,
}: Pick<ReadPassage, "ranges" | "starts">): Generator<{ token: number; position: number }> {
  for (const [i, [from, to]] of ranges.entries())
    for (let token = from; token < to; token++) yield { token, position: starts[i]! + token - from };
}

/** By point. */
interface PassageSlopes {
  logits: Float32Array[];
  slopes: Float32Array[];
}

/** So many tokens at once: all layers' values of a pass are there for its backward pass. */
const TOKENS_AT_ONCE = 1024;

async function slopesOf(
  engine: Engine,
  passage: ReadPassage,
  shares: readonly number[],
  question: Question,
): Promise<PassageSlopes> {
  const result: PassageSlopes = { logits: [], slopes: [] };
  const length = passage.encoding.inputIds.length;
  const rows = Math.max(1, Math.floor(TOKENS_AT_ONCE / length));
  for (let start = 0; start < shares.length; start += rows) {
    const part = shares.slice(start, start + rows);
    const { logits, slopes } = await engine.slopes(lineBatch(passage, part, question));
    for (const row of part.keys()) {
      result.logits.push(logits.subarray(row * question.labels, (row + 1) * question.labels));
      result.slopes.push(slopes.subarray(row * length, (row + 1) * length));
    }
  }
  return result;
}

/** A passage at some points of its line, one row for each. */
function lineBatch(
  passage: ReadPassage,
  shares: readonly number[],
  { label, labels, baselineId }: Question,
): LineBatch {
  const { inputIds, tokenTypeIds } = passage.encoding;
  const length = inputIds.length;
  const masked = inputIds.slice();
  for (const { position } of readTokens(passage)) masked[position] = baselineId;
  const repeated = (row: Int32Array): Int32Array => {
    const all = new Int32Array(shares.length * length);
    for (const i of shares.keys()) all.set(row, i * length);
    return all;
  };
  const targets = new Float32Array(shares.length * labels);
  for (const i of shares.keys()) targets[i * labels + label] = 1;
  return {
    examples: new Int32Array(shares.length).fill(-1),
    length,
    inputIds: repeated(inputIds),
    attentionMask: new Int32Array(shares.length * length).fill(1),
    tokenTypeIds: repeated(tokenTypeIds),
    baselineIds: repeated(masked),
    shares: Float32Array.from(shares),
    targets,
  };
}
