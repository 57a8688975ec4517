import { Command, CommanderError } from "commander";
import { VERSION } from "../run/version.js";
import { translateFlags } from "./aliases.js";
import type { App, CommonFlags, Output } from "./app.js";
import { addAudit } from "./commands/audit.js";
import { addCache } from "./commands/cache.js";
import { addCompare } from "./commands/compare.js";
import { addEvaluate } from "./commands/evaluate.js";
import { addExplain } from "./commands/explain.js";
import { addExport } from "./commands/export.js";
import { addInit } from "./commands/init.js";
import { addInspect } from "./commands/inspect.js";
import { addPredict } from "./commands/predict.js";
import { addSweep } from "./commands/sweep.js";
import { addTokenize } from "./commands/tokenize.js";
import { addTrain } from "./commands/train.js";
import { failureOf, usageError } from "./failure.js";

/**
 * Runs one command line, without the program's name, and gives the exit code: 0, 1 a failure of ours, 2 the user's
 * input, 3 a gate failed, 129 SIGHUP, 130 Ctrl-C, 143 SIGTERM; a failure after such a signal keeps its own. Results go to `stdout`, all else to `stderr`.
 */
export async function runCommandLine(
  args: readonly string[],
  { stdout, stderr }: { stdout: Output; stderr: Output },
): Promise<number> {
  const app: App = { stdout, stderr, exitCode: 0 };
  let debug = false;
  const program = createProgram(app);
  program.hook("preAction", (_program, verb) => {
    debug = verb.opts<CommonFlags>().debug === true;
  });
  try {
    const { args: ours, notes } = translateFlags(args, flagsOf(program, args[0]));
    if (!args.includes("--quiet")) for (const note of notes) stderr.write(`${note}\n`);
    await program.parseAsync(ours, { from: "user" });
    return app.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && isHelp(error)) return error.exitCode === 0 ? 0 : 2;
    const verb = program.commands.find((command) => command.name() === args[0])?.name();
    const told = error instanceof CommanderError ? usageError(error, verb) : error;
    const failure = failureOf(told, { debug, signalled: app.exitCode });
    stderr.write(failure.text);
    return failure.exitCode;
  }
}

function createProgram(app: App): Command {
  const { stdout, stderr } = app;
  const program = new Command("textgraft")
    .description("Fine-tune BERT-family text classifiers, see how good they are, and use them.")
    .version(VERSION, "--version", "print the version")
    .helpOption("--help", "print this help")
    .addHelpText("after", `\n${EXIT_CODES}`)
    .showHelpAfterError(false)
    .exitOverride()
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => Math.min(stdout.columns ?? 100, 110),
      outputError: () => {}, // told by failureOf
    });
  for (const addVerb of VERBS) {
    addVerb(program, app)
      .option("--json", "print the result as JSON")
      .option("--quiet", "no progress")
      .option("--debug", "stack traces in errors");
  }
  return program;
}

/** In the order of the help. */
const VERBS = [
  addInit,
  addInspect,
  addTokenize,
  addTrain,
  addEvaluate,
  addCompare,
  addPredict,
  addExplain,
  addSweep,
  addExport,
  addAudit,
  addCache,
];

const EXIT_CODES = `Exit codes:
  0  done
  1  a failure of ours or of the network
  2  the input has to change
  3  a gate failed (evaluate and compare with --fail-under and the like)
  129, 130, 143  stopped by SIGHUP, Ctrl-C, SIGTERM`;

/** The flags of a verb, such as `--batch-size`. */
function flagsOf(program: Command, verb: string | undefined): Set<string> {
  const command = program.commands.find((command) => command.name() === verb);
  return new Set(command?.options.flatMap(({ long }) => long ?? []));
}

const isHelp = ({ code }: CommanderError): boolean =>
  code === "commander.help" || code === "commander.helpDisplayed" || code === "commander.version";
