import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { CrossValidation } from "./events.js";
import { writeFileAtomic } from "./write-folder-node.js";

/** Files that are made of folds where they are all that there is, by name. */
export type FoldReports = Readonly<Record<string, (result: CrossValidation) => string>>;

/**
 * Writes them into a folder beside the place of the model, which there isn't, and gives its name; undefined where there are
 * no files. What an earlier stop left there is replaced.
 */
export async function writeFoldReports(
  reports: FoldReports,
  result: CrossValidation,
): Promise<string | undefined> {
  const files = Object.entries(reports);
  if (files.length === 0) return undefined;
  const folder = `${result.options.output}-folds`;
  await mkdir(folder, { recursive: true });
  for (const [name, make] of files) await writeFileAtomic(join(folder, name), make(result));
  return folder;
}
