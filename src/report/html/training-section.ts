import type { EpochFacts, TrainResult } from "../../run/events.js";
import type { StepPoint } from "../../run/step-curve.js";
import { decisionLines } from "../decision.js";
import { modelLines } from "../facts.js";
import { clock } from "../plain.js";
import { outcome } from "../run-report.js";
import { figure, figures } from "./figure.js";
import { type Content, html } from "./markup.js";
import { colors, dashes, Plot } from "./plot.js";
import { list } from "./table.js";

/** How the training went: what trained, and the curves of losses and metrics. */
export function trainingSection(result: TrainResult): Content {
  const { model, decision, epochs } = result;
  return html`${list([...modelLines(model), ...outcome(result), ...decisionLines(decision)])}
${epochs.length > 0 && figures([lossFigure(result), metricsFigure(result), stepsFigure(result)])}
`;
}

function lossFigure({ epochs, bestEpoch, steps, model, options }: TrainResult): Content {
  const perEpoch = model.steps / options.epochs;
  const inEpochs = ({ step }: StepPoint): number => step / perEpoch;
  const best = epochs.find(({ epoch }) => epoch === bestEpoch);
  return figure({
    title: "Loss",
    says: `Training loss should fall, and validation loss with it; where validation loss rises again, the model learns by heart.${steps.length > 1 ? ` The grey line is the training loss by step${reach(steps) > 0 ? ", smoothed" : ""}.` : ""}${
      best
        ? ` The weights are those of epoch ${best.epoch}, with a validation loss of ${best.validationLoss.toFixed(4)}.`
        : ""
    }`,
    plot: {
      x: epochAxis(epochs),
      y: { label: "loss", labelArrow: false, grid: true, zero: true, ticks: 6 },
      marks: [
        ...bestRule(bestEpoch),
        Plot.line(smoothed(finite(steps)), {
          x: inEpochs,
          y: "loss",
          stroke: colors.muted,
          strokeOpacity: 0.45,
          strokeWidth: 1,
        }),
        ...epochLine(epochs, ({ trainLoss }) => trainLoss, 0),
        ...epochLine(epochs, ({ validationLoss }) => validationLoss, 1),
      ],
    },
    legend: ["training, mean of the epoch", "validation"],
    numbers: {
      caption: "Losses and metrics by epoch",
      header: ["epoch", "training loss", "validation loss", "accuracy", "macro F1", "time"],
      rows: epochs.map(({ epoch, trainLoss, validationLoss, validation, seconds }) => [
        `${epoch}${epoch === bestEpoch ? " (best)" : ""}`,
        trainLoss.toFixed(4),
        validationLoss.toFixed(4),
        validation.accuracy.toFixed(4),
        validation.macro.f1.toFixed(4),
        clock(seconds),
      ]),
    },
  });
}

function metricsFigure({ epochs, bestEpoch, data }: TrainResult): Content {
  const last = epochs.at(-1)!;
  const accuracy = data.problem === "multi_label" ? "all labels of a text right" : "accuracy";
  return figure({
    title: "Validation",
    says: `After the last epoch, validation accuracy is ${last.validation.accuracy.toFixed(4)} and macro F1 ${last.validation.macro.f1.toFixed(4)}.`,
    plot: {
      x: epochAxis(epochs),
      y: { label: "score", labelArrow: false, grid: true, ticks: 6, domain: scoreDomain(epochs) },
      marks: [
        ...bestRule(bestEpoch),
        ...epochLine(epochs, ({ validation }) => validation.accuracy, 0),
        ...epochLine(epochs, ({ validation }) => validation.macro.f1, 1),
      ],
    },
    legend: [accuracy, "macro F1"],
    numbers: {
      caption: "Validation scores by epoch",
      header: ["epoch", accuracy, "macro F1", "log loss", "ROC AUC"],
      rows: epochs.map(({ epoch, validation }) => [
        String(epoch),
        ...[validation.accuracy, validation.macro.f1, validation.logLoss, validation.rocAuc].map((score) =>
          Number.isFinite(score) ? score.toFixed(4) : "–",
        ),
      ]),
    },
  });
}

