import { sum } from "../../base/numbers.js";
import { count, grouped, percent } from "../plain.js";
import { type ReliabilityBin, reliability } from "./curves.js";
import { figure } from "./figure.js";
import type { Content } from "./markup.js";
import { colors, Plot } from "./plot.js";
import type { Judgement } from "./ranking.js";

/** Whether probabilities mean what they say: of the answers with 80 %, 80 % should be right. */
export function calibrationFigure({ judged, problem, metrics }: Judgement): Content {
  const bins = reliability(judged, problem);
  const most = Math.max(...bins.map(({ answers }) => answers));
  const radius = ({ answers }: ReliabilityBin): number => 3 + 9 * Math.sqrt(answers / most);
  const what = problem === "multi_label" ? "answer" : "text";
  return figure({
    title: "How sure it is, and how often right",
    says: `${verdictOf(bins)}${"samples" in metrics ? "" : ` The expected calibration error is ${metrics.calibrationError.toFixed(3)}.`} On the dotted line probabilities would be exact; larger dots stand for more ${what}s.`,
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
        Plot.line(bins, { x: "meanProbability", y: "rightShare", stroke: colors.accent, strokeOpacity: 0.5 }),
        Plot.dot(bins, {
          x: "meanProbability",
          y: "rightShare",
          r: { value: radius, scale: null } as never,
          fill: colors.accent,
          fillOpacity: 0.75,
        }),
      ],
    },
    numbers: {
      caption: "Answers by their probability",
      header: ["probability", `${what}s`, "mean probability", "right"],
      rows: bins.map(({ from, to, answers, meanProbability, rightShare }) => [
        `${Math.round(100 * from)}–${Math.round(100 * to)} %`,
        grouped(answers),
        percent(meanProbability),
        percent(rightShare),
      ]),
    },
  });
}

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
