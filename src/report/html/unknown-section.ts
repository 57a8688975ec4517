import { type CoveragePoint, coverageCurve } from "../../run/answered.js";
import {
  ANSWERED_HEADER,
  answeredCells,
  answeredLabels,
  answeredSentences,
  FOUND,
  type WithUnknown,
} from "../answered.js";
import { thresholdText } from "../decision.js";
import { count, grouped, percent } from "../plain.js";
import { type Point, thinned } from "./curves.js";
import { figure, figures } from "./figure.js";
import { type Content, html, labelName } from "./markup.js";
import { colors, Plot } from "./plot.js";
import type { Judgement } from "./ranking.js";
import { table } from "./table.js";

/** What a model answers, what it leaves unknown, and how many more answers would be how much worse. */
export function unknownSection(judgement: Judgement & WithUnknown): Content {
  const { labels, answered } = judgement;
  const rows = answeredLabels(labels, judgement);
  return html`<p>${answeredSentences(answered).join(" ")}</p>
<p>${FOUND}</p>
${table({
  caption: "What became of the texts of each label",
  header: ["label", ...ANSWERED_HEADER],
  rows: rows.map((row) => [labelName(row.label), ...answeredCells(row)]),
})}
${figures([coverageFigure(judgement)])}
`;
}

/** How right the answers are, against how many there are. */
function coverageFigure({ judged, problem, answered }: Judgement & WithUnknown): Content {
  const texts = judged.length;
  const curve = coverageCurve(judged, problem);
  const flawless = curve.findLast((point) => point.answered === point.right)?.answered ?? 0;
  const from = beginOf(Math.min(flawless, answered.answered) / texts);
  const least = Math.max(Math.min(FEWEST, texts), from * texts);
  const shown = curve.filter((point) => point.answered >= least);
  const points = shown.map(({ answered, right }): Point => [answered / texts, right / answered]);
  const all = curve.at(-1)!;
  const now: Point[] = answered.answered === 0 ? [] : [[answered.coverage, answered.accuracy]];
  const [low, high] = domainOf([...points, ...now]);
  const height = high - low;
  // Thinned as it is drawn: the axis of accuracies is a small part of 0 to 1.
  const line = thinned(points.map(([x, y]): Point => [x, (y - low) / height])).map(
    ([x, y]): [number, number] => [x, low + y * height],
  );
  const told =
    answered.answered === 0
      ? "This model answers none of these texts"
      : `The dot is this model: ${percent(answered.coverage)} answered, ${percent(answered.accuracy)} of these rightly`;
  return figure({
    title: "Accuracy and coverage",
    says: `The fewer texts are answered, those first that the model is surest of, the higher the line should lie. ${told}; if all were answered, ${percent(all.right / texts)} would be right. ${
      from > 0
        ? `Of the ${grouped(flawless)} that it is surest of, all are right.`
        : `The line begins at ${count(shown[0]!.answered, "answer")}: fewer say little.`
    }`,
    plot: {
      x: { domain: [from, 1], ticks: 5, label: "share of the texts that is answered", labelArrow: false },
      y: {
        domain: [low, high],
        ticks: 5,
        label: "accuracy of the answers",
        labelArrow: false,
        grid: true,
      },
      marks: [
        Plot.line(line, { stroke: colors.accent, strokeWidth: 2 }),
        Plot.dot(now as [number, number][], { fill: colors.other, r: 6 }),
      ],
    },
    numbers: {
      caption: "What other probabilities would give",
      header: ["answers from a probability of", "answered", "of all texts", "right"],
      rows: COVERAGES.map((share) => atCoverage(curve, share * texts)).map(
        ({ probability, answered, right }) => [
          thresholdText(probability),
          grouped(answered),
          percent(answered / texts),
          percent(right / answered),
        ],
      ),
    },
  });
}

/** With fewer answers one wrong one makes the line jump. */
const FEWEST = 20;

const COVERAGES = [1, 0.98, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5];

/** The point with the fewest answers that has at least so many. */
const atCoverage = (curve: readonly CoveragePoint[], least: number): CoveragePoint =>
  curve.find(({ answered }) => answered >= least - 0.5)!;

/** Where no answer is wrong there is little to see: a round share below that. */
const beginOf = (share: number): number => Math.max(0, Math.floor(10 * share) - 1) / 10;

/** From a little below the lowest accuracy to 1. */
function domainOf(points: readonly Point[]): readonly [number, number] {
  const lowest = points.reduce((least, [, accuracy]) => Math.min(least, accuracy), 1);
  return [Math.min(0.99, Math.max(0, 1 - 1.15 * (1 - lowest))), 1];
}
