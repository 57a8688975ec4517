import { type Answered, metricsOfAnswers } from "../run/answered.js";
import type { Judgement } from "../run/judgement.js";
import { outcomesByLabel } from "../run/metrics/outcomes.js";
import type { Hits } from "../run/metrics/scores.js";
import { decimals, problemOf } from "./intervals.js";
import { columns, count, grouped, percent } from "./plain.js";

/** What a judgement says of a model that leaves texts unknown. */
export interface WithUnknown extends Judgement {
  answered: Answered;
}

/** Whether any answer was withheld. */
export const hasUnknown = (judgement: Judgement): judgement is WithUnknown =>
  judgement.answered !== undefined;

/** How many texts were answered, and how well. */
export function answeredSentences({ texts, answered, right, withheldRight }: Answered): string[] {
  const withheld = texts - answered;
  const good = answered === 0 ? "" : `; of these ${grouped(right)} rightly (${percent(right / answered)})`;
  return [
    `Answered: ${grouped(answered)} of ${count(texts, "text")} (${percent(answered / texts)})${good}.`,
    `The other ${grouped(withheld)} ${withheld === 1 ? "is" : "are"} unknown; ${grouped(withheldRight)} of them would have been right.`,
    "All other numbers here are as if every text had been answered.",
  ];
}

/** Of two models, where either left texts unknown. */
export const COMPARED_AS_IF_ANSWERED =
  "Texts that a model leaves unknown count with the answer that was withheld.";

/** What gates are held against, where it isn't what was answered. */
export const GATES_AS_IF_ANSWERED =
  "Gates hold numbers as if every text had been answered: a text that is left unknown counts with the answer that was withheld.";

/** What unknown answers do to one label. Shares are NaN where there is nothing to divide by. */
export interface AnsweredLabel {
  label: string;
  /** Texts that have it, and those of them that were left unknown. */
  texts: number;
  unknown: number;
  /** As if every text had been answered, and of the answers that were given. */
  precision: { all: number; given: number };
  recall: { all: number; given: number };
  /** Of all texts that have it, those that were rightly given it: unknown ones are not found. */
  found: number;
}

/** What unknown answers do to each label. */
export function answeredLabels(labels: readonly string[], { metrics, judged }: Judgement): AnsweredLabel[] {
  const given = metricsOfAnswers(judged, problemOf(metrics));
  const ofAll = outcomesByLabel(metrics);
  const ofGiven = given && outcomesByLabel(given);
  return labels.map((label, id) => {
    const [all, some] = [ofAll[id]!, ofGiven?.[id] ?? NONE];
    const texts = metrics.perLabel[id]!.support;
    return {
      label,
      texts,
      unknown: judged.filter(({ unknown, labelIds }) => unknown && labelIds.includes(id)).length,
      precision: { all: precisionOf(all), given: precisionOf(some) },
      recall: { all: recallOf(all), given: recallOf(some) },
      found: some.truePositives / texts,
    };
  });
}

const NONE: Hits = { truePositives: 0, falsePositives: 0, falseNegatives: 0 };
const precisionOf = ({ truePositives, falsePositives }: Hits): number =>
  truePositives / (truePositives + falsePositives);
const recallOf = ({ truePositives, falseNegatives }: Hits): number =>
  truePositives / (truePositives + falseNegatives);

export const ANSWERED_HEADER = [
  "texts",
  "unknown",
  "precision of all",
  "of answers",
  "recall of all",
  "of answers",
  "found",
] as const;

/** What the last column is. */
export const FOUND =
  "Found: of all texts with the label, those that were rightly given it; what is unknown isn't found.";

/** The cells behind a label's name. */
export const answeredCells = ({ texts, unknown, precision, recall, found }: AnsweredLabel): string[] => [
  grouped(texts),
  grouped(unknown),
  ...[precision.all, precision.given, recall.all, recall.given, found].map(decimals),
];

/** A line for each label. */
export const answeredTable = (labels: readonly string[], judgement: Judgement): string =>
  columns([
    ["", ...ANSWERED_HEADER],
    ...answeredLabels(labels, judgement).map((row) => [row.label, ...answeredCells(row)]),
  ]);
