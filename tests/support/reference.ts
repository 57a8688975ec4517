import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Where the expected values lie: the folder that TEXTGRAFT_REFERENCE names, else the project's own copy. */
export const referenceFolder: string = resolve(
  process.env.TEXTGRAFT_REFERENCE || fileURLToPath(new URL("../reference", import.meta.url)),
);

/** A JSON file of the reference folder, for example `readReference<Schedules>("schedules.json")`. */
export function readReference<T>(name: string): T {
  return JSON.parse(readFileSync(join(referenceFolder, name), "utf8")) as T;
}
