import type { Command } from "commander";
import type { ReadingOptions } from "../run/reading-node.js";
import { optionOf } from "./train-option.js";

export type ReadingFlags = Partial<ReadingOptions>;

/** What verbs read that want labels. */
export const LABELLED_DATA =
  "file (CSV, TSV, JSON, Parquet; also .gz, .zst) or folder with labelled texts; - is standard input";

/** Options about files, which all verbs that read some have. */
const FILE_OPTIONS = ["delimiter", "encoding", "header", "onBadRow"] as const;

/** Adds train's options about reading, with those columns that the verb needs. */
export function addReadingOptions(command: Command, columns: readonly (keyof ReadingOptions)[]): Command {
  for (const name of [...columns, ...FILE_OPTIONS]) command.addOption(optionOf(name));
  return command;
}
