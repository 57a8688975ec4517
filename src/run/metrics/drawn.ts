import type { Problem } from "../../model/loss.js";
import type { Metrics, MultiLabelScores, SingleLabelScores } from "../metrics.js";
import { classificationMetrics } from "./confusion.js";
import { fromTally } from "./multilabel.js";
import { argmax, BINS, binOf, clipped, type Rows } from "./probabilities.js";
import { type Hits, ratio, scoreTable } from "./scores.js";

/** What a model answered to one text, and what would have been right. */
export interface Answer {
  readonly labelIds: readonly number[];
  readonly predictedIds: readonly number[];
  readonly probabilities: readonly number[];
}

/**
 * The metrics of texts that were drawn from the given ones, by how often each of them was drawn: those that `measure`
 * gives for such a list of texts. What doesn't depend on the drawing is computed here, once: ranks, losses, outcomes.
 */
export function drawnMetrics(
  answers: readonly Answer[],
  labelCount: number,
  problem: Problem,
): (drawn: Uint32Array) => Metrics {
  return problem === "multi_label" ? ofAnyLabels(answers, labelCount) : ofOneLabel(answers, labelCount);
}

function ofOneLabel(answers: readonly Answer[], labelCount: number): (drawn: Uint32Array) => Metrics {
  const probabilities = answers.map((answer) => answer.probabilities);
  const truth = Int32Array.from(answers, ({ labelIds }) => labelIds[0]!);
  const cells = Int32Array.from(answers, ({ predictedIds }, i) => truth[i]! * labelCount + predictedIds[0]!);
  const losses = Float64Array.from(answers, (_, i) => -Math.log(clipped(probabilities[i]![truth[i]!]!)));
  const squares = squaresOf(probabilities, (i, id) => (truth[i] === id ? 1 : 0));
  const bins = calibrationBins(probabilities, truth);
  const isYes = (i: number, id: number) => truth[i] === id;
  const labels = labelCount === 2 ? [1] : [...Array(labelCount).keys()];
  const ranking = meanRanking(labels.map((id) => ranked(probabilities, id, isYes)));
  return (drawn): SingleLabelScores => {
    const table = new Array<number>(labelCount ** 2).fill(0);
    for (let i = 0; i < cells.length; i++) table[cells[i]!]! += drawn[i]!;
    const row = (id: number) => table.slice(id * labelCount, (id + 1) * labelCount);
    return {
      ...classificationMetrics(Array.from({ length: labelCount }, (_, id) => row(id))),
      logLoss: meanOf(losses, drawn),
      brier: meanOf(squares, drawn) / (labelCount === 2 ? 2 : 1),
      calibrationError: bins(drawn),
      ...ranking(drawn),
    };
  };
}

function ofAnyLabels(answers: readonly Answer[], labelCount: number): (drawn: Uint32Array) => Metrics {
  const probabilities = answers.map((answer) => answer.probabilities);
  const ids = [...Array(labelCount).keys()];
  const isTrue = (i: number, id: number) => answers[i]!.labelIds.includes(id);
  const kinds: Kind[][] = answers.map((answer) => ids.map((id) => kindOf(answer, id)));
  const ofText = kinds.map((row) => scoreTable([hitsOf(row)]).perLabel[0]!);
  const byText = (of: (i: number) => number) => Float64Array.from(answers, (_, i) => of(i));
  const precision = byText((i) => ofText[i]!.precision);
  const recall = byText((i) => ofText[i]!.recall);
  const f1 = byText((i) => ofText[i]!.f1);
  const support = byText((i) => ofText[i]!.support);
  const wrong = byText((i) => kinds[i]!.filter(isWrong).length);
  const right = wrong.map((answersWrong) => (answersWrong === 0 ? 1 : 0));
  const losses = byText(
    (i) =>
      ids.reduce((total, id) => {
        const p = probabilities[i]![id]!;
        return total - Math.log(clipped(isTrue(i, id) ? p : 1 - p));
      }, 0) / labelCount,
  );
  const squares = squaresOf(probabilities, (i, id) => (isTrue(i, id) ? 1 : 0));
  const ranking = meanRanking(ids.map((id) => ranked(probabilities, id, isTrue)));
  return (drawn): MultiLabelScores => {
    const ofLabel = ids.map(() => hitsOf([]));
    let texts = 0;
    for (const [i, row] of kinds.entries()) {
      const times = drawn[i]!;
      if (times === 0) continue;
      texts += times;
      for (let id = 0; id < labelCount; id++) {
        const kind = row[id]!;
        if (kind !== "trueNegatives") ofLabel[id]![kind] += times;
      }
    }
    const mean = (values: Float64Array) => meanOf(values, drawn);
    return {
      ...fromTally({
        ofLabel,
        samples: {
          precision: mean(precision),
          recall: mean(recall),
          f1: mean(f1),
          support: totalOf(support, drawn),
        },
        texts,
        rightTexts: totalOf(right, drawn),
        wrongAnswers: totalOf(wrong, drawn),
      }),
      logLoss: mean(losses),
      brier: mean(squares) / labelCount,
      ...ranking(drawn),
    };
  };
}

