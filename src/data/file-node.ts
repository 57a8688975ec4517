import { readdir, readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { buffer } from "node:stream/consumers";
import { closest, TextgraftError } from "../base/errors.js";
import { readLines, readTable } from "./read.js";
import type { Table } from "./table.js";

/**
 * Reads a table from a file (see `readTable`), or one text a line from standard input where `path` is `-`.
 * @throws TextgraftError file-missing, or what `readTable` finds.
 */
export async function openTable(path: string): Promise<Table> {
  if (path === "-") return readLines(await buffer(process.stdin), "standard input");
  try {
    return readTable(await readFile(path), path);
  } catch (error) {
    throw await explained(error, path);
  }
}

async function explained(error: unknown, path: string): Promise<unknown> {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR": {
      const similar = closest(basename(path), await readdir(dirname(path)).catch(() => []));
      return new TextgraftError("file-missing", {
        message: `There is no file ${path}.`,
        fix: similar === undefined ? "Check the folder's name." : `Did you mean ${similar}?`,
        cause: error,
      });
    }
    case "EISDIR":
      return new TextgraftError("file-missing", {
        message: `${path} is a folder; expected a .csv, .tsv or .txt file.`,
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
