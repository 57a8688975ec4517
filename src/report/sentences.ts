import { sum } from "../base/numbers.js";
import type { ClassificationMetrics } from "../run/metrics/confusion.js";
import type { MultiLabelMetrics } from "../run/metrics/multilabel.js";
import { outcomesByLabel } from "../run/metrics/outcomes.js";
import { count } from "./plain.js";

/**
 * One plain sentence for each label: what its mark is worth, and how many of its texts are found. Numbers are "of 100"
 * where there are at least 100 texts, else the true counts; a handful of texts is said to be one.
 */
export function labelSentences(
  labels: readonly string[],
  metrics: ClassificationMetrics | MultiLabelMetrics,
): string[] {
  const outcomes = outcomesByLabel(metrics);
  return labels.map((label, labelId) => {
    const { truePositives: right, falsePositives, falseNegatives } = outcomes[labelId]!;
    return labelSentence(plainOrQuoted(label), right, right + falsePositives, right + falseNegatives);
  });
}

/** A floor's name, such as "naive Bayes", and how it does on the same texts. */
export interface FloorResult {
  name: string;
  metrics: ClassificationMetrics | MultiLabelMetrics;
}

/**
 * Says whether the model beats each floor, by the texts that it gets right (all labels of a text) and by macro F1 (which
 * a floor that ignores rare labels has low), and gives the numbers. Equal is not better.
 */
export function floorSentence(model: FloorResult["metrics"], floors: readonly FloorResult[]): string {
  const named = (verdict: Verdict) =>
    floors.filter(({ metrics }) => compare(model, metrics) === verdict).map(({ name }) => name);
  const clauses = verdicts.flatMap((verdict) => {
    const names = named(verdict);
    return names.length === 0 ? [] : [clause[verdict](names)];
  });
  const texts = count(textCount(model), "text");
  const ours = `${rightTexts(model)} ${"samples" in model ? "entirely " : ""}right (macro F1 ${model.macro.f1.toFixed(3)})`;
  const theirs = floors.map(
    ({ name, metrics }) => `${name} ${rightTexts(metrics)} (${metrics.macro.f1.toFixed(3)})`,
  );
  return `The model ${clauses.join(", but ")}: of ${texts} it has ${[ours, ...theirs].join(", ")}.`;
}

function labelSentence(label: string, right: number, marked: number, support: number): string {
  const worth =
    marked === 0
      ? `No text was marked ${label}`
      : `Of ${count(scaled(marked), "text")} marked ${label}, ${share(right, marked)} ${label}`;
  const found =
    support === 0
      ? `no text here is ${label}, so nothing is known about how many would be found`
      : `of ${count(scaled(support), `${label} text`)}, ${share(right, support)} found`;
  const few = Math.min(marked || support, support || marked);
  const caution =
    few > 0 && few < fewTexts ? " With so few texts, other texts may give quite different numbers." : "";
  return `${worth}; ${found}.${caution}`;
}

const fewTexts = 20;

/** Counts below 100 stand for themselves, larger ones are told per 100. */
const scaled = (total: number): number => Math.min(total, 100);

/** "96 are", with the verb: never "all" or "none" because of rounding. */
function share(part: number, total: number): string {
  if (part === 0) return "none is";
  if (part === total) return total === 1 ? "that one is" : "all are";
  if (total <= 100) return part === 1 ? "1 is" : `${part} are`;
  const rounded = Math.round((100 * part) / total);
  if (rounded === 0) return "fewer than 1 is";
  if (rounded === 100) return "more than 99 are";
  return rounded === 1 ? "1 is" : `${rounded} are`;
}

type Verdict = "beats" | "onlyRight" | "onlyF1" | "not";
const verdicts: readonly Verdict[] = ["beats", "onlyRight", "onlyF1", "not"];
const clause: Record<Verdict, (names: string[]) => string> = {
  beats: (names) => `beats ${list(names, "and")}`,
  onlyRight: (names) => `beats ${list(names, "and")} by accuracy only`,
  onlyF1: (names) => `beats ${list(names, "and")} by macro F1 only`,
  not: (names) => `does not beat ${list(names, "or")}`,
};

function compare(model: FloorResult["metrics"], floor: FloorResult["metrics"]): Verdict {
  const right = rightTexts(model) > rightTexts(floor);
  const f1 = model.macro.f1 > floor.macro.f1;
  return right ? (f1 ? "beats" : "onlyRight") : f1 ? "onlyF1" : "not";
}

const textCount = (metrics: FloorResult["metrics"]): number =>
  "samples" in metrics ? sum(metrics.confusions[0]!.flat()) : metrics.macro.support;

const rightTexts = (metrics: FloorResult["metrics"]): number =>
  Math.round(metrics.accuracy * textCount(metrics));

/** A label that is a word stands as it is, any other (1, "not sure") in quotes. */
export const plainOrQuoted = (label: string): string =>
  /^\p{L}[\p{L}\p{M}\p{N}_-]*$/u.test(label) ? label : `"${label}"`;

function list(items: readonly string[], word: "and" | "or"): string {
  return items.length < 2 ? (items[0] ?? "") : `${items.slice(0, -1).join(", ")} ${word} ${items.at(-1)}`;
}
