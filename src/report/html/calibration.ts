import { sum } from "../../base/numbers.js";
import { count, grouped, percent } from "../plain.js";
import { type ReliabilityBin, reliability, uncalibrated } from "./curves.js";
import { figure } from "./figure.js";
import type { Content } from "./markup.js";
import { colors, dashes, Plot } from "./plot.js";
import type { Judgement } from "./ranking.js";

/**
 * Whether probabilities mean what they say: of the answers with 80 %, 80 % should be right. Where a temperature was chosen,
 * beside what they were without it.
 */
export function calibrationFigure(
  { judged, problem, metrics }: Judgement,
  temperature: number | undefined,
): Content {
  const bins = reliability(judged, problem);
  const before =
    temperature === undefined ? [] : reliability(uncalibrated(judged, temperature, problem), problem);
  const most = Math.max(...[...bins, ...before].map(({ answers }) => answers));
  const radius = ({ answers }: ReliabilityBin): number => 3 + 9 * Math.sqrt(answers / most);
  const what = problem === "multi_label" ? "answer" : "text";
  const series = (points: readonly ReliabilityBin[], i: 0 | 1): Plot.Markish[] => [
    Plot.line(points, {
      x: "meanProbability",
      y: "rightShare",
      stroke: colors.series[i],
      strokeDasharray: dashes[i],
      strokeOpacity: 0.5,
    }),
    Plot.dot(points, {
      x: "meanProbability",
      y: "rightShare",
      r: { value: radius, scale: null } as never,
      fill: colors.series[i],
      fillOpacity: 0.75,
    }),
  ];
  const divided =
    temperature === undefined
      ? ""
      : ` Logits are divided by ${temperature.toFixed(3)}, the temperature that was chosen on validation texts.`;
  return figure({
    title: "How sure it is, and how often right",
    says: `${verdictOf(bins)}${"samples" in metrics ? "" : ` The expected calibration error is ${metrics.calibrationError.toFixed(3)}.`}${divided} On the dotted line probabilities would be exact; larger dots stand for more ${what}s.`,
    plot: {
      x: { domain: [0, 1], ticks: 5, label: "mean probability", labelArrow: false },
      y: { domain: [0, 1], ticks: 5, label: "share that is right", labelArrow: false, grid: true },
      marks: [
        Plot.line(
          [
            [0, 0],
            [1, 1],
          ],
          { stroke: colors.muted, strokeDasharray: "1 4" },
        ),
        ...series(before, 1),
        ...series(bins, 0),
      ],
    },
    legend: temperature === undefined ? [] : ["calibrated", "before"],
    numbers: {
      caption: "Answers by their probability",
      header: ["probability", `${what}s`, "mean probability", "right"],
      rows: [...rowsOf(bins, temperature === undefined ? "" : "calibrated "), ...rowsOf(before, "before ")],
    },
  });
}

const rowsOf = (bins: readonly ReliabilityBin[], which: string): string[][] =>
  bins.map(({ from, to, answers, meanProbability, rightShare }) => [
    `${which}${Math.round(100 * from)}–${Math.round(100 * to)} %`,
    grouped(answers),
    percent(meanProbability),
    percent(rightShare),
  ]);

/** Where most answers lie, in words. */
function verdictOf(bins: readonly ReliabilityBin[]): string {
  const all = sum(bins.map(({ answers }) => answers));
  const largest = bins.reduce((a, b) => (b.answers >= a.answers ? b : a));
  const gap =
    sum(bins.map(({ answers, meanProbability, rightShare }) => answers * (meanProbability - rightShare))) /
    all;
  const told = `${count(largest.answers, "answer")} of ${grouped(all)} got a probability of ${Math.round(100 * largest.from)}–${Math.round(100 * largest.to)} %; of these, ${percent(largest.rightShare)} are right.`;
  if (Math.abs(gap) < 0.01) return `${told} On average it is as sure as it is right.`;
  return `${told} On average it is ${gap > 0 ? "surer than it is right" : "less sure than it is right"}, by ${Math.abs(100 * gap).toFixed(1)} percentage points.`;
}
