import type { Problem } from "../model/loss.js";
import type { GateResult } from "../run/gates.js";
import type { Judgement } from "../run/judgement.js";
import type { Interval } from "../run/metrics/interval.js";
import { labelFields, namedMetrics } from "../run/metrics/names.js";
import { countMistakes, outcomesByLabel } from "../run/metrics/outcomes.js";
import { VERSION } from "../run/version.js";
import { answeredLabels, hasUnknown, type WithUnknown } from "./answered.js";

/** Of metrics.json: schema/metrics.schema.json. Within a version fields are only added. */
export const METRICS_SCHEMA = "textgraft-metrics/1";

/** A number with its 95 % interval; null where the texts give none. */
export interface MetricData {
  value: number | null;
  low: number | null;
  high: number | null;
}

/** What metrics.json holds. */
export interface MetricsData {
  schema: typeof METRICS_SCHEMA;
  /** Version of Textgraft. */
  textgraft: string;
  problem: Problem;
  labels: readonly string[];
  /** Where the texts came from. */
  source: string;
  texts: number;
  /** Texts that didn't get exactly their labels; withheld answers count as if they had been given. */
  mistakes: number;
  /** By name, as gates have them. */
  metrics: Record<string, MetricData>;
  /** In the order of `labels`. */
  perLabel: ({
    label: string;
    support: number;
    truePositives: number;
    falsePositives: number;
    falseNegatives: number;
  } & Record<(typeof labelFields)[number], MetricData>)[];
  /** Rows are true labels, columns predicted ones; null where a text may have several. */
  confusion: readonly (readonly number[])[] | null;
  /** How often texts were drawn anew for intervals. */
  resamples: number;
  /** Texts by which another model has to differ to be told apart; null: no better model could be. */
  smallestDifference: { least: number; usual: number | null };
  /** Only where answers were withheld; all other numbers are as if every text had been answered. */
  answered?: AnsweredData;
  /** Only where gates were asked for. */
  gates?: { name: string; expected: string; found: number | null; passed: boolean }[];
}

/** Of the answers that were given; null where there was none. */
export interface AnsweredData {
  answered: number;
  right: number;
  coverage: number;
  accuracy: number | null;
  withheldRight: number;
  /** In the order of `labels`; `found` is of all texts with the label. */
  perLabel: {
    label: string;
    unknown: number;
    precision: number | null;
    recall: number | null;
    found: number | null;
  }[];
}

/** What was judged. */
export interface Subject {
  labels: readonly string[];
  problem: Problem;
  source: string;
  gates?: readonly GateResult[];
}

/** metrics.json */
export const metricsJson = (judgement: Judgement, subject: Subject): string =>
  `${JSON.stringify(metricsData(judgement, subject), null, 2)}\n`;

/** The judgement of a model as metrics.json has it. */
export function metricsData(
  judgement: Judgement,
  { labels, problem, source, gates = [] }: Subject,
): MetricsData {
  const { metrics, intervals, judged, smallestDifference } = judgement;
  const outcomes = outcomesByLabel(metrics);
  return {
    schema: METRICS_SCHEMA,
    textgraft: VERSION,
    problem,
    labels,
    source,
    texts: judged.length,
    mistakes: countMistakes(judged),
    metrics: Object.fromEntries(
      namedMetrics(problem).map(({ name, of }) => [name, metricData(of(metrics), intervals.overall[name])]),
    ),
    perLabel: labels.map((label, id) => {
      const scores = metrics.perLabel[id]!;
      const intervalOf = intervals.perLabel[id]!;
      const [precision, recall, f1] = labelFields.map((field) =>
        metricData(scores[field], intervalOf[field]),
      ) as [MetricData, MetricData, MetricData];
      return { label, support: scores.support, ...outcomes[id]!, precision, recall, f1 };
    }),
    confusion: "samples" in metrics ? null : metrics.confusion,
    resamples: intervals.resamples,
    smallestDifference: { least: smallestDifference.least, usual: smallestDifference.usual ?? null },
    ...(hasUnknown(judgement) && { answered: answeredData(labels, judgement) }),
    ...(gates.length > 0 && { gates: gates.map(gateData) }),
  };
}

function answeredData(labels: readonly string[], judgement: WithUnknown): AnsweredData {
  const { answered, right, coverage, accuracy, withheldRight } = judgement.answered;
  return {
    answered,
    right,
    coverage,
    accuracy: known(accuracy),
    withheldRight,
    perLabel: answeredLabels(labels, judgement).map(({ label, unknown, precision, recall, found }) => ({
      label,
      unknown,
      precision: known(precision.given),
      recall: known(recall.given),
      found: known(found),
    })),
  };
}

/** JSON has no NaN. */
const known = (value: number): number | null => (Number.isFinite(value) ? value : null);

const metricData = (value: number, interval: Interval | null | undefined): MetricData => ({
  value: known(value),
  low: interval?.low ?? null,
  high: interval?.high ?? null,
});

export const gateData = ({ name, expected, found, passed }: GateResult) => ({
  name,
  expected,
  found: known(found),
  passed,
});