/** What each step did: gradient norm, beside the learning rate. */
function stepsFigure({ steps, options }: TrainResult): Content {
  const points = finite(steps);
  if (points.length < 2) return undefined;
  const largest = Math.max(...points.map(({ learningRate }) => learningRate));
  const most = Math.max(...points.map(({ gradientNorm }) => gradientNorm));
  const clip = options.maxGradientNorm;
  return figure({
    title: "Steps",
    says: `The norm of the gradients was at most ${Number(most.toPrecision(3))}${clip > 0 ? `; above ${clip} it is clipped` : ""}. The learning rate, drawn to the same height, peaks at ${Number(largest.toPrecision(3))}.`,
    plot: {
      x: { label: "step", labelArrow: false, ticks: 5 },
      y: { label: "gradient norm", labelArrow: false, grid: true, zero: true, ticks: 6 },
      marks: [
        Plot.line(points, { x: "step", y: "gradientNorm", stroke: colors.accent, strokeWidth: 1.5 }),
        Plot.line(points, {
          x: "step",
          y: ({ learningRate }: StepPoint) => (learningRate / largest) * most,
          stroke: colors.other,
          strokeDasharray: dashes[1],
          strokeWidth: 2,
        }),
      ],
    },
    legend: ["gradient norm", "learning rate"],
    numbers: {
      caption: "Some of the steps",
      header: ["step", "loss", "gradient norm", "learning rate"],
      rows: some(points, 24).map(({ step, loss, gradientNorm, learningRate }) => [
        String(step),
        loss.toFixed(4),
        gradientNorm.toPrecision(4),
        String(Number(learningRate.toPrecision(3))),
      ]),
    },
  });
}

const finite = (steps: readonly StepPoint[]): StepPoint[] =>
  steps.filter(({ loss, gradientNorm }) => Number.isFinite(loss) && Number.isFinite(gradientNorm));

/** How many steps on each side a smoothed step takes in; none where there are few. */
const reach = (steps: readonly StepPoint[]): number => Math.round(steps.length / 60);

/** The mean of each step's loss and of those around it: single batches jump too much to show a course. */
function smoothed(steps: readonly StepPoint[]): StepPoint[] {
  const around = reach(steps);
  return steps.map((point, i) => {
    const near = steps.slice(Math.max(0, i - around), i + around + 1);
    return { ...point, loss: near.reduce((sum, { loss }) => sum + loss, 0) / near.length };
  });
}

/** Evenly chosen ones, the last among them. */
function some<T>(items: readonly T[], most: number): T[] {
  const every = Math.max(1, Math.ceil(items.length / most));
  return items.filter((_, i) => (items.length - 1 - i) % every === 0);
}

const epochAxis = (epochs: readonly EpochFacts[]): Plot.ScaleOptions => ({
  label: "epoch",
  labelArrow: false,
  domain: [0, epochs.length],
  ticks: Math.min(8, epochs.length),
  tickFormat: (epoch: number) => (Number.isInteger(epoch) ? String(epoch) : ""),
});

/** From a round number below the lowest score to 1. */
function scoreDomain(epochs: readonly EpochFacts[]): [number, number] {
  const lowest = Math.min(...epochs.flatMap(({ validation }) => [validation.accuracy, validation.macro.f1]));
  return [Math.max(0, Math.floor(10 * lowest - 0.5) / 10), 1];
}

const bestRule = (bestEpoch: number): Plot.Markish[] =>
  bestEpoch === 0
    ? []
    : [
        Plot.ruleX([bestEpoch], { stroke: colors.muted, strokeDasharray: "1 4" }),
        Plot.text([[bestEpoch, "best"]], {
          x: "0",
          text: "1",
          frameAnchor: "top",
          dy: -12,
          fill: colors.muted,
        }),
      ];

function epochLine(
  epochs: readonly EpochFacts[],
  of: (facts: EpochFacts) => number,
  series: 0 | 1,
): Plot.Markish[] {
  const points = epochs.map((facts): [number, number] => [facts.epoch, of(facts)]);
  const stroke = colors.series[series];
  return [
    Plot.line(points, { stroke, strokeDasharray: dashes[series], strokeWidth: 2 }),
    Plot.dot(points, { fill: stroke, r: 3.5 }),
  ];
}
