import type { CommanderError } from "commander";
import { TextgraftError } from "../base/errors.js";

/** What a failed command says on standard error, and its exit code. */
export interface Failure {
  text: string;
  exitCode: number;
}

/**
 * One line for what was found and one for what to do. Errors that neither we nor the file system explain are told as
 * bugs; `debug` adds the stack trace, and that of the cause. `signalled` is the exit code of a signal that came, 0 if
 * none did: what a signal cancelled ends with it, a failure after it with its own.
 */
export function failureOf(
  error: unknown,
  { debug, signalled = 0 }: { debug: boolean; signalled?: number },
): Failure {
  const known = error instanceof TextgraftError ? error : refusedFile(error);
  const { message, fix, exitCode: own } = known ?? unexpected(error);
  const exitCode = known?.code === "cancelled" ? signalled || own : own;
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

/** What the system said no to, for files and folders that nothing else explains; undefined for other errors. */
function refusedFile(error: unknown): TextgraftError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, path, dest, syscall } = error as NodeJS.ErrnoException & { dest?: string };
  const [what, fix] = refusals[code as keyof typeof refusals] ?? [];
  if (what === undefined || fix === undefined || syscall === undefined) return undefined;
  const place = dest ?? path;
  const where = place === undefined ? "A file can't be read or written" : `${place} can't be read or written`;
  return new TextgraftError("file-unwritable", {
    message: `${where}: ${what} (${code}, ${syscall}).`,
    fix,
    cause: error,
  });
}

const permissions = "Change its permissions, or choose another place.";
const another = "Choose another place.";

/** By the system's code: what is in the way and what to do. */
const refusals = {
  EACCES: ["you have no permission", permissions],
  EPERM: ["the system doesn't allow it", permissions],
  EROFS: ["the disk is read-only", another],
  ENOSPC: ["the disk is full", "Free some space, or choose a place on another disk."],
  EDQUOT: ["your share of the disk is used up", "Free some space, or choose a place on another disk."],
  EISDIR: ["it is a folder", "Name a file."],
  ENOTDIR: ["a part of the path is a file, not a folder", another],
} as const;

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
