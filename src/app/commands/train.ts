import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { trainingData } from "../../report/data.js";
import { mistakesCsv } from "../../report/mistakes.js";
import { trainingReport } from "../../report/run-report.js";
import { flagName, recipes, type TrainOptions, trainOptions } from "../../run/options.js";
import { type App, type CommonFlags, jsonLine } from "../app.js";
import { followRun, stoppingLine } from "../follow-run.js";
import { openProgress } from "../progress.js";
import { onStopSignals } from "../stop-signals.js";
import { optionOf } from "../train-option.js";

/** `textgraft train DATA`: its flags are the table of options. */
export function addTrain(program: Command, app: App): Command {
  const command = program
    .command("train")
    .description("fine-tune a classifier on labelled texts, save it and report how good it is")
    .argument("<data>", "CSV, TSV or JSONL file with a column of texts and one of labels")
    .addHelpText("after", () => `\n${recipeHelp()}`)
    .action((data: string, { json, quiet, debug: _debug, ...options }: TrainFlags) =>
      trainVerb(app, data, options, { json, quiet }),
    );
  for (const name of Object.keys(trainOptions)) command.addOption(optionOf(name as keyof TrainOptions));
  return command;
}

type TrainFlags = CommonFlags & Partial<TrainOptions>;

async function trainVerb(
  app: App,
  data: string,
  options: Partial<TrainOptions>,
  { json, quiet }: { json: true | undefined; quiet: true | undefined },
): Promise<void> {
  const { train } = await import("../../run/train-node.js");
  const progress = openProgress(app.stderr, { quiet });
  const run = train({ data, ...options });
  let training = false;
  const signals = onStopSignals(() => {
    progress.say(stoppingLine({ training }));
    run.cancel();
  });
  try {
    const result = await followRun(run, progress, () => {
      training = true;
    });
    const report = trainingReport(result);
    await writeFile(join(result.folder, "report.txt"), report);
    await writeFile(join(result.folder, "mistakes.csv"), mistakesCsv(result.data.labels, result.test.judged));
    app.stdout.write(json ? jsonLine(trainingData(result)) : report);
  } finally {
    signals.release();
    app.exitCode = signals.exitCode ?? 0;
  }
}

/** The defaults of each recipe as flags, a few on each line. */
function recipeHelp(): string {
  const lines = Object.entries(recipes).flatMap(([recipe, options]) => {
    const flags = Object.entries(options).map(([name, value]) => `--${flagName(name)} ${value}`);
    const rows = flags.length === 0 ? ["the defaults above"] : [];
    for (let i = 0; i < flags.length; i += 4) rows.push(flags.slice(i, i + 4).join(" "));
    return rows.map((row, i) => `  ${(i === 0 ? recipe : "").padEnd(10)}${row}`);
  });
  return ["Recipes set other defaults:", ...lines].join("\n");
}
