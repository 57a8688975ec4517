import type { Command } from "commander";
import { requireKnownLabels } from "../../data/check.js";
import { chooseColumns, columnFacts } from "../../data/columns.js";
import { type Dataset, readDataset } from "../../data/example.js";
import { openTable } from "../../data/file-node.js";
import { evaluationData } from "../../report/data.js";
import { columnsText } from "../../report/facts.js";
import { mistakesCsv, mistakesOf } from "../../report/mistakes.js";
import { count } from "../../report/plain.js";
import { evaluationReport } from "../../report/run-report.js";
import type { Judged } from "../../run/events.js";
import type { TextClassifier } from "../../run/load-node.js";
import { rulesOf } from "../../run/problem.js";
import { type App, type CommonFlags, checkOutput, jsonLine, writeOutput } from "../app.js";
import { predictAll } from "../predict-all.js";
import { openProgress, type Progress } from "../progress.js";

interface EvaluateFlags extends CommonFlags {
  text?: string;
  label?: string;
  output?: string;
  report?: string;
}

/** `textgraft evaluate DIR DATA` */
export function addEvaluate(program: Command, app: App): Command {
  return program
    .command("evaluate")
    .description("compare a model's predictions with the labels of texts that it was not trained on")
    .argument("<dir>", "model folder that train wrote")
    .argument("<data>", "CSV, TSV or JSONL file with a column of texts and one of labels")
    .option("--text <column>", "column with the texts; guessed by its name if not given")
    .option("--label <column>", "column with the labels; guessed by its name if not given")
    .option(
      "--output <file>",
      "write the misclassified texts with their probabilities as CSV; - is standard output, without the report",
    )
    .option(
      "--report <file>",
      "write a page with tables, curves and the worst mistakes as HTML; - is standard output, with nothing else",
    )
    .action((dir: string, data: string, flags: EvaluateFlags) => evaluateVerb(app, dir, data, flags));
}

async function evaluateVerb(app: App, dir: string, data: string, flags: EvaluateFlags): Promise<void> {
  const { output, report, json } = flags;
  const table = await openTable(data, flags.text);
  chooseColumns(table, flags); // told before the model is loaded
  if (output !== undefined) await checkOutput(output, { input: data, json });
  if (report !== undefined) await checkOutput(report, { input: data, json, flag: "--report" });
  const progress = openProgress(app.stderr, flags);
  const { load } = await import("../../run/load-node.js");
  const classifier = await load(dir);
  try {
    const { labels, problem } = classifier;
    const dataset = readDataset(table, flags, { multiLabel: problem === "multi_label" });
    requireKnownLabels(dataset, labels);
    tellColumns(dataset, progress);
    const judged = await judge(classifier, dataset, progress);
    const metrics = rulesOf(problem).measure(
      judged.map(({ labelIds }) => labelIds),
      judged.map(({ probabilities }) => probabilities),
    );
    if (report !== undefined) {
      const { evaluationPage } = await import("../../report/html/evaluation-page.js");
      const place = { folder: classifier.folder, source: dataset.source };
      await writeOutput(app, report, evaluationPage({ problem, labels, metrics, judged }, place));
      if (report === "-") return;
      progress.say(`Wrote the report to ${report}.`);
    }
    if (output !== undefined) {
      await writeOutput(app, output, mistakesCsv(labels, judged));
      if (output === "-") return;
      progress.say(`Wrote ${count(mistakesOf(judged).length, "misclassified text")} to ${output}.`);
    }
    const facts = { folder: classifier.folder, source: dataset.source, labels };
    app.stdout.write(
      json
        ? jsonLine({ ...facts, ...evaluationData(labels, metrics, judged) })
        : evaluationReport(labels, metrics, judged),
    );
  } finally {
    await classifier.close();
  }
}

async function judge(
  classifier: TextClassifier,
  { examples }: Dataset,
  progress: Progress,
): Promise<Judged[]> {
  const { labels } = classifier;
  const texts = examples.map(({ text }) => text);
  const predictions = await predictAll(classifier, texts, progress);
  const idsOf = (names: readonly string[]) => names.map((name) => labels.indexOf(name)).sort((a, b) => a - b);
  return predictions.map((prediction, i) => ({
    text: texts[i]!,
    row: examples.at(i)!.row,
    labelIds: idsOf(examples.at(i)!.labels),
    predictedIds: idsOf(prediction.labels),
    probabilities: labels.map((name) => prediction.scores[name]!),
  }));
}

function tellColumns({ source, columns }: Dataset, { say }: Progress): void {
  if (columns === undefined) return;
  const facts = columnFacts(columns);
  if (facts.guessed.length > 0) say(`Read ${source}; ${columnsText(facts)}.`);
}
