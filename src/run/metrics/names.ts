import type { Problem } from "../../model/loss.js";
import type { Metrics, MultiLabelScores, SingleLabelScores } from "../metrics.js";
import type { Scores } from "./scores.js";

/** A number that judges all labels together, under the name that gates, intervals and metrics.json have for it. */
export interface NamedMetric<M extends Metrics = Metrics> {
  readonly name: string;
  /** As reports call it. */
  readonly title: string;
  readonly better: "higher" | "lower";
  of(metrics: M): number;
}

/** All of them, in the order of reports. Their names never change their meaning. */
export const namedMetrics = (problem: Problem): readonly NamedMetric[] =>
  problem === "multi_label" ? multiLabel : singleLabel;

/** Of a label: `spam.precision`. */
export const labelFields = ["precision", "recall", "f1"] as const;
export type LabelField = (typeof labelFields)[number];

/** The averages over labels of these metrics, as scikit-learn's report orders them. */
export const averagesOf = (metrics: Metrics): readonly Average[] =>
  "samples" in metrics ? ["micro", "macro", "weighted", "samples"] : ["micro", "macro", "weighted"];
type Average = "micro" | "macro" | "weighted" | "samples";

const FIELD_TITLES: Record<LabelField, string> = { precision: "precision", recall: "recall", f1: "F1" };

const higher = <M extends Metrics>(
  name: string,
  title: string,
  of: (metrics: M) => number,
): NamedMetric<M> => ({ name, title, better: "higher", of });

const lower = <M extends Metrics>(
  name: string,
  title: string,
  of: (metrics: M) => number,
): NamedMetric<M> => ({ name, title, better: "lower", of });

function average<M extends Metrics>(average: Average, scores: (metrics: M) => Scores): NamedMetric<M>[] {
  return (["f1", "precision", "recall"] as const).map((field) =>
    higher(`${average}-${field}`, `${average} ${FIELD_TITLES[field]}`, (metrics) => scores(metrics)[field]),
  );
}

const averages: readonly NamedMetric[] = [
  ...average<Metrics>("macro", ({ macro }) => macro),
  ...average<Metrics>("weighted", ({ weighted }) => weighted),
  ...average<Metrics>("micro", ({ micro }) => micro),
];

const ofProbabilities: readonly NamedMetric[] = [
  higher("roc-auc", "ROC AUC", ({ rocAuc }) => rocAuc),
  higher("average-precision", "average precision", ({ averagePrecision }) => averagePrecision),
  lower("log-loss", "log loss", ({ logLoss }) => logLoss),
  lower("brier", "Brier score", ({ brier }) => brier),
];

const singleLabel: readonly NamedMetric<SingleLabelScores>[] = [
  higher("accuracy", "accuracy", ({ accuracy }) => accuracy),
  higher("balanced-accuracy", "balanced accuracy", ({ balancedAccuracy }) => balancedAccuracy),
  ...averages,
  higher("mcc", "Matthews correlation", ({ mcc }) => mcc),
  higher("kappa", "Cohen's kappa", ({ cohenKappa }) => cohenKappa),
  ...ofProbabilities,
  lower("calibration-error", "calibration error", ({ calibrationError }) => calibrationError),
];

const multiLabel: readonly NamedMetric<MultiLabelScores>[] = [
  higher("accuracy", "all labels of a text right", ({ accuracy }) => accuracy),
  lower("hamming-loss", "Hamming loss", ({ hammingLoss }) => hammingLoss),
  ...averages,
  ...average<MultiLabelScores>("samples", ({ samples }) => samples),
  ...ofProbabilities,
];
