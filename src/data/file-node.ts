import { readdir, readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { buffer } from "node:stream/consumers";
import { closest, TextgraftError } from "../base/errors.js";
import { namesTexts } from "./columns.js";
import { readLines, readTable } from "./read.js";
import type { Table } from "./table.js";

/**
 * Reads a table from a file (see `readTable`), or from standard input where `path` is `-`: that is CSV if the user
 * names the column of its `text`s or its first line is a header with one, else it has one text a line.
 * @throws TextgraftError file-missing, or what `readTable` finds.
 */
export async function openTable(path: string, text?: string): Promise<Table> {
  if (path === "-") {
    const content = await buffer(process.stdin);
    const isTable = text !== undefined || startsWithHeader(content);
    return isTable ? readTable(content, standardInput) : readLines(content, standardInput);
  }
  try {
    return readTable(await readFile(path), path);
  } catch (error) {
    throw await explained(error, path);
  }
}

/** One text a line of standard input, whatever the first one looks like. */
export async function openLines(): Promise<Table> {
  return readLines(await buffer(process.stdin), standardInput);
}

/** What tables from there have as their source. */
export const standardInput = "standard input";

/** Two names or more, one of them usual for texts; no space beside the commas, as there is in a sentence. */
function startsWithHeader(content: Uint8Array): boolean {
  const [line = ""] = new TextDecoder().decode(content.subarray(0, 10_000)).split(/[\r\n]/, 1);
  return [",", ";", "\t"].some((delimiter) => {
    const names = line.split(delimiter).map((name) => name.replace(/^"(.*)"$/, "$1"));
    return names.length > 1 && names.every((name) => name === name.trim()) && namesTexts(names);
  });
}

async function explained(error: unknown, path: string): Promise<unknown> {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR": {
      const similar = closest(basename(path), await readdir(dirname(path)).catch(() => []));
      return new TextgraftError("file-missing", {
        message: `There is no file ${path}.`,
        fix:
          similar === undefined ? "Check the names of the file and its folder." : `Did you mean ${similar}?`,
        cause: error,
      });
    }
    case "EISDIR":
      return new TextgraftError("file-missing", {
        message: `${path} is a folder; expected a .csv, .tsv, .jsonl or .txt file.`,
        fix: "Name the file in it.",
        cause: error,
      });
    case "EACCES":
      return new TextgraftError("file-missing", {
        message: `${path} may not be read by this user.`,
        fix: "Change its permissions or copy it.",
        cause: error,
      });
    default:
      return error;
  }
}
