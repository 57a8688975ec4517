import { stringify } from "csv-stringify/sync";
import type { Judged } from "../run/events.js";

/** The misclassified texts, those that the model was surest of first. */
export function mistakesOf(judged: readonly Judged[]): Judged[] {
  const sureness = ({ probabilities, predictedId }: Judged): number => probabilities[predictedId]!;
  return judged
    .filter(({ labelId, predictedId }) => labelId !== predictedId)
    .sort((a, b) => sureness(b) - sureness(a));
}

/**
 * The misclassified texts as CSV, the surest first: data row, text, true and predicted label, and the probability of
 * each label. `labels` are names by labelId.
 */
export function mistakesCsv(labels: readonly string[], judged: readonly Judged[]): string {
  const header = ["row", "text", "label", "predicted", ...labels.map((label) => `score_${label}`)];
  const rows = mistakesOf(judged).map(({ row, text, labelId, predictedId, probabilities }) => [
    String(row),
    text,
    labels[labelId]!,
    labels[predictedId]!,
    ...probabilities.map(String),
  ]);
  // quote_record_delimiter: a text with a carriage return needs quotes, too
  return stringify([header, ...rows], { quote_record_delimiter: true });
}
