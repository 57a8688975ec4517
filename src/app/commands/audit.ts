import type { Command } from "commander";
import { auditCsv, auditData, auditReport, judgedLine } from "../../report/audit.js";
import { count } from "../../report/plain.js";
import type { TrainOptions } from "../../run/options.js";
import { type App, type CommonFlags, checkOutput, jsonLine, writeOutput } from "../app.js";
import { followRun } from "../follow-run.js";
import { openProgress } from "../progress.js";
import { LABELLED_DATA } from "../reading-options.js";
import { onStopSignals } from "../stop-signals.js";
import { optionOf } from "../train-option.js";

/** Options of a training that an audit has, too; the others are as the model was trained, or train's defaults. */
const flags: readonly (keyof TrainOptions)[] = [
  "revision",
  "text",
  "text2",
  "label",
  "multiLabel",
  "group",
  "delimiter",
  "encoding",
  "header",
  "onBadRow",
  "freeze",
  "epochs",
  "batchSize",
  "maxLength",
  "long",
  "learningRate",
  "seed",
  "device",
  "threads",
];

/** Defaults that are others than train's, for a pretrained model: see `auditStart`. */
const quick: Partial<Record<keyof TrainOptions, string>> = {
  freeze: "all, under a new hidden layer; none if --epochs is given",
  epochs: "10; 3 if --freeze is given",
};

type AuditFlags = CommonFlags & Partial<TrainOptions> & { output?: string };

/** `textgraft audit DATA` */
export function addAudit(program: Command, app: App): Command {
  const command = program
    .command("audit")
    .description(
      "look for wrong labels: rows whose label models that had not seen them, or copies, speak against",
    )
    .argument("<data>", LABELLED_DATA)
    .addOption(
      optionOf(
        "model",
        "what is trained: as in train, or a model that train wrote, which is made again from its start",
      ),
    )
    .addOption(optionOf("cv", "trainings; each judges an equal part of the rows", 5))
    .option(
      "--output <file>",
      "write what may be wrong as CSV, to be corrected; - is standard output, without the report",
    );
  command.addHelpText(
    "after",
    "\nA model that train wrote is trained with the options that it was trained with.",
  );
  for (const name of flags) command.addOption(optionOf(name, undefined, undefined, quick[name]));
  return command.action((data: string, { json, quiet, debug: _debug, output, ...options }: AuditFlags) =>
    auditVerb(app, data, options, { json, quiet, output }),
  );
}

async function auditVerb(
  app: App,
  data: string,
  options: Partial<TrainOptions>,
  { json, quiet, output }: { json: true | undefined; quiet: true | undefined; output: string | undefined },
): Promise<void> {
  if (output !== undefined) await checkOutput(output, { input: data, json });
  const { audit } = await import("../../run/audit-node.js");
  const progress = openProgress(app.stderr, { quiet });
  const run = audit({ data, ...options });
  let ended = false;
  const signals = onStopSignals(() => {
    const kept = ended
      ? "Stopping after this step; rows that were judged are ranked."
      : "Stopping; no training has ended, so there is no result.";
    progress.say(`${kept} Ctrl-C again ends at once.`);
    run.cancel();
  });
  try {
    const result = await followRun(run, progress, {
      onKept: (kept) => {
        ended = kept === "folds";
      },
    });
    if (output !== undefined) {
      await writeOutput(app, output, auditCsv(result));
      if (result.stoppedAfter) progress.say(judgedLine(result));
      if (output === "-") return;
      progress.say(`Wrote ${count(result.findings.length, "row")} to ${output}, the most doubtful first.`);
    }
    app.stdout.write(json ? jsonLine(auditData(result)) : auditReport(result));
  } finally {
    signals.release();
    app.exitCode = signals.exitCode ?? 0;
  }
}
