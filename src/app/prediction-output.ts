import { createWriteStream } from "node:fs";
import { realpath, rename, rm, stat } from "node:fs/promises";
import type { Writable } from "node:stream";
import { formatLabels } from "../data/label-sets.js";
import type { Row, RowSource } from "../data/rows/row-source.js";
import { type CsvWriter, csvWriter } from "../data/write.js";
import { oneLine } from "../report/plain.js";
import { UNKNOWN } from "../run/decision.js";
import type { TextClassifier } from "../run/load-node.js";
import type { Prediction } from "../run/predict.js";
import { type App, jsonLine, type Output } from "./app.js";

/** Where predictions go, a list of rows after the other. */
export interface PredictionOutput {
  write(rows: readonly Row[], predictions: readonly Prediction[]): Promise<void>;
  /** Behind the last: a file is in its place only then. */
  end(): Promise<void>;
  /** Leaves no file. */
  discard(): Promise<void>;
}

/** Predictions as `--output` and `--json` ask for them: CSV, a JSON object for each row, or lines for people. */
export async function openPredictionOutput(
  { stdout }: App,
  { output, json }: { output?: string; json?: true },
  { classifier, source }: { classifier: TextClassifier; source: Pick<RowSource, "columns" | "delimiter"> },
): Promise<PredictionOutput> {
  const csv = output === undefined ? undefined : csvWriter(source, addedColumns(classifier));
  const file = output === undefined || output === "-" ? undefined : await openFile(output);
  const target = file?.stream ?? stdout;
  let begun = false;
  return {
    async write(rows, predictions) {
      if (csv) {
        if (!begun) await writeTo(target, csv.header);
        begun = true;
        await writeTo(target, labelled(csv, classifier, rows, predictions));
      }
      if (json) await writeTo(stdout, predictions.map(jsonLine).join(""));
      else if (!csv) await writeTo(stdout, predictionLines(classifier, predictions, stdout));
    },
    end: async () => file?.end(),
    discard: async () => file?.discard(),
  };
}

/** Writes, and waits where the reader is slower. */
async function writeTo(stream: Writable, text: string): Promise<void> {
  await new Promise<void>((resolve, reject) =>
    stream.write(text, (error) => (error ? reject(error) : resolve())),
  );
}

/** A file that appears under its name when it is whole; what is no plain file, such as a pipe, is written as it is. */
async function openFile(path: string) {
  const found = await stat(path).catch(() => undefined);
  const target = found ? await realpath(path) : path;
  const aside = found && !found.isFile() ? undefined : `${target}.${process.pid}.part`;
  const stream = createWriteStream(aside ?? target);
  const close = () =>
    new Promise<void>((resolve, reject) => {
      stream.once("error", reject);
      stream.end(resolve);
    });
  await new Promise((resolve, reject) => stream.once("open", resolve).once("error", reject));
  return {
    stream,
    async end() {
      await close();
      if (aside !== undefined) await rename(aside, target);
    },
    async discard() {
      await close().catch(() => {});
      if (aside !== undefined) await rm(aside, { force: true });
    },
  };
}

/**
 * The columns predicted_label, predicted_score and score_LABEL of each label; where a text may have several labels,
 * predicted_labels as `a|b` stands for the first two.
 */
const addedColumns = ({ labels, problem }: TextClassifier): string[] => [
  ...(problem === "multi_label" ? ["predicted_labels"] : ["predicted_label", "predicted_score"]),
  ...labels.map((label) => `score_${label}`),
];

/** Rows with what was predicted behind their own values. */
const labelled = (
  csv: CsvWriter,
  { labels, problem }: TextClassifier,
  rows: readonly Row[],
  predictions: readonly Prediction[],
): string =>
  csv.lines(
    rows.map(({ values }, i) => {
      const found = predictions[i]!;
      const answer =
        problem === "multi_label"
          ? [found.label === null ? UNKNOWN : formatLabels(found.labels)]
          : [found.label ?? UNKNOWN, found.score];
      return [...values, ...answer, ...labels.map((label) => found.scores[label]!)];
    }),
  );

/**
 * "label  score  text", a line for each text; on a terminal no line is wider than it. Where a text may have several
 * labels: "label 0.9876, other 0.6543  text", or "no label"; "unknown" for an answer that is withheld.
 */
function predictionLines(
  { labels, problem }: TextClassifier,
  predictions: readonly Prediction[],
  { isTTY, columns = 80 }: Output,
): string {
  const shown = predictions.some(({ label }) => label === null) ? [...labels, UNKNOWN] : labels;
  const labelWidth = Math.max(...shown.map((label) => label.length));
  const several = ({ label: best, labels: given, scores }: Prediction): string =>
    best === null
      ? UNKNOWN
      : given.map((label) => `${label} ${scores[label]!.toFixed(4)}`).join(", ") || "no label";
  const answers = predictions.map((prediction) =>
    problem === "multi_label"
      ? several(prediction)
      : `${(prediction.label ?? UNKNOWN).padEnd(labelWidth)}  ${prediction.score.toFixed(4)}`,
  );
  const width = answers.reduce((widest, answer) => Math.max(widest, answer.length), 0);
  const textWidth = isTTY ? Math.max(20, columns - width - 3) : Number.POSITIVE_INFINITY;
  return predictions
    .map(({ text }, i) => `${answers[i]!.padEnd(width)}  ${oneLine(text, textWidth)}\n`)
    .join("");
}
