import type { Rows } from "./metrics/probabilities.js";
import { ratio } from "./metrics/scores.js";

/** Rounds over all labels; each ends earlier where nothing gets better. */
const ROUNDS = 20;

/**
 * Weights w, by labelId, with which the answers argmax wₖ·pₖ have the highest macro F1 that coordinate ascent finds, from
 * 1 for all: in turn each label gets the best of all weights that make a difference, while the others stay. `probabilities`
 * are `[example][labelId]`.
 */
export function macroF1Weights(labelIds: readonly number[], probabilities: Rows): number[] {
  const weights = Array.from(probabilities[0]!, () => 1);
  let best = macroF1(labelIds, probabilities, weights);
  for (let round = 0; round < ROUNDS; round++) {
    const before = best;
    for (const label of weights.keys()) {
      const found = bestWeight(labelIds, probabilities, weights, label);
      if (found.score <= best + 1e-12) continue;
      weights[label] = found.weight;
      best = found.score;
    }
    if (best === before) break;
  }
  return weights;
}

/** The macro F1 of the answers with some weights. */
function macroF1(labelIds: readonly number[], probabilities: Rows, weights: readonly number[]): number {
  const tally = new Tally(labelIds, weights.length);
  for (const [i, labelId] of labelIds.entries())
    tally.give(heaviest(probabilities[i]!, weights, -1).label, labelId, 1);
  return tally.macroF1();
}

/** The best weight of one label: texts change to it one after the other, as its weight grows past what their rival weighs. */
function bestWeight(
  labelIds: readonly number[],
  probabilities: Rows,
  weights: readonly number[],
  label: number,
): { weight: number; score: number } {
  const tally = new Tally(labelIds, weights.length);
  const changes: { from: number; truth: number; at: number }[] = [];
  for (const [i, truth] of labelIds.entries()) {
    const row = probabilities[i]!;
    const rival = heaviest(row, weights, label);
    tally.give(rival.label, truth, 1);
    if (row[label]! > 0) changes.push({ from: rival.label, truth, at: rival.weight / row[label]! });
  }
  changes.sort((a, b) => a.at - b.at);
  let best = { weight: weights[label]!, score: Number.NEGATIVE_INFINITY };
  for (const [i, { from, truth, at }] of changes.entries()) {
    tally.give(from, truth, -1);
    tally.give(label, truth, 1);
    const next = changes[i + 1]?.at ?? 4 * at;
    if (!(next > at) || at === 0) continue;
    const score = tally.macroF1();
    if (score > best.score) best = { weight: Math.sqrt(at * next), score };
  }
  return best;
}

/** The label with the largest weighted probability, but for one. */
function heaviest(row: ArrayLike<number>, weights: readonly number[], but: number) {
  let best = { label: -1, weight: -1 };
  for (const [label, w] of weights.entries()) {
    const weight = w * row[label]!;
    if (label !== but && weight > best.weight) best = { label, weight };
  }
  return best;
}

/** Counts of answers by label, and the macro F1 that follows. */
class Tally {
  private readonly right: number[];
  private readonly given: number[];
  private readonly support: number[];

  constructor(labelIds: readonly number[], labelCount: number) {
    this.right = new Array<number>(labelCount).fill(0);
    this.given = new Array<number>(labelCount).fill(0);
    this.support = new Array<number>(labelCount).fill(0);
    for (const labelId of labelIds) this.support[labelId]!++;
  }

  /** Counts answers in, or with -1 out. */
  give(label: number, truth: number, count: 1 | -1): void {
    this.given[label]! += count;
    if (label === truth) this.right[label]! += count;
  }

  macroF1(): number {
    let total = 0;
    for (const [label, right] of this.right.entries())
      total += ratio(2 * right, this.given[label]! + this.support[label]!);
    return total / this.right.length;
  }
}
