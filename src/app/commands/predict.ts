import type { Command } from "commander";
import { TextgraftError } from "../../base/errors.js";
import { badRowsText } from "../../data/bad-rows.js";
import { formatLabels } from "../../data/label-sets.js";
import { readTexts, type TextRow } from "../../data/read-texts.js";
import { openRows, standardInput } from "../../data/rows/open-rows-node.js";
import type { RowSource } from "../../data/rows/row-source.js";
import type { Table } from "../../data/table.js";
import { writeCsv } from "../../data/write.js";
import { count, oneLine } from "../../report/plain.js";
import type { TextClassifier } from "../../run/load-node.js";
import type { Prediction } from "../../run/predict.js";
import { readingOptions, readOptionsOf } from "../../run/reading-node.js";
import { type App, type CommonFlags, checkOutput, jsonLine, type Output, writeOutput } from "../app.js";
import { predictAll } from "../predict-all.js";
import { openProgress, type Progress } from "../progress.js";
import { addReadingOptions, type ReadingFlags } from "../reading-options.js";

interface PredictFlags extends CommonFlags, ReadingFlags {
  input?: string;
  output?: string;
}

/** `textgraft predict DIR [TEXT…]` */
export function addPredict(program: Command, app: App): Command {
  const command = program
    .command("predict")
    .description("classify new texts: arguments, a file, or standard input with one text a line or as CSV")
    .argument("<dir>", "model folder that train wrote")
    .argument("[texts...]", "texts to classify")
    .option(
      "--input <file>",
      "file with a column of texts (CSV, TSV, JSON, Parquet; also .gz, .zst), .txt with one text a line, or folder; - is standard input (CSV if it begins with a header)",
    )
    .option("--output <file>", "write the input with predicted columns added as CSV; - is standard output");
  return addReadingOptions(command, ["text", "text2"]).action(
    (dir: string, texts: string[], flags: PredictFlags) => predictVerb(app, dir, texts, flags),
  );
}

async function predictVerb(app: App, dir: string, args: string[], flags: PredictFlags): Promise<void> {
  const { input, output, json } = flags;
  if (output !== undefined) await checkOutput(output, { input, json });
  const progress = openProgress(app.stderr, flags);
  if (args.length === 0 && input === undefined && process.stdin.isTTY) {
    progress.say("Reading texts from the keyboard, one a line; Ctrl-D ends.");
  }
  const { table, texts } = await inputTable(args, flags, progress);
  const { load } = await import("../../run/load-node.js");
  const classifier = await load(dir);
  try {
    const predictions = await predictAll(classifier, texts, progress);
    if (output !== undefined) {
      await writeOutput(app, output, labelledCsv(table, classifier, predictions));
      if (output !== "-") progress.say(`Wrote ${count(predictions.length, "row")} to ${output}.`);
    }
    if (json) app.stdout.write(predictions.map(jsonLine).join(""));
    else if (output === undefined) app.stdout.write(predictionLines(classifier, predictions, app.stdout));
  } finally {
    await classifier.close();
  }
}

/** What is classified, and the table that it stands in. */
interface Input {
  table: Table;
  texts: string[];
}

/** The texts to classify as a table, wherever they come from. */
async function inputTable(args: readonly string[], flags: PredictFlags, { say }: Progress): Promise<Input> {
  const { input, text } = flags;
  if (args.length === 0) return await readInput(input ?? "-", flags, say);
  if (text !== undefined) {
    throw new TextgraftError("option-invalid", {
      message: `There are texts as arguments (${count(args.length, "text")}) and a column as --text ${text}.`,
      fix: "Leave out --text, or give a file with --input.",
    });
  }
  if (input === undefined) {
    const rows = args.map((arg) => [arg]);
    const table = { source: "the arguments", columns: ["text"], rows, delimiter: "," as const };
    return { table, texts: [...args] };
  }
  throw new TextgraftError("option-invalid", {
    message: `There are texts as arguments (${count(args.length, "text")}) and as --input ${input}.`,
    fix: "Give one of the two.",
  });
}

async function readInput(path: string, flags: PredictFlags, say: Progress["say"]): Promise<Input> {
  const options = readingOptions(flags);
  const names = readOptionsOf(options);
  const source = await openRows(path, { ...names, plainLines: true });
  const { columns, bad, chunks } = readTexts(source, names, options);
  const found: TextRow[] = [];
  for await (const rows of chunks()) found.push(...rows);
  if (columns.text.guessed && source.columns.length > 1) {
    if (source.source === standardInput) say(`Standard input is read as ${source.format}.`);
    say(`Texts are in column "${columns.text.name}" (guessed; --text chooses another).`);
  }
  if (bad.count > 0) say(`Left out ${count(bad.count, "row")} of ${source.source}: ${badRowsText(bad)}.`);
  tellBlankLines(source, found, say);
  const table = {
    source: source.source,
    columns: [...source.columns],
    rows: found.map(({ values }) => [...values]),
    delimiter: source.delimiter,
  };
  return { table, texts: found.map(({ text }) => text) };
}

/** Where a line is a text, those that are blank: an answer less than there are lines may surprise. */
function tellBlankLines({ format }: RowSource, rows: readonly TextRow[], say: Progress["say"]): void {
  const last = rows.at(-1);
  if (!format.startsWith("one text a line") || last?.line === undefined) return;
  const blank = last.line - last.row; // those behind the last text move no answer
  if (blank > 0) say(`Left out ${count(blank, "blank line")}.`);
}

/**
 * "label  score  text", a line for each text; on a terminal no line is wider than it. Where a text may have several
 * labels: "label 0.9876, other 0.6543  text", or "no label".
 */
function predictionLines(
  { labels, problem }: TextClassifier,
  predictions: readonly Prediction[],
  { isTTY, columns = 80 }: Output,
): string {
  const labelWidth = Math.max(...labels.map((label) => label.length));
  const answers = predictions.map((prediction) =>
    problem === "multi_label"
      ? prediction.labels.map((label) => `${label} ${prediction.scores[label]!.toFixed(4)}`).join(", ") ||
        "no label"
      : `${prediction.label.padEnd(labelWidth)}  ${prediction.score.toFixed(4)}`,
  );
  const width = answers.reduce((widest, answer) => Math.max(widest, answer.length), 0);
  const textWidth = isTTY ? Math.max(20, columns - width - 3) : Number.POSITIVE_INFINITY;
  return predictions
    .map(({ text }, i) => `${answers[i]!.padEnd(width)}  ${oneLine(text, textWidth)}\n`)
    .join("");
}

/**
 * The input with predicted_label, predicted_score and score_LABEL of each label added; where a text may have several
 * labels, predicted_labels as `a|b` stands for the first two.
 */
function labelledCsv(
  table: Table,
  { labels, problem }: TextClassifier,
  predictions: readonly Prediction[],
): string {
  const answers =
    problem === "multi_label"
      ? [{ name: "predicted_labels", values: predictions.map((found) => formatLabels(found.labels)) }]
      : [
          { name: "predicted_label", values: predictions.map(({ label }) => label) },
          { name: "predicted_score", values: predictions.map(({ score }) => score) },
        ];
  return writeCsv(table, [
    ...answers,
    ...labels.map((label) => ({
      name: `score_${label}`,
      values: predictions.map(({ scores }) => scores[label]!),
    })),
  ]);
}
