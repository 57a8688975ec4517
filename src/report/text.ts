import type { ClassificationMetrics } from "../run/metrics/confusion.js";
import type { MultiLabelMetrics } from "../run/metrics/multilabel.js";
import type { Scores } from "../run/metrics/scores.js";

/** A row of `classificationReportData`, under scikit-learn's names. */
export interface ReportRow {
  precision: number;
  recall: number;
  "f1-score": number;
  support: number;
}

/**
 * Precision, recall, F1 and support of each label and their averages, in the layout of scikit-learn's
 * `classification_report` to the byte. `labels` are names by labelId.
 */
export function classificationReport(
  labels: readonly string[],
  metrics: ClassificationMetrics | MultiLabelMetrics,
): string {
  const width = Math.max(...[...labels, "weighted avg"].map(lengthOf));
  const line = (name: string, cells: readonly string[]) =>
    `${padStart(name, width)} ${cells.map((cell) => ` ${cell.padStart(9)}`).join("")}\n`;
  const support = supportText(metrics);
  const scoreLine = (name: string, scores: Scores) =>
    line(name, [scores.precision, scores.recall, scores.f1].map(fixed2).concat(support(scores.support)));

  const header = line("", ["precision", "recall", "f1-score", "support"]);
  const rows = labels.map((label, labelId) => scoreLine(label, metrics.perLabel[labelId]!));
  const averages = Object.entries(averagesOf(metrics)).map(([name, scores]) =>
    typeof scores === "number"
      ? line(name, ["", "", fixed2(scores), support(metrics.macro.support)])
      : scoreLine(name, scores),
  );
  return [header, "\n", ...rows, "\n", ...averages].join("");
}

/** The same report as scikit-learn's `output_dict`: rows by label and average; `accuracy` is a number. */
export function classificationReportData(
  labels: readonly string[],
  metrics: ClassificationMetrics | MultiLabelMetrics,
): Record<string, ReportRow | number> {
  const row = ({ precision, recall, f1, support }: Scores): ReportRow => ({
    precision,
    recall,
    "f1-score": f1,
    support,
  });
  return Object.fromEntries([
    ...labels.map((label, labelId) => [label, row(metrics.perLabel[labelId]!)] as const),
    ...Object.entries(averagesOf(metrics)).map(
      ([name, scores]) => [name, typeof scores === "number" ? scores : row(scores)] as const,
    ),
  ]);
}

/**
 * The confusion matrix with a line for each true label and a column for each predicted one. Columns go by name, or
 * by number where names would make lines longer than `maxWidth` characters.
 */
export function confusionMatrixText(
  labels: readonly string[],
  confusion: readonly (readonly number[])[],
  maxWidth = 110,
): string {
  const layOut = (rowNames: readonly string[], columnNames: readonly string[]) => {
    const nameWidth = Math.max(...[...rowNames, corner].map(lengthOf));
    const widths = columnNames.map((name, column) =>
      Math.max(lengthOf(name), ...confusion.map((row) => String(row[column]).length)),
    );
    const line = (name: string, cells: readonly (string | number)[]) =>
      padStart(name, nameWidth) + cells.map((cell, i) => `  ${padStart(String(cell), widths[i]!)}`).join("");
    return [line(corner, columnNames), ...confusion.map((row, i) => line(rowNames[i]!, row))];
  };
  const named = layOut(labels, labels);
  const lines =
    lengthOf(named[0]!) <= maxWidth
      ? named
      : layOut(
          labels.map((label, i) => `${label} ${i + 1}`),
          labels.map((_, i) => String(i + 1)),
        );
  return `${lines.join("\n")}\n`;
}

const corner = "true \\ predicted";

function averagesOf(metrics: ClassificationMetrics | MultiLabelMetrics): Record<string, Scores | number> {
  const common = { "macro avg": metrics.macro, "weighted avg": metrics.weighted };
  return "samples" in metrics
    ? { "micro avg": metrics.micro, ...common, "samples avg": metrics.samples }
    : { accuracy: metrics.accuracy, ...common };
}

/** A quirk of scikit-learn's that we keep: where no prediction at all is right, supports are printed as "11.0". */
const supportText =
  (metrics: ClassificationMetrics | MultiLabelMetrics) =>
  (support: number): string =>
    !("samples" in metrics) && metrics.accuracy === 0 ? `${support}.0` : String(support);

/** Two decimals, ties to even as in Python: the ties are the odd multiples of 1/8, which `toFixed` rounds up. */
function fixed2(value: number): string {
  const eighths = value * 8;
  if (!Number.isInteger(eighths) || eighths % 2 === 0) return value.toFixed(2);
  const below = Math.floor(value * 100);
  return ((below + (below % 2)) / 100).toFixed(2);
}

/** In code points, as Python counts. */
const lengthOf = (text: string): number => [...text].length;

const padStart = (text: string, width: number): string =>
  " ".repeat(Math.max(0, width - lengthOf(text))) + text;
