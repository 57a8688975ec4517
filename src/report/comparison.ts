import { stringify } from "csv-stringify/sync";
import { formatLabels } from "../data/label-sets.js";
import type { Flip } from "../run/comparison.js";
import type { Comparison } from "../run/evaluate-node.js";
import type { Judgement } from "../run/judgement.js";
import { namedMetrics } from "../run/metrics/names.js";
import { COMPARED_AS_IF_ANSWERED, hasUnknown } from "./answered.js";
import { gatesText } from "./gates.js";
import { decimals, intervalText, labelRows, overallRows, withInterval } from "./intervals.js";
import { gateData, metricsData } from "./metrics-data.js";
import { columns, count, oneLine } from "./plain.js";
import { sections } from "./sections.js";

/** Two models side by side as text, with the texts whose answer changed. */
export function comparisonReport(comparison: Comparison): string {
  const { a, flips, gates } = comparison;
  return sections([
    [`Comparison on ${count(a.judged.length, "text")}`, overview(comparison)],
    ["Changed answers", flipsText(comparison.labels, flips)],
    ...(gates.length === 0 ? [] : [["Gates, of B less A", gatesText(gates, unknownIn(comparison))] as const]),
  ]);
}

/** Whether either model left texts unknown. */
export const unknownIn = ({ a, b }: Comparison): boolean => hasUnknown(a) || hasUnknown(b);

function overview(comparison: Comparison): string {
  const { folders } = comparison;
  return [
    `A: ${folders.a}\nB: ${folders.b}\n`,
    columns([["", "A", "B", "B - A"], ...comparisonRows(comparison)]),
    columns([["F1", "A", "B", "B - A"], ...labelF1Rows(comparison)]),
    `In brackets: 95 % intervals, those of B - A from the same draws for both.\n${verdictSentence(comparison)}\n${unknownIn(comparison) ? `${COMPARED_AS_IF_ANSWERED}\n` : ""}`,
  ].join("\n");
}

/** Title, A, B and the difference of each number. */
export function comparisonRows({ a, b, differences }: Comparison): string[][] {
  const ofB = new Map(overallRows(b.metrics, b.intervals).map((row) => [row.name, row]));
  return overallRows(a.metrics, a.intervals).map(({ name, title, value, interval }) => {
    const other = ofB.get(name);
    const { value: difference, interval: spread } = differences[name]!;
    return [
      title,
      withInterval(value, interval),
      withInterval(other?.value ?? Number.NaN, other?.interval),
      spread === null ? signed(difference) : `${signed(difference)} (${intervalText(spread, signed)})`,
    ];
  });
}

/** The same of each label's F1; its difference has no interval. */
export function labelF1Rows({ labels, a, b }: Comparison): string[][] {
  const rowsOf = ({ metrics, intervals }: Judgement) =>
    labelRows(labels, metrics, intervals).slice(0, labels.length);
  const ofB = rowsOf(b);
  return rowsOf(a).map(({ name, scores }, id) => {
    const [ours, theirs] = [scores[2]!, ofB[id]!.scores[2]!];
    return [
      name,
      withInterval(ours.value, ours.interval),
      withInterval(theirs.value, theirs.interval),
      signed(theirs.value - ours.value),
    ];
  });
}

/** Whether the models can be told apart, and by what. */
export function verdictSentence({ mcnemar, verdict, a }: Comparison): string {
  const { onlyA, onlyB, p, method } = mcnemar;
  const texts = count(a.judged.length, "text");
  if (onlyA + onlyB === 0)
    return `They can't be told apart: on these ${texts} both are right and wrong on the same.`;
  const counts = `only A has ${onlyA} of them right, only B ${onlyB}`;
  const test = `McNemar's test, ${method}, p = ${p < 0.001 ? p.toExponential(1) : p.toFixed(3)}`;
  if (verdict === "undecided")
    return `They can't be told apart on these ${texts}: ${counts}. Equally good models would often differ as much (${test}).`;
  const better = verdict === "a" ? "A" : "B";
  return `${better} is better on these ${texts}: ${counts}. Equally good models would rarely differ as much (${test}).`;
}

