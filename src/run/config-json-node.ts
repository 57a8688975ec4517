import { join } from "node:path";
import { sortedJson, writeFileAtomic } from "./write-folder-node.js";

/** Writes config.json. transformers checks types: what it has as a float must not look like a whole number. */
export async function writeConfig(folder: string, config: Readonly<Record<string, unknown>>): Promise<void> {
  await writeFileAtomic(
    join(folder, "config.json"),
    sortedJson(config).replace(
      /^( *"(?:initializer_\w+|(?:layer_)?norm_eps|\w*rope_theta)": \d+)(?=,?$)/gm,
      "$1.0",
    ),
  );
}
