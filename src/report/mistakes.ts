import { stringify } from "csv-stringify/sync";
import { formatLabels } from "../data/label-sets.js";
import type { Judged } from "../run/events.js";

/** The misclassified texts, those that the model was surest of first. A withheld answer is no mistake. */
export function mistakesOf(judged: readonly Judged[]): Judged[] {
  return judged
    .filter((answer) => !answer.unknown && wrongIds(answer).length + missedIds(answer).length > 0)
    .sort((a, b) => sureness(b) - sureness(a));
}

/** What is said where there are none. */
export const noMistakes = (judged: readonly Judged[]): string =>
  judged.some(({ unknown }) => unknown)
    ? "None: every text that was answered got its label."
    : "None: every text got its label.";

/** labelIds that a text was wrongly given. */
export const wrongIds = ({ labelIds, predictedIds }: Judged): number[] =>
  predictedIds.filter((id) => !labelIds.includes(id));

/** labelIds of a text that the model didn't give it. */
export const missedIds = ({ labelIds, predictedIds }: Judged): number[] =>
  labelIds.filter((id) => !predictedIds.includes(id));

/** The highest probability of a label wrongly given, or, where labels were only missed, of not having one of them. */
function sureness(answer: Judged): number {
  const wrong = wrongIds(answer).map((id) => answer.probabilities[id]!);
  const missed = missedIds(answer).map((id) => 1 - answer.probabilities[id]!);
  return Math.max(...(wrong.length > 0 ? wrong : missed));
}

/**
 * The misclassified texts as CSV, the surest first: data row, text, true and predicted label (several as `a|b`), and
 * the probability of each label. `labels` are names by labelId.
 */
export const mistakesCsv = (labels: readonly string[], judged: readonly Judged[]): string =>
  answersCsv(labels, mistakesOf(judged));

/** All texts with the model's answers as CSV, as `mistakesCsv` has them, in the given order. */
export function answersCsv(labels: readonly string[], judged: readonly Judged[]): string {
  const pairs = judged.some(({ pair }) => pair !== undefined);
  const header = [
    "row",
    "text",
    ...(pairs ? ["text2"] : []),
    "label",
    "predicted",
    ...labels.map((label) => `score_${label}`),
  ];
  const names = (ids: readonly number[]) => formatLabels(ids.map((id) => labels[id]!));
  const rows = judged.map(({ row, text, pair, labelIds, predictedIds, probabilities }) => [
    String(row),
    text,
    ...(pairs ? [pair ?? ""] : []),
    names(labelIds),
    names(predictedIds),
    ...probabilities.map(String),
  ]);
  // quote_record_delimiter: a text with a carriage return needs quotes, too
  return stringify([header, ...rows], { quote_record_delimiter: true });
}