/** "4 better, 2 worse, 1 wrong either way" */
export function flipCounts(flips: readonly Flip[]): string {
  const number = (change: Flip["change"]) => flips.filter((flip) => flip.change === change).length;
  return `${number("better")} better, ${number("worse")} worse, ${number("other")} wrong either way`;
}

/** Worse ones first: they are what a change is judged by. */
export function sortedFlips(flips: readonly Flip[]): Flip[] {
  const order: Flip["change"][] = ["worse", "better", "other"];
  return [...flips].sort((a, b) => order.indexOf(a.change) - order.indexOf(b.change));
}

const mostFlips = 10;

function flipsText(labels: readonly string[], flips: readonly Flip[]): string {
  if (flips.length === 0) return "None: both models answer the same to every text.\n";
  const shown = sortedFlips(flips).slice(0, mostFlips);
  const rest = flips.length > shown.length ? ` The first ${shown.length}:` : "";
  const lines = shown.map(({ row, text, labelIds, a, b, change }) => {
    const [label, before, after] = [labelIds, a.predictedIds, b.predictedIds].map(namesOf(labels));
    return `  ${change}: row ${row} is ${label}, A says ${before}, B ${after}:\n    ${oneLine(text, 100)}\n`;
  });
  return `${count(flips.length, "text")} got another answer: ${flipCounts(flips)}.${rest}\n${lines.join("")}`;
}

/** Labels of a text, for people. */
export const namesOf =
  (labels: readonly string[]) =>
  (ids: readonly number[]): string =>
    ids.length === 0 ? "none" : formatLabels(ids.map((id) => labels[id]!));

/** The texts whose answer changed as CSV, worse ones first, with both models' labels and probabilities. */
export function flipsCsv({ labels, flips }: Comparison): string {
  const names = (ids: readonly number[]) => formatLabels(ids.map((id) => labels[id]!));
  const scores = (model: string) => labels.map((label) => `score_${model}_${label}`);
  const header = ["row", "text", "label", "predicted_a", "predicted_b", "change"];
  const rows = sortedFlips(flips).map(({ row, text, labelIds, a, b, change }) => [
    String(row),
    text,
    ...[labelIds, a.predictedIds, b.predictedIds].map(names),
    change,
    ...[...a.probabilities, ...b.probabilities].map(String),
  ]);
  // quote_record_delimiter: a text with a carriage return needs quotes, too
  return stringify([[...header, ...scores("a"), ...scores("b")], ...rows], { quote_record_delimiter: true });
}

/** The comparison as JSON: both models' metrics as in metrics.json, and their differences. */
export function comparisonData(comparison: Comparison): Record<string, unknown> {
  const { folders, source, labels, problem, a, b, differences, resamples } = comparison;
  const { mcnemar, verdict, flips, gates } = comparison;
  const names = namesOf(labels);
  return {
    source,
    labels,
    a: { folder: folders.a, ...metricsData(a, { labels, problem, source }) },
    b: { folder: folders.b, ...metricsData(b, { labels, problem, source }) },
    differences: Object.fromEntries(
      namedMetrics(problem).map(({ name }) => {
        const { value, interval } = differences[name]!;
        return [name, { value, low: interval?.low ?? null, high: interval?.high ?? null }];
      }),
    ),
    resamples,
    mcnemar,
    verdict,
    flips: flips.map(({ row, labelIds, a, b, change }) => ({
      row,
      label: names(labelIds),
      a: names(a.predictedIds),
      b: names(b.predictedIds),
      change,
    })),
    ...(gates.length > 0 && { gates: gates.map(gateData) }),
  };
}

const signed = (value: number): string => {
  const text = decimals(value);
  return value > 0 && !/^0\.0+$/.test(text) ? `+${text}` : text.replace(/^-(0\.0+)$/, "$1");
};