type Kind = keyof Hits | "trueNegatives";

function kindOf({ labelIds, predictedIds }: Answer, id: number): Kind {
  const given = predictedIds.includes(id);
  if (labelIds.includes(id)) return given ? "truePositives" : "falseNegatives";
  return given ? "falsePositives" : "trueNegatives";
}

const isWrong = (kind: Kind): boolean => kind === "falsePositives" || kind === "falseNegatives";

function hitsOf(kinds: readonly Kind[]): Hits {
  const number = (wanted: Kind) => kinds.filter((kind) => kind === wanted).length;
  return {
    truePositives: number("truePositives"),
    falsePositives: number("falsePositives"),
    falseNegatives: number("falseNegatives"),
  };
}

/** Σ (p - y)² over the labels of each text. */
function squaresOf(probabilities: Rows, truth: (i: number, id: number) => number): Float64Array {
  return Float64Array.from(probabilities, (row, i) =>
    Array.from(row).reduce((total, p, id) => total + (p - truth(i, id)) ** 2, 0),
  );
}

function totalOf(values: Float64Array, drawn: Uint32Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]! * drawn[i]!;
  return total;
}

function meanOf(values: Float64Array, drawn: Uint32Array): number {
  let texts = 0;
  for (let i = 0; i < drawn.length; i++) texts += drawn[i]!;
  return totalOf(values, drawn) / texts;
}

/** `calibrationError` of drawn texts. */
function calibrationBins(probabilities: Rows, truth: Int32Array): (drawn: Uint32Array) => number {
  const tops = probabilities.map(argmax);
  const bins = Uint8Array.from(tops, (top, i) => binOf(probabilities[i]![top]!));
  const gaps = Float64Array.from(tops, (top, i) => probabilities[i]![top]! - (top === truth[i] ? 1 : 0));
  return (drawn) => {
    const sums = new Float64Array(BINS);
    let texts = 0;
    for (let i = 0; i < gaps.length; i++) {
      sums[bins[i]!]! += gaps[i]! * drawn[i]!;
      texts += drawn[i]!;
    }
    return sums.reduce((total, gap) => total + Math.abs(gap), 0) / texts;
  };
}

/** The texts from the highest probability of a label to the lowest. */
interface Ranked {
  order: Int32Array;
  /** By place in the order: 1 where the text has the label. */
  yes: Uint8Array;
  /** By place in the order: 1 where the next probability is a lower one. */
  ends: Uint8Array;
}

function ranked(probabilities: Rows, id: number, isYes: (i: number, id: number) => boolean): Ranked {
  const scores = Float64Array.from(probabilities, (row) => row[id]!);
  const order = Int32Array.from(scores, (_, i) => i).sort((i, j) => scores[j]! - scores[i]!);
  return {
    order,
    yes: Uint8Array.from(order, (i) => (isYes(i, id) ? 1 : 0)),
    ends: Uint8Array.from(order, (i, place) => (scores[i] !== scores[order[place + 1] ?? -1] ? 1 : 0)),
  };
}

/** Means over the labels of ROC AUC and average precision, as `averageRanking` defines them. */
function meanRanking(labels: readonly Ranked[]) {
  return (drawn: Uint32Array): { rocAuc: number; averagePrecision: number } => {
    let rocAuc = 0;
    let averagePrecision = 0;
    for (const label of labels) {
      const { area, precision } = rankingOf(label, drawn);
      rocAuc += area / labels.length;
      averagePrecision += precision / labels.length;
    }
    return { rocAuc, averagePrecision };
  };
}

function rankingOf({ order, yes, ends }: Ranked, drawn: Uint32Array) {
  let [yesAbove, noAbove, yesHere, noHere, pairs, precision] = [0, 0, 0, 0, 0, 0];
  for (let place = 0; place < order.length; place++) {
    const times = drawn[order[place]!]!;
    if (yes[place] === 1) yesHere += times;
    else noHere += times;
    if (ends[place] === 0 || yesHere + noHere === 0) continue;
    pairs += noHere * (yesAbove + yesHere / 2); // a pair of equal scores counts half
    yesAbove += yesHere;
    noAbove += noHere;
    precision += (yesHere * yesAbove) / (yesAbove + noAbove);
    yesHere = noHere = 0;
  }
  return { area: pairs / (yesAbove * noAbove), precision: ratio(precision, yesAbove) };
}
