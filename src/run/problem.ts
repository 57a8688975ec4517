import type { Steps } from "../base/steps.js";
import type { Texts } from "../data/texts.js";
import type { Problem } from "../model/loss.js";
import type { ScoredFloor } from "./floors.js";
import type { Rows } from "./metrics/probabilities.js";
import type { Metrics } from "./metrics.js";
import { multiLabel } from "./multi-label.js";
import { singleLabel } from "./single-label.js";

/** labelIds of one text: exactly one, or in multi-label problems any number in rising order. */
export type LabelIds = readonly number[];

/** Of many texts, by the text's number; an array of lists is one. */
export interface LabelIdLists {
  readonly length: number;
  at(text: number): LabelIds | undefined;
}

/** What depends on whether a text has exactly one label or any number of them. */
export interface ProblemRules {
  /** What one training text gives the loss. */
  target(labelIds: LabelIds, settings: TargetSettings): Target;
  /** The loss of logits `[example][labelId]` with class weights and without label smoothing, as PyTorch computes it. */
  loss(logits: Rows, labelIds: readonly LabelIds[], classWeights: readonly number[]): number;
  /**
   * Compares probabilities `[example][labelId]` and the answers that were given (default: by the usual rule) with the truth;
   * refuses an empty set.
   */
  measure(
    labelIds: readonly LabelIds[],
    probabilities: readonly (readonly number[])[],
    predictedIds?: readonly LabelIds[],
  ): Metrics;
  /** The weight of each label that makes rare ones count as much: `counts` of `texts` training texts have it. */
  balancedWeights(counts: readonly number[], texts: number, labels: readonly string[]): number[];
  /** Compares answers with the truth, one entry for each text. */
  compare(
    labelIds: readonly LabelIds[],
    predictedIds: readonly LabelIds[],
    labelCount: number,
  ): ScoredFloor["metrics"];
  /** What a model has to beat, learned from the training texts and measured on the test texts, in steps. */
  floors(train: Labelled, test: Labelled, labels: readonly string[]): Steps<ScoredFloor[]>;
}

export interface TargetSettings {
  /** One for each label. */
  classWeights: readonly number[];
  labelSmoothing: number;
}

/** Of one row: what `model/loss.ts` takes. */
export interface Target {
  /** One for each label. */
  labels: readonly number[];
  /** A single one for the row, or one for each label. */
  weights: readonly number[];
  /** The row's part of what the sum of the losses is divided by. */
  denominator: number;
}

/** Texts with their labels, in the same order. */
export interface Labelled {
  texts: Texts;
  labelIds: LabelIdLists;
}

export const rulesOf = (problem: Problem): ProblemRules =>
  problem === "multi_label" ? multiLabel : singleLabel;
