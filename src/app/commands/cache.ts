import { Argument, type Command } from "commander";
import { sum } from "../../base/numbers.js";
import { frozenPart } from "../../report/facts.js";
import { columns, count, grouped, oneLine } from "../../report/plain.js";
import {
  clearFeatures,
  type FeatureSet,
  featureFolder,
  listFeatures,
  type SetFacts,
} from "../../run/feature-sets-node.js";
import { type App, type CommonFlags, jsonLine } from "../app.js";

/** `textgraft cache`, `textgraft cache clear` */
export function addCache(program: Command, app: App): Command {
  return program
    .command("cache")
    .description("show or empty the cache of what frozen parts of models made of texts")
    .addArgument(
      new Argument("[action]", "list the sets, or clear: remove them all")
        .choices(["list", "clear"])
        .default("list"),
    )
    .addHelpText(
      "after",
      "\nTrainings with --freeze reuse it, and make it anew where it is gone. It holds no texts.\n" +
        "TEXTGRAFT_CACHE names another folder for it.",
    )
    .action((action: "list" | "clear", { json }: CommonFlags) => cacheVerb(app, action, json));
}

function cacheVerb({ stdout }: App, action: "list" | "clear", json: true | undefined): void {
  const folder = featureFolder();
  const sets = action === "clear" ? clearFeatures() : listFeatures().sort(byUse);
  const bytes = sum(sets.map((set) => set.bytes));
  if (json) {
    const told = action === "clear" ? { removed: sets.length, bytes } : { bytes, sets };
    stdout.write(jsonLine({ folder, ...told }));
  } else if (sets.length === 0) {
    stdout.write(`The cache is empty: ${folder}.\n`);
  } else if (action === "clear") {
    stdout.write(`Removed ${count(sets.length, "set")} of features, ${size(bytes)}, from ${folder}.\n`);
  } else {
    stdout.write(`${count(sets.length, "set")} of features, ${size(bytes)}, in ${folder}:\n\n${table(sets)}`);
  }
}

const byUse = (a: FeatureSet, b: FeatureSet): number => b.lastUsed.getTime() - a.lastUsed.getTime();

const size = (bytes: number): string =>
  bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;

const table = (sets: readonly FeatureSet[]): string =>
  columns([
    ["model and frozen part", "texts", "size", "last used (UTC)"],
    ...sets.map(({ facts, texts, bytes, lastUsed }) => [
      nameOf(facts),
      grouped(texts),
      size(bytes),
      lastUsed.toISOString().slice(0, 16).replace("T", " "),
    ]),
  ]);

/** The model may be a folder of any name. */
const nameOf = (facts: SetFacts | undefined): string =>
  facts ? `${oneLine(facts.model, 60)}: ${frozenPart(facts.frozenStages, facts.layers)}` : "unknown";
