import type { Command } from "commander";
import { hasUnknown } from "../../report/answered.js";
import { evaluationData } from "../../report/data.js";
import type { Explanations } from "../../report/html/explained-mistakes.js";
import { evaluationMarkdown } from "../../report/markdown-report.js";
import { metricsJson } from "../../report/metrics-data.js";
import { mistakesCsv, mistakesOf } from "../../report/mistakes.js";
import { count } from "../../report/plain.js";
import { evaluationReport } from "../../report/run-report.js";
import type { Evaluation } from "../../run/evaluate-node.js";
import type { Explain } from "../../run/explain.js";
import { inputOf } from "../../tokens/pairs.js";
import { type App, type CommonFlags, checkOutputs, jsonLine, writeOutput } from "../app.js";
import { addDecisionOptions, type DecisionFlags, decisionOptions } from "../decision-options.js";
import { addGateOptions, concludeGates, type GateOptions, hasGates, requireGates } from "../gate-options.js";
import { openProgress } from "../progress.js";
import { addReadingOptions, LABELLED_DATA, type ReadingFlags } from "../reading-options.js";
import { addRejectedOption, type RejectedFlags, rejectedList } from "../rejected-option.js";
import { predicting, tellDataset } from "../tell-data.js";

interface EvaluateFlags extends CommonFlags, GateOptions, ReadingFlags, DecisionFlags, RejectedFlags {
  output?: string;
  report?: string;
  metrics?: string;
}

/** `textgraft evaluate DIR DATA` */
export function addEvaluate(program: Command, app: App): Command {
  const command = program
    .command("evaluate")
    .description("compare a model's predictions with the labels of texts that it was not trained on")
    .argument("<dir>", "model folder that train wrote")
    .argument("<data>", LABELLED_DATA)
    .option(
      "--output <file>",
      "write the misclassified texts with their probabilities as CSV; - is standard output, without the report",
    )
    .option(
      "--report <file>",
      "write a page with tables, curves and the worst mistakes as HTML; - is standard output, with nothing else",
    )
    .option("--metrics <file>", "write all numbers with their intervals as JSON, in the form of metrics.json")
    .action((dir: string, data: string, flags: EvaluateFlags) => evaluateVerb(app, dir, data, flags));
  addRejectedOption(addReadingOptions(command, ["text", "text2", "label"]));
  return addGateOptions(addDecisionOptions(command), {
    under: "fail if a number is below: accuracy=0.95, macro-f1=0.9, spam.recall=0.9; may be repeated",
    over: "fail if a number where less is better is above: log-loss=0.3; may be repeated",
  });
}

async function evaluateVerb(app: App, dir: string, data: string, flags: EvaluateFlags): Promise<void> {
  const { output, report, metrics, junit, markdown, json } = flags;
  requireGates(flags);
  const files = {
    "--output": output,
    "--report": report,
    "--metrics": metrics,
    "--junit": junit,
    "--markdown": markdown,
  };
  const stdoutTaken = await checkOutputs(files, { input: data, json });
  const rejected = await rejectedList(flags, data);
  const progress = openProgress(app.stderr, flags);
  const { evaluate } = await import("../../run/evaluate-node.js");
  const evaluation = await evaluate(dir, data, {
    ...flags,
    load: decisionOptions(flags),
    listBad: rejected.listBad,
    onData: (dataset) => tellDataset(dataset, progress, rejected),
    onProgress: predicting(progress),
  }).finally(progress.end);
  const { labels, judged, folder, source, gates } = evaluation;
  if (report !== undefined) {
    const { evaluationPage } = await import("../../report/html/evaluation-page.js");
    await writeOutput(app, report, evaluationPage(evaluation, evaluation, await explained(evaluation)));
    if (report !== "-") progress.say(`Wrote the report to ${report}.`);
  }
  if (output !== undefined) {
    await writeOutput(app, output, mistakesCsv(labels, judged));
    if (output !== "-")
      progress.say(`Wrote ${count(mistakesOf(judged).length, "misclassified text")} to ${output}.`);
  }
  if (metrics !== undefined) await writeOutput(app, metrics, metricsJson(evaluation, evaluation));
  if (markdown !== undefined) await writeOutput(app, markdown, evaluationMarkdown(evaluation));
  if (!stdoutTaken) {
    app.stdout.write(
      json
        ? jsonLine({ folder, source, labels, ...evaluationData(labels, evaluation, gates) })
        : evaluationReport(labels, evaluation, gates),
    );
  }
  if (!hasGates(flags)) return;
  const say = stdoutTaken || json ? progress.say : undefined;
  await concludeGates(app, gates, {
    junit,
    suite: `textgraft evaluate ${dir} ${data}`,
    unknown: hasUnknown(evaluation),
    say,
  });
}

/** Which words led to the worst mistakes. */
async function explained({ folder, labels, judged }: Evaluation): Promise<Explanations> {
  const { explainMistakes } = await import("../../report/html/explained-mistakes.js");
  const { load } = await import("../../run/load-node.js");
  const classifier = await load(folder);
  try {
    const explain: Explain = (texts, options) => classifier.explain(inputOf(texts), options);
    return await explainMistakes({ labels, judged }, explain, classifier);
  } finally {
    await classifier.close();
  }
}
