import { type Command, Option } from "commander";
import { TextgraftError } from "../base/errors.js";
import { gatesSentences } from "../report/gates.js";
import { junitXml } from "../report/junit.js";
import type { GateFlags, GateResult } from "../run/gates.js";
import { type App, writeOutput } from "./app.js";
import type { Progress } from "./progress.js";

/** Flags of a verb that can fail a build. */
export interface GateOptions extends GateFlags {
  failIfWorse?: boolean;
  junit?: string;
  markdown?: string;
}

/** The exit code of a gate that failed: the results are there, and they aren't good enough. */
export const GATE_FAILED = 3;

/** Adds the flags of gates; `under` and `over` say what they mean for the verb. */
export function addGateOptions(command: Command, { under, over }: { under: string; over: string }): Command {
  const several = (value: string, given: readonly string[] = []) => [...given, value];
  return command
    .addOption(new Option("--fail-under <name=number>", under).argParser(several))
    .addOption(new Option("--fail-over <name=number>", over).argParser(several))
    .option("--junit <file>", "write the gates as JUnit XML, which CI systems show as tests")
    .option("--markdown <file>", "write a report for a pull request's comment; - is standard output, alone")
    .addHelpText("after", "\nExit code 3: a gate failed. The results are there all the same.");
}

export const hasGates = ({ failUnder = [], failOver = [], failIfWorse = false }: GateOptions): boolean =>
  failUnder.length + failOver.length > 0 || failIfWorse;

/** @throws TextgraftError option-invalid where JUnit is to have gates, and there are none. */
export function requireGates(flags: GateOptions): void {
  if (flags.junit === undefined || hasGates(flags)) return;
  throw new TextgraftError("option-invalid", {
    message: "--junit writes gates, and there are none.",
    fix: "Add a gate, for example --fail-under accuracy=0.9.",
  });
}

interface Concluding {
  junit: string | undefined;
  suite: string;
  /** Whether any text was left unknown. */
  unknown: boolean;
  say: Progress["say"] | undefined;
}

/**
 * Writes JUnit where it was asked for, says how gates were kept where no report does, and fails the command where one
 * wasn't kept.
 */
export async function concludeGates(
  app: App,
  gates: readonly GateResult[],
  { junit, suite, unknown, say }: Concluding,
): Promise<void> {
  if (junit !== undefined)
    await writeOutput(app, junit, junitXml(gates, { suite, unknown, now: new Date() }));
  say?.(gatesSentences(gates, unknown).join(" "));
  if (gates.some(({ passed }) => !passed)) app.exitCode = GATE_FAILED;
}
