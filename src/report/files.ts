import type { Reports } from "../run/folder-files.js";
import { trainingMarkdown } from "./markdown-report.js";
import { metricsJson } from "./metrics-data.js";
import { answersCsv, mistakesCsv } from "./mistakes.js";
import { trainingReport } from "./run-report.js";

/** What lies in a model folder for people, by name; each is made of the training's result alone. */
export const trainingFiles: Reports = {
  "report.txt": trainingReport,
  "report.html": async (result) => (await import("./html/training-page.js")).trainingPage(result),
  "report.md": trainingMarkdown,
  "metrics.json": ({ data: { labels, problem, source }, options, test }) =>
    metricsJson(test, { labels, problem, source: options.test || source }),
  "mistakes.csv": ({ data, test }) => mistakesCsv(data.labels, test.judged),
  "out-of-fold.csv": ({ data, test, crossValidation }) =>
    crossValidation && answersCsv(data.labels, test.judged),
};
