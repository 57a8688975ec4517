import type { Problem } from "../../model/loss.js";
import type { Judgement as BareJudgement } from "../../run/judgement.js";
import { plainOrQuoted } from "../sentences.js";
import { type LabelCurves, labelCurves, type Point } from "./curves.js";
import { figure } from "./figure.js";
import { type Content, html, labelName, shortened } from "./markup.js";
import { colors, dashes, Plot } from "./plot.js";
import type { TableSpec } from "./table.js";

/** The judgement on some texts, as the sections about it take it. */
export interface Judgement extends BareJudgement {
  problem: Problem;
  labels: readonly string[];
}

/** Precision-recall and ROC curves; undefined where no label has both texts with it and texts without it. */
export function rankingFigures(judgement: Judgement): Content {
  const { labels, judged } = judgement;
  const shown = chosenLabels(judgement)
    .map((labelId) => labelCurves(judged, labelId))
    .filter((curves) => curves !== undefined);
  const [first] = shown;
  if (!first) return undefined;
  const names = shown.map(({ labelId }) => plainOrQuoted(shortened(labels[labelId]!, 40)));
  const which = shown.length === 1 ? ` of ${names[0]}` : "";
  const fewer = shown.length < labels.length && labels.length > 2;
  const choice = fewer ? ` Shown are the ${shown.length} labels with the lowest F1.` : "";
  const legend = (score: (curves: LabelCurves) => number): Content[] =>
    shown.length === 1
      ? []
      : shown.map((curves) => html`${labelName(labels[curves.labelId]!)} ${score(curves).toFixed(3)}`);
  const best = first;
  return [
    figure({
      title: `Precision and recall${which}`,
      says:
        shown.length === 1
          ? `Finding more of the texts with the label ${names[0]} costs precision: average precision ${best.averagePrecision.toFixed(3)}, at best 1.`
          : `How much precision is left when more texts of a label are found, with the average precision of each, at best 1.${choice}`,
      plot: linesPlot(
        shown.map(({ precisionRecall }) => precisionRecall),
        { x: "recall", y: "precision", curve: "step-before" },
      ),
      legend: legend(({ averagePrecision }) => averagePrecision),
      numbers: thresholdTable("Precision and recall by threshold", labels, shown, [
        ["precision", ({ precision }) => precision],
        ["recall", ({ recall }) => recall],
      ]),
    }),
    figure({
      title: `ROC${which}`,
      says:
        shown.length === 1
          ? `The chance that a text with the label ${names[0]} gets a higher probability than one without it is ${best.rocAuc.toFixed(3)} (ROC AUC); by guessing it is 0.5.`
          : `How many texts of a label are found against how many others are taken for it, with the area under each curve (ROC AUC); by guessing it is 0.5.${choice}`,
      plot: linesPlot(
        shown.map(({ roc }) => roc),
        { x: "false positive rate", y: "true positive rate", curve: "linear", diagonal: true },
      ),
      legend: legend((curves) => curves.rocAuc),
      numbers: thresholdTable("ROC by threshold", labels, shown, [
        ["false positive rate", ({ falsePositiveRate }) => falsePositiveRate],
        ["true positive rate", ({ recall }) => recall],
      ]),
    }),
  ];
}

/** The second of two labels, as in the metrics; else those with the lowest F1, the worst first. */
function chosenLabels({ problem, labels, metrics }: Judgement): number[] {
  if (labels.length === 2 && problem === "single_label") return [1];
  const known = [...labels.keys()].filter((labelId) => metrics.perLabel[labelId]!.support > 0);
  const f1 = (labelId: number): number => metrics.perLabel[labelId]!.f1;
  return known.sort((a, b) => f1(a) - f1(b)).slice(0, colors.series.length);
}

const unit = { domain: [0, 1], ticks: 5 };

function linesPlot(
  lines: readonly (readonly Point[])[],
  {
    x,
    y,
    curve,
    diagonal = false,
  }: { x: string; y: string; curve: "step-before" | "linear"; diagonal?: boolean },
): Plot.PlotOptions {
  return {
    x: { ...unit, label: x, labelArrow: false },
    y: { ...unit, label: y, labelArrow: false, grid: true },
    marks: [
      ...(diagonal
        ? [
            Plot.line(
              [
                [0, 0],
                [1, 1],
              ],
              { stroke: colors.muted, strokeDasharray: "1 4" },
            ),
          ]
        : []),
      ...lines.map((points, i) =>
        Plot.line(points as [number, number][], {
          stroke: colors.series[i]!,
          strokeDasharray: dashes[i]!,
          strokeWidth: 2,
          curve,
        }),
      ),
    ],
  };
}

const THRESHOLDS = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];

function thresholdTable(
  caption: string,
  labels: readonly string[],
  shown: readonly LabelCurves[],
  columns: readonly (readonly [name: string, of: (outcome: ReturnType<LabelCurves["at"]>) => number])[],
): TableSpec {
  const several = shown.length > 1;
  return {
    caption,
    header: [...(several ? ["label"] : []), "threshold", ...columns.map(([name]) => name)],
    rows: shown.flatMap((curves) =>
      THRESHOLDS.map((threshold) => {
        const outcome = curves.at(threshold);
        return [
          ...(several ? [labelName(labels[curves.labelId]!)] : []),
          String(threshold),
          ...columns.map(([, of]) => (Number.isFinite(of(outcome)) ? of(outcome).toFixed(3) : "–")),
        ];
      }),
    ),
  };
}
