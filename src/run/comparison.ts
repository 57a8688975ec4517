import { TextgraftError } from "../base/errors.js";
import { atOnce, type Steps, within } from "../base/steps.js";
import type { ColumnNames } from "../data/columns.js";
import { wholeText } from "../data/examples.js";
import type { Problem } from "../model/loss.js";
import type { Judged } from "./events.js";
import type { GateResult } from "./gates.js";
import { findJudgement, type Judgement, resampling } from "./judgement.js";
import { resamples, resamplesOf } from "./metrics/bootstrap.js";
import { drawnMetrics } from "./metrics/drawn.js";
import { type Interval, percentileInterval } from "./metrics/interval.js";
import { type McNemar, mcnemar, SIGNIFICANT } from "./metrics/mcnemar.js";
import { namedMetrics } from "./metrics/names.js";
import { isRight } from "./metrics/outcomes.js";

/** Two models on the same labelled texts. */
export interface Compared {
  /** By labelId: those of the first model. */
  labels: readonly string[];
  problem: Problem;
  a: Judgement;
  b: Judgement;
  /** B's value less A's, by the metric's name (`namedMetrics`), with its interval: null where the texts tell none. */
  differences: Readonly<Record<string, Difference>>;
  resamples: number;
  /** Of the texts that are entirely right. */
  mcnemar: McNemar;
  verdict: Verdict;
  /** The texts to which the models answer differently, in the order of the data. */
  flips: Flip[];
}

export interface Difference {
  value: number;
  interval: Interval | null;
}

/** Which model gets more texts right, as far as McNemar's test can tell. */
export type Verdict = "a" | "b" | "undecided";

export interface Flip {
  text: string;
  row: number;
  labelIds: readonly number[];
  a: Pick<Judged, "predictedIds" | "probabilities">;
  b: Pick<Judged, "predictedIds" | "probabilities">;
  /** better: only B has all labels right; worse: only A; other: both are wrong. */
  change: "better" | "worse" | "other";
}

/**
 * Compares two models' answers to the same texts in the same order. Each resample draws the texts once for both, so that
 * what is hard for both doesn't widen the intervals of their differences.
 */
export const compareAnswers = (a: readonly Judged[], b: readonly Judged[], question: Question): Compared =>
  atOnce(comparing(a, b, question));

/** What was asked. */
interface Question {
  labels: readonly string[];
  problem: Problem;
}

/** The same in steps: of many texts, or with many labels, it takes seconds. */
export function* comparing(
  a: readonly Judged[],
  b: readonly Judged[],
  { labels, problem }: Question,
): Steps<Compared> {
  const ofA = yield* within(findJudgement(a, problem), 0, 1 / 4);
  const ofB = yield* within(findJudgement(b, problem), 1 / 4, 1 / 2);
  const differences = yield* within(findDifferences(ofA, ofB, problem), 1 / 2, 1);
  const flips = flipsOf(a, b);
  const number = (change: Flip["change"]) => flips.filter((flip) => flip.change === change).length;
  const test = mcnemar(number("worse"), number("better"));
  return {
    labels,
    problem,
    a: ofA,
    b: ofB,
    differences,
    resamples: ofA.intervals.resamples,
    mcnemar: test,
    verdict: test.p >= SIGNIFICANT ? "undecided" : test.onlyA > test.onlyB ? "a" : "b",
    flips,
  };
}

/**
 * The gates of "not worse": the accuracy by McNemar's test, and macro F1, which rare labels count in as much as common ones,
 * by the interval of the difference. Of models that are equally good, one in forty fails the first, and about as many the second.
 */
export function notWorse({ verdict, differences }: Compared): GateResult[] {
  const f1 = differences["macro-f1"]!;
  return [
    {
      name: "accuracy-not-worse",
      expected: "accuracy isn't significantly worse",
      found: differences.accuracy!.value,
      passed: verdict !== "a",
    },
    {
      name: "macro-f1-not-worse",
      expected: "macro F1 isn't significantly worse",
      found: f1.value,
      passed: f1.interval === null ? f1.value >= 0 : f1.interval.high >= 0,
    },
  ];
}

function* findDifferences(a: Judgement, b: Judgement, problem: Problem): Steps<Record<string, Difference>> {
  const labelCount = a.metrics.perLabel.length;
  const texts = a.judged.length;
  const names = namedMetrics(problem);
  const [drawnA, drawnB] = [a, b].map(({ judged }) => drawnMetrics(judged, labelCount, problem));
  const count = resamplesOf(texts, labelCount);
  const found = names.map(() => new Float64Array(count));
  let resample = 0;
  for (const draw of resamples(texts, count, resampling())) {
    const [metricsA, metricsB] = [drawnA!(draw), drawnB!(draw)];
    for (const [i, { of }] of names.entries()) found[i]![resample] = of(metricsB) - of(metricsA);
    yield ++resample / count;
  }
  return Object.fromEntries(
    names.map(({ name, of }, i) => [
      name,
      { value: of(b.metrics) - of(a.metrics), interval: percentileInterval(found[i]!) ?? null },
    ]),
  );
}

function flipsOf(a: readonly Judged[], b: readonly Judged[]): Flip[] {
  return a.flatMap((ofA, i) => {
    const ofB = b[i]!;
    const { row, labelIds, predictedIds } = ofA;
    if (isRight({ labelIds: predictedIds, predictedIds: ofB.predictedIds })) return [];
    const change = isRight(ofA) ? "worse" : isRight(ofB) ? "better" : "other";
    return [{ text: wholeText(ofA), row, labelIds, a: answer(ofA), b: answer(ofB), change }];
  });
}

const answer = ({ predictedIds, probabilities }: Judged) => ({ predictedIds, probabilities });

/** @throws TextgraftError label-unknown where models don't answer the same question. */
export function requireComparable(a: Answering, b: Answering): void {
  const fix = "Compare models that were trained on the same labels.";
  if (a.problem !== b.problem) {
    const [several, one] = a.problem === "multi_label" ? [a, b] : [b, a];
    throw new TextgraftError("label-unknown", {
      message: `${several.folder} gives a text any number of labels, ${one.folder} exactly one: their answers can't be compared.`,
      fix,
    });
  }
  const [onlyA, onlyB] = [
    a.labels.filter((label) => !b.labels.includes(label)),
    b.labels.filter((label) => !a.labels.includes(label)),
  ];
  if (onlyA.length + onlyB.length === 0) return;
  const told = [
    { folder: a.folder, labels: onlyA },
    { folder: b.folder, labels: onlyB },
  ].flatMap(({ folder, labels }) =>
    labels.length === 0
      ? []
      : [
          `only ${folder} knows ${labels.slice(0, 5).map(quoted).join(", ")}${labels.length > 5 ? ` and ${labels.length - 5} more` : ""}`,
        ],
  );
  throw new TextgraftError("label-unknown", {
    message: `The models know other labels: ${told.join("; ")}.`,
    fix,
  });
}

/** What a model answers. */
export interface Answering {
  readonly folder: string;
  readonly labels: readonly string[];
  readonly problem: Problem;
  /** Whether it reads pairs of texts; default: single ones. */
  readonly pairs?: boolean;
  /** Columns of the data that it was trained on, where they are known. */
  readonly columns?: ColumnNames;
}

const quoted = (label: string): string => JSON.stringify(label);
