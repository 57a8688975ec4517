import type { TrainResult } from "../../run/events.js";
import type { Interval } from "../../run/metrics/interval.js";
import type { Metrics } from "../../run/metrics.js";
import { hasUnknown, type WithUnknown } from "../answered.js";
import { intervalText } from "../intervals.js";
import { grouped } from "../plain.js";
import { type Content, html, labelName, share } from "./markup.js";
import type { Judgement } from "./ranking.js";
import { table } from "./table.js";

/** How many texts got their label, in one sentence; where texts were left unknown, of those that were answered. */
export function answerSentence(judgement: Judgement): Content {
  const { judged, metrics, problem } = judgement;
  if (hasUnknown(judgement)) return answeredSentence(judgement);
  const right = Math.round(metrics.accuracy * judged.length);
  const labels = problem === "multi_label" ? "all their labels" : "their label";
  return html`<p class="answer"><em>${grouped(right)} of ${grouped(judged.length)}</em> test texts got ${labels}: ${share(metrics.accuracy)}.</p>`;
}

function answeredSentence({ answered: { texts, answered, right, accuracy } }: WithUnknown): Content {
  const unknown = grouped(texts - answered);
  if (answered === 0)
    return html`<p class="answer"><em>None of ${grouped(texts)}</em> test texts was answered: all are unknown.</p>`;
  return html`<p class="answer"><em>${grouped(right)} of ${grouped(answered)}</em> answers are right: ${share(accuracy)}. <a href="#unknown">${unknown} of ${grouped(texts)}</a> test texts were left unknown.</p>
<p>All numbers below are as if every text had been answered, unless they say otherwise.</p>`;
}

/** The numbers that people ask for first, each with its interval. */
export function scores({ metrics, labels, intervals: { overall, perLabel } }: Judgement): Content {
  const known = [...labels.keys()].filter((id) => metrics.perLabel[id]!.support > 0);
  const f1 = (id: number): number => metrics.perLabel[id]!.f1;
  const worst = known.reduce((a, b) => (f1(b) < f1(a) ? b : a));
  const probability: Tile =
    "samples" in metrics
      ? ["average precision", metrics.averagePrecision, overall["average-precision"]]
      : ["calibration error, 0 is best", metrics.calibrationError, overall["calibration-error"]];
  const tiles: Tile[] = [
    ["samples" in metrics ? "all labels of a text right" : "accuracy", metrics.accuracy, overall.accuracy],
    ["macro F1, the mean of all labels", metrics.macro.f1, overall["macro-f1"]],
    [html`F1 of ${labelName(labels[worst]!, 24)}, the lowest`, f1(worst), perLabel[worst]!.f1],
    probability,
  ];
  return html`<dl class="scores">${tiles.filter(([, score]) => Number.isFinite(score)).map(tile)}</dl>
`;
}

type Tile = readonly [name: Content, score: number, interval: Interval | null | undefined];

const tile = ([name, score, interval]: Tile): Content => html`<div><dt>${name}</dt><dd>${score.toFixed(3)}${
  interval != null &&
  html` <small>95\u00a0% interval ${intervalText(interval).replaceAll(" ", "\u00a0")}</small>`
}</dd></div>
`;

/** The model beside two floors that know little. */
export function floorsTable({ metrics, judged }: Judgement, floors: TrainResult["test"]["floors"]): Content {
  const row = (name: string, of: Metrics | TrainResult["test"]["floors"][number]["metrics"]): Content[] => [
    name,
    grouped(Math.round(of.accuracy * judged.length)),
    of.accuracy.toFixed(3),
    of.macro.f1.toFixed(3),
  ];
  return table({
    caption: "The same test texts, judged without a language model",
    header: ["", "texts right", "accuracy", "macro F1"],
    rows: [row("this model", metrics), ...floors.map(({ name, metrics: of }) => row(name, of))],
  });
}
