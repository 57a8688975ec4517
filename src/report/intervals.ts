import type { Intervals } from "../run/intervals.js";
import type { Judgement } from "../run/judgement.js";
import type { Interval } from "../run/metrics/interval.js";
import { averagesOf, labelFields, namedMetrics } from "../run/metrics/names.js";
import type { Scores } from "../run/metrics/scores.js";
import type { Metrics } from "../run/metrics.js";
import { columns, count, grouped, percent } from "./plain.js";

/** A number with three decimals; a dash where it has no value. */
export const decimals = (value: number): string => (Number.isFinite(value) ? value.toFixed(3) : "-");

/** "0.979 to 0.994"; a dash where the texts tell none. */
export const intervalText = (interval: Interval | null | undefined, write = decimals): string =>
  interval == null ? "-" : `${write(interval.low)} to ${write(interval.high)}`;

/** "0.989 (0.979 to 0.994)" */
export const withInterval = (value: number, interval: Interval | null | undefined): string =>
  interval == null ? decimals(value) : `${decimals(value)} (${intervalText(interval)})`;

/** A number for all labels, as tables show it. */
export interface OverallRow {
  name: string;
  title: string;
  value: number;
  interval: Interval | null;
}

/** The numbers for all labels that have a value, but for the averages of precision and recall: those have rows of their own. */
export function overallRows(metrics: Metrics, { overall }: Intervals): OverallRow[] {
  return namedMetrics(problemOf(metrics))
    .filter(({ name }) => !/-(precision|recall)$/.test(name) || name === "average-precision")
    .filter(({ name }) => name !== "micro-f1" || isTelling("micro", metrics))
    .map(({ name, title, of }) => ({ name, title, value: of(metrics), interval: overall[name] ?? null }))
    .filter(({ value }) => Number.isFinite(value));
}

/** Precision, recall and F1, each with its interval. */
export interface LabelRow {
  /** A label, or an average as scikit-learn names it. */
  name: string;
  scores: { value: number; interval: Interval | null }[];
  support: number;
}

/** A row for each label, and for each average over them. */
export function labelRows(
  labels: readonly string[],
  metrics: Metrics,
  { perLabel, overall }: Intervals,
): LabelRow[] {
  const row = (name: string, scores: Scores, intervalOf: (field: LabelRowField) => Interval | null) => ({
    name,
    scores: labelFields.map((field) => ({ value: scores[field], interval: intervalOf(field) })),
    support: scores.support,
  });
  return [
    ...labels.map((label, id) => row(label, metrics.perLabel[id]!, (field) => perLabel[id]![field])),
    ...averagesOf(metrics)
      .filter((average) => isTelling(average, metrics))
      .map((average) =>
        row(`${average} avg`, averageOf(metrics, average), (field) => overall[`${average}-${field}`] ?? null),
      ),
  ];
}
type LabelRowField = (typeof labelFields)[number];

/** Where each text has one answer, micro averages all are the accuracy. */
const isTelling = (average: string, metrics: Metrics): boolean => average !== "micro" || "samples" in metrics;

const averageOf = (metrics: Metrics, average: ReturnType<typeof averagesOf>[number]): Scores =>
  average === "samples" ? (metrics as Metrics & { samples: Scores }).samples : metrics[average];

/** What kind of answers metrics are of. */
export const problemOf = (metrics: Metrics) => ("samples" in metrics ? "multi_label" : "single_label");

/** All numbers with their intervals as two tables, and what they mean. */
export function intervalTables(labels: readonly string[], { metrics, intervals }: Judgement): string {
  const overall = overallRows(metrics, intervals);
  const rows = labelRows(labels, metrics, intervals);
  return [
    columns([
      ["", "value", "95 % interval"],
      ...overall.map(({ title, value, interval }) => [title, decimals(value), intervalText(interval)]),
    ]),
    columns([
      ["with 95 % interval", "precision", "recall", "F1"],
      ...rows.map(({ name, scores }) => [
        name,
        ...scores.map(({ value, interval }) => withInterval(value, interval)),
      ]),
    ]),
  ].join("\n");
}

/** What an interval is, where some have none, and what a test of this size can show at all. */
export function intervalSentences({ metrics, intervals, judged, smallestDifference }: Judgement): string[] {
  const lacking = overallRows(metrics, intervals).filter(({ interval }) => interval === null);
  const none =
    lacking.length === 0
      ? []
      : [
          `No interval: ${lacking.map(({ title }) => title).join(", ")}. ` +
            "There are too few mistakes, or too few texts of a label, to tell one.",
        ];
  return [
    "Other texts of the same kind would give other numbers; of 100 such intervals about 95 hold the one of all such texts.",
    ...none,
    differenceSentence(judged.length, smallestDifference),
  ];
}

/** The fewest texts by which models have to differ here, and a warning where that is much. */
function differenceSentence(texts: number, { least, usual }: Judgement["smallestDifference"]): string {
  const these = `these ${count(texts, "text")}`;
  if (texts < least) return `${capital(these)} are too few to tell any two models apart.`;
  const few =
    least / texts > COARSE
      ? ` That is ${percent(least / texts)} of them: a larger test set would tell finer differences.`
      : "";
  if (usual === undefined) {
    return `It makes so few mistakes that no model could be shown to be better on ${these}: that takes at least ${least} texts that only the other one has right.${few}`;
  }
  const other = usual === least ? "" : `, or ${least} if it has nothing wrong that this one has right`;
  return (
    `To be told apart from this model on ${these}, another has to get about ${grouped(usual)} more of them right ` +
    `(${percent(usual / texts)})${other}.${few}`
  );
}

/** Differences of more than this many texts of 100 are said to be coarse. */
const COARSE = 0.02;

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
