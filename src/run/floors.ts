import { Column } from "../base/column.js";
import { atOnce, type Steps, within } from "../base/steps.js";
import { TextNumbers } from "../data/text-numbers.js";
import type { Texts } from "../data/texts.js";
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
  /** One entry for each test text. */
  predictedIds: readonly (readonly number[])[];
  metrics: ClassificationMetrics | MultiLabelMetrics;
}

/** Texts with their labelIds, in the same order. */
export interface LabelledTexts {
  texts: Texts;
  labelIds: ArrayLike<number>;
}

/** The two floors, learned from the training texts only, in steps. */
export function* findFloors(train: LabelledTexts, testTexts: Texts, labelCount: number): Steps<Floor[]> {
  const majority = majorityLabelId(train.labelIds, labelCount);
  const classify = yield* within(trainNaiveBayes(train, labelCount), 0, 0.7);
  return [
    { name: "the majority label", predictions: new Array<number>(testTexts.length).fill(majority) },
    { name: "naive Bayes", predictions: yield* within(answers(testTexts, classify), 0.7, 1) },
  ];
}

/** What a function says of each text. */
export function* answers<Answer>(texts: Texts, classify: (text: string) => Answer): Steps<Answer[]> {
  const found: Answer[] = [];
  for (let i = 0; i < texts.length; i++) {
    if (i % 16 === 0) yield i / texts.length;
    found.push(classify(texts.at(i)!));
  }
  return found;
}

/** The commonest labelId; the smallest of equally common ones. */
export function majorityLabelId(labelIds: ArrayLike<number>, labelCount: number): number {
  return argmax(countsOf(labelIds, labelCount));
}

/**
 * Multinomial naive Bayes over the set of word 1- and 2-grams of each text (a repeated gram counts once), with add-0.3
 * smoothing over the grams of the training texts; other grams are ignored. Gives text → labelId.
 * https://nlp.stanford.edu/IR-book/html/htmledition/naive-bayes-text-classification-1.html
 */
export const naiveBayes = (train: LabelledTexts, labelCount: number): ((text: string) => number) =>
  atOnce(trainNaiveBayes(train, labelCount));

function* trainNaiveBayes(
  { texts, labelIds }: LabelledTexts,
  labelCount: number,
): Steps<(text: string) => number> {
  const groups = (text: number) => [labelIds[text]!];
  const { size, totals, countsOf: counts } = yield* countGrams(texts, groups, labelCount);
  // log P(label) + Σ log P(gram | label), with P(gram | label) = (count + 0.3) / (total + 0.3 · grams)
  const priors = countsOf(labelIds, labelCount).map((count) => Math.log(count / texts.length));
  const denominators = totals.map((total) => Math.log(total + smoothing * size));
  return (text) => {
    const scores = [...priors];
    for (const gram of grams(text)) {
      const count = counts(gram);
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

/** Later grams stay unknown: bounds the memory for very large training sets, at about 24 bytes for each and its counts. */
const mostGrams = 2_000_000;
const mostCounts = 2 ** 25;

/** How many texts of each group hold a gram. */
export interface GramCounts {
  /** Different grams. */
  size: number;
  /** By group, the sum over all grams. */
  totals: number[];
  /** By group; undefined for an unknown gram. */
  countsOf(gram: string): Uint32Array | undefined;
}

/**
 * Counts the grams of texts by group, in steps; `groupsOf` says for each text the numbers of the groups, below
 * `groupCount`, that it is in.
 */
export function* countGrams(
  texts: Texts,
  groupsOf: (text: number) => readonly number[],
  groupCount: number,
): Steps<GramCounts> {
  const known = new TextNumbers();
  const counts = new Column();
  const totals = new Array<number>(groupCount).fill(0);
  const most = Math.min(mostGrams, Math.floor(mostCounts / Math.max(1, groupCount)));
  for (let text = 0; text < texts.length; text++) {
    if (text % 16 === 0) yield text / texts.length;
    const groups = groupsOf(text);
    for (const gram of grams(texts.at(text)!)) {
      const number = known.count < most ? known.numberOf(gram) : known.find(gram);
      if (number === undefined) continue;
      while (counts.length < (number + 1) * groupCount) counts.push(0);
      for (const group of groups) {
        counts.add(number * groupCount + group, 1);
        totals[group]!++;
      }
    }
  }
  return {
    size: known.count,
    totals,
    countsOf(gram) {
      const number = known.find(gram);
      if (number === undefined) return undefined;
      return Uint32Array.from({ length: groupCount }, (_, group) => counts.at(number * groupCount + group));
    },
  };
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

function countsOf(labelIds: ArrayLike<number>, labelCount: number): number[] {
  const counts = new Array<number>(labelCount).fill(0);
  for (let text = 0; text < labelIds.length; text++) counts[labelIds[text]!]!++;
  return counts;
}
