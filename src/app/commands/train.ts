import type { Command } from "commander";
import { stoppedFoldsData, trainingData } from "../../report/data.js";
import { dataLines, estimateLine, modelLines } from "../../report/facts.js";
import { stoppedFoldsReport, trainingReport } from "../../report/run-report.js";
import { flagName, recipes, type TrainOptions, trainOptions } from "../../run/options.js";
import type { DryRun, TrainInput } from "../../run/train-node.js";
import { type App, type CommonFlags, jsonLine } from "../app.js";
import { withConfig } from "../config.js";
import { followRun, type Kept, stoppingLine } from "../follow-run.js";
import { modelEvents } from "../model-events.js";
import { openProgress } from "../progress.js";
import { LABELLED_DATA } from "../reading-options.js";
import { onStopSignals } from "../stop-signals.js";
import { optionOf } from "../train-option.js";

/** `textgraft train DATA`: its flags are the table of options. */
export function addTrain(program: Command, app: App): Command {
  const command = program
    .command("train")
    .description("fine-tune a classifier on labelled texts, save it and report how good it is")
    .argument("[data]", LABELLED_DATA)
    .option("--config <file>", "YAML or JSON file with these flags and data; flags given here win")
    .option("--dry-run", "read, check and measure everything, say what a training would take, and stop")
    .addHelpText("after", () => `\n${recipeHelp()}`)
    .action(async (data: string | undefined, { config, ...flags }: TrainFlags) => {
      const { json, quiet, debug: _debug, dryRun, ...options } = flags;
      const input = await withConfig(config, data, options);
      const common = { json, quiet };
      await (dryRun ? dryRunVerb(app, input, common) : trainVerb(app, input, common));
    });
  for (const name of Object.keys(trainOptions)) command.addOption(optionOf(name as keyof TrainOptions));
  return command;
}

type TrainFlags = CommonFlags & Partial<TrainOptions> & { config?: string; dryRun?: true };
type Common = Record<"json" | "quiet", true | undefined>;

/** Tells what a training would do, without doing it. */
async function dryRunVerb(app: App, input: TrainInput, { json, quiet }: Common): Promise<void> {
  const { dryRun } = await import("../../run/train-node.js");
  const progress = openProgress(app.stderr, { quiet });
  const run = dryRun(input);
  const signals = onStopSignals(() => run.cancel());
  const tellModel = modelEvents(progress);
  try {
    for await (const event of run) if (event.kind === "download" || event.kind === "notice") tellModel(event);
    const found = await run.result;
    progress.end();
    app.stdout.write(json ? jsonLine({ dryRun: true, ...found }) : dryRunText(found));
  } finally {
    progress.end();
    signals.release();
    app.exitCode = signals.exitCode ?? 0;
  }
}

const dryRunText = ({ data, model, options, estimate }: DryRun): string =>
  [
    ...dataLines(data),
    ...modelLines(model),
    estimateLine(estimate, options.cv > 0 ? options.cv + 1 : options.seeds),
    `Nothing was written. Without --dry-run the model would lie in ${options.output}.`,
    "",
  ].join("\n");

async function trainVerb(app: App, input: TrainInput, { json, quiet }: Common): Promise<void> {
  const { train } = await import("../../report/train-node.js");
  const progress = openProgress(app.stderr, { quiet });
  const run = train(input);
  let kept: Kept = "nothing";
  const signals = onStopSignals(() => {
    progress.say(stoppingLine(kept));
    run.cancel();
  });
  try {
    const result = await followRun(run, progress, {
      onKept: (now) => {
        kept = now;
      },
      onFolds: (folds) =>
        app.stdout.write(json ? jsonLine(stoppedFoldsData(folds)) : stoppedFoldsReport(folds)),
    });
    app.stdout.write(json ? jsonLine(trainingData(result)) : trainingReport(result));
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
