import { access, constants, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Writable } from "node:stream";
import { TextgraftError } from "../base/errors.js";

/** A stream that may be a terminal. */
export type Output = Writable & {
  isTTY?: boolean;
  columns?: number;
  hasColors?: (count: number) => boolean;
};

/** What the commands write to, and what they end with. */
export interface App {
  /** Results, and nothing else. */
  readonly stdout: Output;
  /** Progress, notices and errors. */
  readonly stderr: Output;
  exitCode: number;
}

/** Flags that every verb has. */
export interface CommonFlags {
  json?: true;
  quiet?: true;
  debug?: true;
}

/** One JSON object as a line. */
export const jsonLine = (value: unknown): string => `${JSON.stringify(value)}\n`;

/**
 * Whether a file can be written where `flag` (default: `--output`) says: to be asked before the long work. `-` is standard
 * output, which then has nothing else; `input` is never overwritten.
 */
export async function checkOutput(
  path: string,
  { input, json, flag = "--output" }: { input: string | undefined; json: true | undefined; flag?: string },
): Promise<void> {
  if (path === "-" && json) {
    throw new TextgraftError("option-invalid", {
      message: `--json and ${flag} - both ask for standard output.`,
      fix: `Give ${flag} a file, or leave one of them out.`,
    });
  }
  if (path === "-") return;
  const folder = dirname(resolve(path));
  const fail = (message: string, fix: string) => new TextgraftError("option-invalid", { message, fix });
  if (input !== undefined && resolve(input) === resolve(path)) {
    throw fail(`${flag} ${path} is the input itself.`, "Name another file.");
  }
  await access(folder, constants.W_OK).catch(() => {
    throw fail(
      `${flag} ${path} can't be written: there is no folder ${folder}, or it is not yours.`,
      "Choose another file.",
    );
  });
}

/**
 * The same for several files, by their flags. Says whether one of them is standard output, which then has nothing else.
 */
export async function checkOutputs(
  files: Readonly<Record<string, string | undefined>>,
  given: { input: string; json: true | undefined },
): Promise<boolean> {
  const named = Object.entries(files).filter((entry): entry is [string, string] => entry[1] !== undefined);
  for (const [flag, path] of named) await checkOutput(path, { ...given, flag });
  const toStdout = named.flatMap(([flag, path]) => (path === "-" ? [flag] : []));
  if (toStdout.length < 2) return toStdout.length === 1;
  throw new TextgraftError("option-invalid", {
    message: `${toStdout.map((flag) => `${flag} -`).join(" and ")} ask for standard output.`,
    fix: "Give all of them but one a file.",
  });
}

/** Writes a result to a file, or to standard output for `-`. */
export async function writeOutput(app: App, path: string, text: string): Promise<void> {
  if (path === "-") app.stdout.write(text);
  else await writeFile(path, text);
}
