import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { closest, TextgraftError } from "#textgraft/base/errors.js";
import type { Shape } from "./job.js";
import { BERT_VOCABULARY } from "./shapes.js";

/** In the order in which they run. */
export const WORKLOADS = [
  "roofline",
  "step",
  "small",
  "recipe",
  "freeze",
  "predict",
  "tokenize",
  "growth",
] as const;
export type Workload = (typeof WORKLOADS)[number];

export interface BenchArguments {
  readonly help: boolean;
  /** Small shapes only. */
  readonly quick: boolean;
  readonly only: readonly Workload[];
  /** Measured rounds of each comparison. */
  readonly rounds: number;
  readonly threads: number;
  /** Of the peers; undefined: look for one. */
  readonly python: string | undefined;
  /** Profile one training step instead of measuring. */
  readonly profile: ProfileArguments | undefined;
}

export interface ProfileArguments {
  readonly shape: Shape;
  readonly batch: number;
  readonly length: number;
}

export const HELP = `npm run bench -- [flags]

Measures Textgraft and its peers side by side and writes bench/results.json and bench/results.md, or into build/
where it measures only a part.

  --quick          small shapes only; to see that everything works
  --only LIST      workloads, with commas between: ${WORKLOADS.join(", ")}
  --rounds N       measured rounds of each comparison (default 5)
  --threads N      threads of every side (default: one for each core)
  --python PATH    Python with torch (default: TEXTGRAFT_PEER_PYTHON, else python3 if it has torch)
  --profile LxHxA  instead: where the time of one training step goes, for L layers of width H with A heads,
                   with --batch N (default 32) and --length N (default 25)
  --help           this text
`;

/** Throws `option-invalid` for unknown flags and workloads and for values that are no counts. */
export function parseBenchArguments(args: readonly string[]): BenchArguments {
  const { values, tokens } = parseArgs({
    args: [...args],
    options: FLAGS,
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === "positional") throw invalid(`There is no argument ${token.value}`, helpFix);
    if (token.kind !== "option") continue;
    const flag = FLAGS[token.name as keyof typeof FLAGS];
    if (!flag)
      throw unknown(
        `flag ${token.rawName}`,
        token.rawName,
        Object.keys(FLAGS).map((name) => `--${name}`),
      );
    if (flag.type === "string" && (!token.value || token.value.startsWith("--")))
      throw invalid(`${token.rawName} needs a value`, helpFix);
    if (flag.type === "boolean" && token.value !== undefined)
      throw invalid(`${token.rawName} takes no value`, helpFix);
  }
  const given = values as Partial<Record<keyof typeof FLAGS, string>>;
  if (given.profile === undefined && (given.batch ?? given.length) !== undefined)
    throw invalid("--batch and --length belong to --profile", helpFix);
  const count = (flag: keyof typeof FLAGS, fallback: number) => countOf(flag, given[flag], fallback);
  return {
    help: given.help !== undefined,
    quick: given.quick !== undefined,
    only: given.only === undefined ? WORKLOADS : given.only.split(",").map(workloadOf),
    rounds: count("rounds", 5),
    threads: count("threads", availableParallelism()),
    python: given.python,
    profile:
      given.profile === undefined
        ? undefined
        : { shape: shapeOf(given.profile), batch: count("batch", 32), length: count("length", 25) },
  };
}

const FLAGS = {
  quick: { type: "boolean" },
  only: { type: "string" },
  rounds: { type: "string" },
  threads: { type: "string" },
  python: { type: "string" },
  profile: { type: "string" },
  batch: { type: "string" },
  length: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

function workloadOf(name: string): Workload {
  const found = WORKLOADS.find((workload) => workload === name.trim());
  if (found) return found;
  throw unknown(`workload ${JSON.stringify(name)}`, name, WORKLOADS);
}

/** The vocabulary is bert-base-uncased's. */
function shapeOf(text: string): Shape {
  const [layers, hiddenSize, heads] = (/^(\d+)x(\d+)x(\d+)$/.exec(text) ?? []).slice(1).map(Number);
  if (layers && hiddenSize && heads && hiddenSize % heads === 0)
    return { layers, hiddenSize, heads, vocabSize: BERT_VOCABULARY };
  throw invalid(
    `--profile is ${JSON.stringify(text)}; expected layers x width x heads, heads a divisor of the width`,
    "For example --profile 12x768x12.",
  );
}

function countOf(flag: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw invalid(`--${flag} is ${JSON.stringify(text)}; expected a whole number of at least 1`, helpFix);
}

const helpFix = "See npm run bench -- --help.";

function unknown(what: string, word: string, known: readonly string[]): TextgraftError {
  const near = closest(word, known);
  return invalid(`There is no ${what}`, near ? `Did you mean ${near}?` : `There are ${known.join(", ")}.`);
}

const invalid = (message: string, fix: string): TextgraftError =>
  new TextgraftError("option-invalid", { message: `${message}.`, fix });
