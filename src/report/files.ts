import type { TrainResult } from "../run/events.js";
import type { Explain } from "../run/explain.js";
import type { FoldReports } from "../run/fold-reports-node.js";
import type { Reports } from "../run/folder-files.js";
import type { SweepFiles } from "../run/sweep-node.js";
import type { TrainReports } from "../run/train-node.js";
import { trainingMarkdown } from "./markdown-report.js";
import { metricsJson } from "./metrics-data.js";
import { answersCsv, mistakesCsv } from "./mistakes.js";
import { stoppedFoldsReport, trainingReport } from "./run-report.js";

/** What lies in a model folder for people, by name; each is made of the training's result alone. */
const trainingFiles: Reports = {
  "report.txt": trainingReport,
  "report.html": pageOfTraining,
  "report.md": trainingMarkdown,
  "metrics.json": ({ data: { labels, problem, source }, options, test }) =>
    metricsJson(test, { labels, problem, source: options.test || source }),
  "mistakes.csv": ({ data, test }) => mistakesCsv(data.labels, test.judged),
  "out-of-fold.csv": ({ data, test, crossValidation }) =>
    crossValidation && answersCsv(data.labels, test.judged),
};

/** What is kept of folds that were stopped before there is a model. */
const stoppedFoldsFiles: FoldReports = {
  "report.txt": stoppedFoldsReport,
  "out-of-fold.csv": ({ data, test }) => answersCsv(data.labels, test.judged),
};

/** What `train` writes beside a model, and what is left of one that was stopped. */
export const trainReports: TrainReports = { reports: trainingFiles, foldReports: stoppedFoldsFiles };

/** What lies in a sweep's folder for people. */
export const sweepFiles: SweepFiles = {
  "sweep.html": async (result) => (await import("./html/sweep-page.js")).sweepPage(result),
};

async function pageOfTraining(result: TrainResult, explain: Explain): Promise<string> {
  // Loaded only here: drawing takes libraries that nothing else needs.
  const { trainingPage } = await import("./html/training-page.js");
  const { explainMistakes } = await import("./html/explained-mistakes.js");
  const { data, test, model } = result;
  const answers = { labels: data.labels, judged: test.judged };
  return trainingPage(result, await explainMistakes(answers, explain, model));
}
