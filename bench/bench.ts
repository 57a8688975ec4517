// Measures Textgraft beside its peers: npm run bench -- --help
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { TextgraftError } from "#textgraft/base/errors.js";
import { type BenchArguments, HELP, parseBenchArguments, WORKLOADS, type Workload } from "./arguments.js";
import { type Compared, type CompareOptions, type Comparison, compare } from "./compare.js";
import { realLengths } from "./lengths.js";
import { thisMachine } from "./machine.js";
import { PEER_NAMES, pythonPeers, root, TEXTGRAFT, textgraftSide, transformersJsPeers } from "./peers.js";
import { profileStep } from "./profile.js";
import { type Results, resultsPage } from "./results-page.js";
import { freezingComparisons, recipeComparisons } from "./workloads/freezing.js";
import { measureGrowth } from "./workloads/growth.js";
import { predictComparisons } from "./workloads/predict.js";
import { measureRoofline } from "./workloads/roofline.js";
import { smallComparisons, stepComparisons } from "./workloads/step.js";
import { tokenizeComparisons } from "./workloads/tokenize.js";

const log = (line: string): void => console.log(line);

try {
  const args = parseBenchArguments(process.argv.slice(2));
  if (args.help) process.stdout.write(HELP);
  else if (args.profile) log(await profileStep(args.profile, args.threads, join(root, "build")));
  else write(await measure(args));
} catch (error) {
  if (!(error instanceof TextgraftError)) throw error;
  console.error(`bench: ${error.message}${error.fix ? `\n  ${error.fix}` : ""}`);
  process.exitCode = error.exitCode;
}

async function measure({ only, quick, rounds, threads, python }: BenchArguments): Promise<Results> {
  const peers = pythonPeers(python, threads);
  if (peers.length === 0) log("There is no Python with PyTorch: Textgraft's own figures alone.");
  const common = { rounds, threads, log };
  // In a quick run Hugging Face's classes would take longer to start than all the rest.
  const options = { ...common, sides: [textgraftSide, ...(quick ? peers.slice(0, 1) : peers)] };
  const tokenizers = { ...common, sides: [textgraftSide, ...peers.filter(({ name }) => name === "hf")] };
  const real = await realLengths();
  const plans: Partial<Record<Workload, () => Comparison[]>> = {
    step: () => stepComparisons(real, quick),
    small: () => smallComparisons(real, quick),
    recipe: () => recipeComparisons(quick),
    freeze: () => freezingComparisons(real, quick),
    predict: () => predictComparisons(real, quick, jsPeers()),
    tokenize: () => tokenizeComparisons(real, quick),
  };

  const comparisons: Compared[] = [];
  for (const workload of only) {
    for (const comparison of plans[workload]?.() ?? []) {
      const compared = await compareOrTell(comparison, workload === "tokenize" ? tokenizers : options);
      comparisons.push(compared);
      log(lineOf(compared));
    }
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: thisMachine(),
    versions: Object.assign({}, ...comparisons.map(({ versions }) => versions)),
    settings: { threads, rounds, quick, workloads: only, lengths: real.source },
    comparisons: comparisons.map(({ versions: _, ...compared }) => compared),
    roofline: only.includes("roofline") ? await measureRoofline(options, quick) : undefined,
    growth: only.includes("growth") ? await measureGrowth(options, quick) : [],
  };
}

/** A comparison that failed is told in the results, and the others still run. */
async function compareOrTell(comparison: Comparison, options: CompareOptions): Promise<Compared> {
  try {
    return await compare(comparison, options);
  } catch (error) {
    if (!(error instanceof TextgraftError)) throw error;
    process.exitCode = error.exitCode;
    const { workload, name } = comparison;
    const failures = { [TEXTGRAFT]: error.message };
    return { workload, name, sides: {}, ratios: {}, othersCores: 0, failures, versions: {} };
  }
}

function jsPeers() {
  const found = transformersJsPeers();
  if (found.length === 0)
    log(
      "transformers.js isn't installed (TEXTGRAFT_TRANSFORMERS_JS names a folder that has it): without that peer.",
    );
  return found;
}

function lineOf({ workload, name, sides, ratios, failures }: Compared): string {
  const speeds = Object.entries(sides).map(
    ([side, { textsPerSecond }]) => `${PEER_NAMES[side] ?? side} ${textsPerSecond.toPrecision(3)} texts/s`,
  );
  const shown = Object.entries(ratios).map(([side, ratio]) => `${ratio.toFixed(2)} × ${PEER_NAMES[side]}`);
  return `${workload}, ${name}: ${[...speeds, ...shown, ...Object.values(failures)].join(", ")}`;
}

/** Only a whole run replaces the results that are committed. */
function write(results: Results): void {
  const { quick, workloads } = results.settings;
  const folder = !quick && workloads.length === WORKLOADS.length ? "bench" : "build";
  writeFileSync(join(root, folder, "results.json"), `${JSON.stringify(results, null, 2)}\n`);
  const page = resultsPage(results);
  writeFileSync(join(root, folder, "results.md"), page);
  log(`\n${page}\nWritten to ${folder}/results.json and ${folder}/results.md.`);
}
