import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A file of tests/run/save_pretrained, whose README tells what they are. */
export const savePretrainedFile = (name: string): string =>
  fileURLToPath(new URL(`../run/save_pretrained/${name}`, import.meta.url));

export const readSavePretrained = (name: string): string => readFileSync(savePretrainedFile(name), "utf8");
