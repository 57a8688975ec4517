import type { Command } from "commander";
import { comparisonData, comparisonReport, flipsCsv, unknownIn } from "../../report/comparison.js";
import { comparisonMarkdown } from "../../report/markdown-report.js";
import { count } from "../../report/plain.js";
import { type App, type CommonFlags, checkOutputs, jsonLine, writeOutput } from "../app.js";
import { addGateOptions, concludeGates, type GateOptions, hasGates, requireGates } from "../gate-options.js";
import { openProgress } from "../progress.js";
import { addReadingOptions, LABELLED_DATA, type ReadingFlags } from "../reading-options.js";
import { addRejectedOption, type RejectedFlags, rejectedList } from "../rejected-option.js";
import { predicting, tellDataset } from "../tell-data.js";

interface CompareFlags extends CommonFlags, GateOptions, ReadingFlags, RejectedFlags {
  output?: string;
}

/** `textgraft compare A B DATA` */
export function addCompare(program: Command, app: App): Command {
  const command = program
    .command("compare")
    .description(
      "compare two models on the same labelled texts: whether one is better, and which answers changed",
    )
    .argument("<a>", "model folder, such as the one in use")
    .argument("<b>", "another model folder with the same labels, such as a new one")
    .argument("<data>", LABELLED_DATA)
    .option(
      "--output <file>",
      "write the texts whose answer changed as CSV; - is standard output, without the report",
    )
    .option("--fail-if-worse", "fail if B is significantly worse, by accuracy or by macro F1")
    .action((a: string, b: string, data: string, flags: CompareFlags) =>
      compareVerb(app, a, b, { data, flags }),
    );
  addRejectedOption(addReadingOptions(command, ["text", "text2", "label"]));
  return addGateOptions(command, {
    under: "fail if B less A is below: accuracy=-0.01 lets B be 0.01 worse; may be repeated",
    over: "fail if B less A is above, where less is better: log-loss=0.05; may be repeated",
  });
}

async function compareVerb(
  app: App,
  a: string,
  b: string,
  { data, flags }: { data: string; flags: CompareFlags },
): Promise<void> {
  const { output, junit, markdown, json } = flags;
  requireGates(flags);
  const files = { "--output": output, "--junit": junit, "--markdown": markdown };
  const stdoutTaken = await checkOutputs(files, { input: data, json });
  const rejected = await rejectedList(flags, data);
  const progress = openProgress(app.stderr, flags);
  const { compare } = await import("../../run/evaluate-node.js");
  const comparison = await compare(a, b, data, {
    ...flags,
    listBad: rejected.listBad,
    onData: (dataset) => tellDataset(dataset, progress, rejected),
    onProgress: predicting(progress),
  }).finally(progress.end);
  const { flips, gates } = comparison;
  if (output !== undefined) {
    await writeOutput(app, output, flipsCsv(comparison));
    if (output !== "-") progress.say(`Wrote ${count(flips.length, "changed answer")} to ${output}.`);
  }
  if (markdown !== undefined) await writeOutput(app, markdown, comparisonMarkdown(comparison));
  if (!stdoutTaken)
    app.stdout.write(json ? jsonLine(comparisonData(comparison)) : comparisonReport(comparison));
  if (!hasGates(flags)) return;
  const say = stdoutTaken || json ? progress.say : undefined;
  await concludeGates(app, gates, {
    junit,
    suite: `textgraft compare ${a} ${b} ${data}`,
    unknown: unknownIn(comparison),
    say,
  });
}
