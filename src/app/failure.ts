import type { CommanderError } from "commander";
import { TextgraftError } from "../base/errors.js";

/** What a failed command says on standard error, and its exit code. */
export interface Failure {
  text: string;
  exitCode: number;
}

/**
 * One line for what was found and one for what to do. Errors that aren't ours are told as bugs; `debug` adds the
 * stack trace, and that of the cause.
 */
export function failureOf(error: unknown, { debug }: { debug: boolean }): Failure {
  const { message, fix, exitCode } = error instanceof TextgraftError ? error : unexpected(error);
  const lines = [`Error: ${message}`, ...(fix === undefined ? [] : [fix])];
  if (debug) lines.push(...stacks(error));
  return { text: `${lines.join("\n")}\n`, exitCode };
}

/** A complaint of commander about the arguments, in our words. `verb` is the one that was typed, if there is one. */
export function usageError({ code, message }: CommanderError, verb: string | undefined): TextgraftError {
  const [, found = message, suggestion] =
    /^(?:error: )?(.*?)\s*(?:\((Did you mean .*\?)\))?$/s.exec(message) ?? [];
  const sentence = `${found.charAt(0).toUpperCase()}${found.slice(1)}`.replace(/\.?$/, ".");
  const help = `See textgraft ${verb === undefined ? "" : `${verb} `}--help.`;
  const takesTexts = verb === "predict" || verb === "tokenize";
  const hint =
    code === "commander.unknownOption" && takesTexts ? " A text that begins with - goes behind -- ." : "";
  return new TextgraftError("option-invalid", { message: sentence, fix: `${suggestion ?? help}${hint}` });
}

function unexpected(error: unknown): Pick<TextgraftError, "message" | "fix" | "exitCode"> {
  const [message = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  return {
    message: message === "" ? "Something failed without a message." : message,
    fix: "Textgraft did not expect this. Run again with --debug to see where it happened.",
    exitCode: 1,
  };
}

function stacks(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const cause = error.cause === undefined ? [] : ["Caused by:", ...stacks(error.cause)];
  return [error.stack ?? error.message, ...cause];
}
