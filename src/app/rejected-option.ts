import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { TextgraftError } from "../base/errors.js";
import type { BadRows } from "../data/bad-rows.js";
import type { ExampleOptions } from "../data/read-examples.js";
import { rejectedCsv } from "../data/rejected-csv.js";
import { checkOutput } from "./app.js";

export interface RejectedFlags {
  rejected?: string;
}

/** Adds `--rejected`, for verbs that read rows and write no folder in which bad ones could be listed. */
export const addRejectedOption = (command: Command): Command =>
  command.option(
    "--rejected <file>",
    "list the rows that can't be used as CSV: where each is, and what is wrong with it",
  );

/** Where rows are listed that can't be used. */
export interface RejectedList {
  /** For sentences: the file, or how to get one. */
  readonly name: string;
  /** Lists those that are left out, if there is a file to list them in; without any, it has only a header. */
  write(bad: BadRows | undefined): void;
  /** Lists those that stop the reading. */
  readonly listBad: ExampleOptions["listBad"];
}

/** The file of `--rejected`, which has to be one that can be written; `input` is never overwritten. */
export async function rejectedList(
  { rejected }: RejectedFlags,
  input: string | undefined,
): Promise<RejectedList> {
  if (rejected === undefined) return { name: "--rejected FILE", write() {}, listBad: undefined };
  if (rejected === "-") {
    throw new TextgraftError("option-invalid", {
      message: "--rejected is -, but results alone go to standard output.",
      fix: "Name a file, such as --rejected rejected.csv.",
    });
  }
  await checkOutput(rejected, { input, json: undefined, flag: "--rejected" });
  const write = (bad: BadRows | undefined) => writeFileSync(rejected, rejectedCsv(bad ? [bad] : []));
  return {
    name: rejected,
    write,
    listBad: async (bad) => {
      write(bad);
      return rejected;
    },
  };
}
