import type { Command } from "commander";
import { TextgraftError } from "../../base/errors.js";
import { clock } from "../../report/plain.js";
import { sweepReport } from "../../report/sweep.js";
import { flagName, type TrainOptions } from "../../run/options.js";
import type { Trial } from "../../run/sweep.js";
import type { SweepEvent } from "../../run/sweep-node.js";
import { type App, type CommonFlags, jsonLine } from "../app.js";
import { noData, openConfig } from "../config.js";
import { modelEvents } from "../model-events.js";
import { openProgress, type Progress } from "../progress.js";
import { onStopSignals } from "../stop-signals.js";

interface SweepFlags extends CommonFlags {
  output?: string;
}

/** `textgraft sweep CONFIG` */
export function addSweep(program: Command, app: App): Command {
  return program
    .command("sweep")
    .description("train with different settings, stop the hopeless ones early, and say which are best")
    .argument("<config>", "YAML or JSON file as for train --config, with a sweep part")
    .option("--output <folder>", "folder for the results (default: output in the file, else textgraft-sweep)")
    .addHelpText("after", EXAMPLE)
    .action((path: string, flags: SweepFlags) => sweepVerb(app, path, flags));
}

const EXAMPLE = `
For example, a file with
  data: reviews.csv
  sweep:
    learning-rate: [3e-5, 1e-4, 3e-4]
    epochs: [2, 4]
tries six settings. With runs: 20 it tries so many at random, and ranges are possible, too:
    learning-rate: {min: 1e-5, max: 1e-3, log: true}
Settings are compared on the validation rows. Stopped, the same command goes on where it was.`;

async function sweepVerb(app: App, path: string, { output, json, quiet }: SweepFlags): Promise<void> {
  const { data = noData(path), options, sweep: space } = await openConfig(path);
  if (space === undefined) {
    throw new TextgraftError("config-invalid", {
      message: `${path} has no sweep part: it doesn't say what to try.`,
      fix: "For example sweep: {learning-rate: [3e-5, 1e-4], epochs: [2, 3]}. See textgraft sweep --help.",
    });
  }
  const { sweep } = await import("../../report/sweep-node.js");
  const progress = openProgress(app.stderr, { quiet });
  const run = sweep({ data, ...options, ...(output !== undefined && { output }), sweep: space });
  const signals = onStopSignals(() => {
    progress.say("Stopping; what was tried is kept. Ctrl-C again ends at once.");
    run.cancel();
  });
  const tell = teller(progress);
  try {
    for await (const event of run) tell(event);
    progress.end();
    const result = await run.result;
    app.stdout.write(json ? jsonLine(result) : sweepReport(result));
  } finally {
    progress.end();
    signals.release();
    app.exitCode = signals.exitCode ?? 0;
  }
}

function teller(progress: Progress): (event: SweepEvent) => void {
  const { say, live } = progress;
  const tellModel = modelEvents(progress);
  const notices = new Set<string>(); // those of the data come with each trial
  let trial = "";
  return (event) => {
    switch (event.kind) {
      case "sweep":
        say(`${event.trials} settings${event.known > 0 ? `, ${event.known} of them tried before` : ""}.`);
        break;
      case "trial":
        trial = `Run ${event.number}/${event.trials} (${settings(event.options)})`;
        break;
      case "training": {
        const { event: told } = event;
        if (told.kind === "download") tellModel(told);
        else if (told.kind === "notice" && !notices.has(told.text)) {
          notices.add(told.text);
          tellModel(told);
        } else if (told.kind === "step") {
          live(() => `${trial}: epoch ${told.epoch}/${told.epochs}, ${clock(told.secondsLeft)} left`);
        }
        break;
      }
      case "notice":
        tellModel(event);
        break;
      case "ended": {
        const { status, error, best, seconds } = event.record;
        const result = best === null ? (error ?? "no epoch ended") : Math.abs(best).toFixed(4);
        say(`${trial}: ${result}${status === "done" ? "" : `, ${status}`}, ${clock(seconds)}`);
        break;
      }
      default:
        event satisfies never;
    }
  };
}

const settings = (options: Trial): string =>
  (Object.entries(options) as [keyof TrainOptions, unknown][])
    .map(([name, value]) => `${flagName(name)} ${value}`)
    .join(", ");
