import { Argument, type Command } from "commander";
import { sum } from "../../base/numbers.js";
import { frozenPart } from "../../report/facts.js";
import { columns, count, grouped, oneLine } from "../../report/plain.js";
import { type CacheSet, cacheFolder, clearCache, listCache } from "../../run/cache-sets-node.js";
import { featureFacts } from "../../run/feature-sets-node.js";
import { tokenFacts } from "../../run/token-sets-node.js";
import { type App, type CommonFlags, jsonLine } from "../app.js";

/** `textgraft cache`, `textgraft cache clear` */
export function addCache(program: Command, app: App): Command {
  return program
    .command("cache")
    .description("show or empty the cache of tokens, and of what frozen parts of models made of texts")
    .addArgument(
      new Argument("[action]", "list the sets, or clear: remove them all")
        .choices(["list", "clear"])
        .default("list"),
    )
    .addHelpText(
      "after",
      "\nLarge data and trainings with --freeze reuse it, and make it anew where it is gone. From tokens\n" +
        "texts can be read again: clear it where they are secret. TEXTGRAFT_CACHE names another folder.",
    )
    .action((action: "list" | "clear", { json }: CommonFlags) => cacheVerb(app, action, json));
}

function cacheVerb({ stdout }: App, action: "list" | "clear", json: true | undefined): void {
  const folder = cacheFolder();
  const sets = action === "clear" ? clearCache() : listCache().sort(byUse);
  const bytes = sum(sets.map((set) => set.bytes));
  if (json) {
    const told = action === "clear" ? { removed: sets.length, bytes } : { bytes, sets };
    stdout.write(jsonLine({ folder, ...told }));
  } else if (sets.length === 0) {
    stdout.write(`The cache is empty: ${folder}.\n`);
  } else if (action === "clear") {
    stdout.write(`Removed ${count(sets.length, "set")}, ${size(bytes)}, from ${folder}.\n`);
  } else {
    stdout.write(`${count(sets.length, "set")}, ${size(bytes)}, in ${folder}:\n\n${table(sets)}`);
  }
}

const byUse = (a: CacheSet, b: CacheSet): number => b.lastUsed.getTime() - a.lastUsed.getTime();

const size = (bytes: number): string =>
  bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;

const table = (sets: readonly CacheSet[]): string =>
  columns([
    ["model and what is kept", "texts", "size", "last used (UTC)"],
    ...sets.map((set) => [
      nameOf(set),
      grouped(set.texts),
      size(set.bytes),
      set.lastUsed.toISOString().slice(0, 16).replace("T", " "),
    ]),
  ]);

/** The model may be a folder of any name. */
function nameOf({ kind, facts }: CacheSet): string {
  switch (kind) {
    case "features": {
      const known = featureFacts(facts);
      return known
        ? `${oneLine(known.model, 60)}: features of ${frozenPart(known.frozenStages, known.layers)}`
        : "features of an unknown model";
    }
    case "tokens": {
      const known = tokenFacts(facts);
      return known ? `${oneLine(known.model, 60)}: tokens` : "tokens of an unknown model";
    }
    default:
      return kind satisfies never;
  }
}
