import type { TrainResult } from "../../run/events.js";
import type { Metrics } from "../../run/metrics.js";
import { grouped } from "../plain.js";
import { type Content, html, labelName, share } from "./markup.js";
import type { Judgement } from "./ranking.js";
import { table } from "./table.js";

/** How many texts got their label, in one sentence. */
export function answerSentence({ judged, metrics, problem }: Judgement): Content {
  const right = Math.round(metrics.accuracy * judged.length);
  const labels = problem === "multi_label" ? "all their labels" : "their label";
  return html`<p class="answer"><em>${grouped(right)} of ${grouped(judged.length)}</em> test texts got ${labels}: ${share(metrics.accuracy)}.</p>`;
}

/** The numbers that people ask for first. */
export function scores({ metrics, labels }: Judgement): Content {
  const known = labels
    .map((label, id) => ({ label, ...metrics.perLabel[id]! }))
    .filter(({ support }) => support > 0);
  const worst = known.reduce((a, b) => (b.f1 < a.f1 ? b : a));
  const tiles: (readonly [name: Content, score: number, note?: Content])[] = [
    [
      "samples" in metrics ? "all labels right" : "accuracy",
      metrics.accuracy,
      "samples" in metrics ? html`${metrics.hammingLoss.toFixed(3)} of single answers are wrong` : undefined,
    ],
    ["macro F1", metrics.macro.f1, "mean of all labels"],
    [html`F1 of ${labelName(worst.label, 24)}`, worst.f1, "the lowest of a label"],
    ...probabilityScore(metrics),
  ];
  return html`<dl class="scores">${tiles
    .filter(([, score]) => Number.isFinite(score))
    .map(
      ([
        name,
        score,
        note,
      ]) => html`<div><dt>${name}</dt><dd>${score.toFixed(3)}${note !== undefined && html`<small>${note}</small>`}</dd></div>
`,
    )}</dl>
`;
}

function probabilityScore(metrics: Metrics): (readonly [string, number, string])[] {
  return "samples" in metrics
    ? [["average precision", metrics.averagePrecision, "mean of all labels"]]
    : [["calibration error", metrics.calibrationError, "of its probabilities; 0 is best"]];
}

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
