import type { ClassificationMetrics } from "./metrics/confusion.js";
import type { MultiLabelMetrics } from "./metrics/multilabel.js";
import { argmax } from "./metrics/probabilities.js";

/** What a model has to beat to be worth its training; `Answer` is a labelId, or several. */
export interface Floor<Answer = number> {
  name: string;
  /** One for each test text. */
  predictions: Answer[];
}

/** A floor on the texts that the model is tested on. */
export interface ScoredFloor {
  name: string;
  metrics: ClassificationMetrics | MultiLabelMetrics;
}

/** Texts with their labelIds, in the same order. */
export interface LabelledTexts {
  texts: readonly string[];
  labelIds: readonly number[];
}

/** The two floors, learned from the training texts only. */
export function floors(train: LabelledTexts, testTexts: readonly string[], labelCount: number): Floor[] {
  const majority = majorityLabelId(train.labelIds, labelCount);
  return [
    { name: "the majority label", predictions: testTexts.map(() => majority) },
    { name: "naive Bayes", predictions: testTexts.map(naiveBayes(train, labelCount)) },
  ];
}

/** The commonest labelId; the smallest of equally common ones. */
export function majorityLabelId(labelIds: readonly number[], labelCount: number): number {
  return argmax(countsOf(labelIds, labelCount));
}

/**
 * Multinomial naive Bayes over the set of word 1- and 2-grams of each text (a repeated gram counts once), with add-0.3
 * smoothing over the grams of the training texts; other grams are ignored. Gives text → labelId.
 * https://nlp.stanford.edu/IR-book/html/htmledition/naive-bayes-text-classification-1.html
 */
export function naiveBayes({ texts, labelIds }: LabelledTexts, labelCount: number): (text: string) => number {
  const groups = labelIds.map((labelId) => [labelId]);
  const { counts, totals } = countGrams(texts, groups, labelCount);
  // log P(label) + Σ log P(gram | label), with P(gram | label) = (count + 0.3) / (total + 0.3 · grams)
  const priors = countsOf(labelIds, labelCount).map((count) => Math.log(count / texts.length));
  const denominators = totals.map((total) => Math.log(total + smoothing * counts.size));
  return (text) => {
    const scores = [...priors];
    for (const gram of grams(text)) {
      const count = counts.get(gram);
      if (count === undefined) continue;
      for (const [labelId, denominator] of denominators.entries()) {
        scores[labelId]! += Math.log(count[labelId]! + smoothing) - denominator;
      }
    }
    return argmax(scores);
  };
}

/** Added to each count. */
export const smoothing = 0.3;
const longestGram = 2;
const mostGrams = 4_000_000; // later ones stay unknown: bounds the memory for very large training sets

/**
 * How many texts of each group hold a gram, and the sum of that over all grams, by the group's number below
 * `groupCount`; `groups` says for each text which ones it is in.
 */
export function countGrams(
  texts: readonly string[],
  groups: readonly (readonly number[])[],
  groupCount: number,
): { counts: Map<string, number[]>; totals: number[] } {
  const counts = new Map<string, number[]>();
  const totals = new Array<number>(groupCount).fill(0);
  for (const [i, text] of texts.entries()) {
    for (const gram of grams(text)) {
      let count = counts.get(gram);
      if (count === undefined) {
        if (counts.size === mostGrams) continue;
        count = new Array<number>(groupCount).fill(0);
        counts.set(gram, count);
      }
      for (const group of groups[i]!) {
        count[group]!++;
        totals[group]!++;
      }
    }
  }
  return { counts, totals };
}

/** Words are runs of letters, digits and apostrophes; any other sign, such as "!" or "£", is a word of its own. */
export function grams(text: string): Set<string> {
  const words = text.toLowerCase().match(/[\p{L}\p{M}\p{N}']+|[^\s\p{L}\p{M}\p{N}']/gu) ?? [];
  const found = new Set<string>();
  for (let start = 0; start < words.length; start++) {
    let gram = "";
    for (const word of words.slice(start, start + longestGram)) {
      gram = gram === "" ? word : `${gram} ${word}`;
      found.add(gram);
    }
  }
  return found;
}

function countsOf(labelIds: readonly number[], labelCount: number): number[] {
  const counts = new Array<number>(labelCount).fill(0);
  for (const labelId of labelIds) counts[labelId]!++;
  return counts;
}
