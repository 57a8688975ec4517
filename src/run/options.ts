import { closest, TextgraftError } from "../base/errors.js";
import { type OnBadRow, onBadRow } from "../data/bad-rows.js";
import { type Delimiter, delimiters } from "../data/table.js";
import type { Precision } from "../graph/precision.js";
import { type HeadKind, headKinds } from "../model/head.js";
import { type Long, longKinds } from "../tokens/long-texts.js";
import type { Metrics } from "./metrics.js";
import {
  auto,
  choice,
  flag,
  number,
  numberSchema,
  type Option,
  option,
  parseNumber,
  text,
} from "./option-kinds.js";
import { precisions, requirePrecision } from "./precision.js";
import { type Sampling, samplings } from "./sampling.js";
import type { Device } from "./session.js";
import { parseUnknown } from "./unknown-aim.js";
import { type WindowPooling, windowPoolings } from "./window-pooling.js";

const freezes = ["none", "embeddings", "all"] as const;
const LAYERS = { whole: true, min: 0 };
export type Freeze = (typeof freezes)[number] | number;

/** What the best epoch may be chosen by besides the loss: metrics of the validation rows, higher is better. */
export const criteria = {
  accuracy: ({ accuracy }: Metrics) => accuracy,
  "balanced-accuracy": (metrics: Metrics) => ofOneLabel(metrics)?.balancedAccuracy,
  "macro-f1": ({ macro }: Metrics) => macro.f1,
  "micro-f1": ({ micro }: Metrics) => micro.f1,
  "weighted-f1": ({ weighted }: Metrics) => weighted.f1,
  mcc: (metrics: Metrics) => ofOneLabel(metrics)?.mcc,
  kappa: (metrics: Metrics) => ofOneLabel(metrics)?.cohenKappa,
  "roc-auc": ({ rocAuc }: Metrics) => rocAuc,
  "average-precision": ({ averagePrecision }: Metrics) => averagePrecision,
};

const ofOneLabel = (metrics: Metrics) => ("samples" in metrics ? undefined : metrics);

/** What is undefined where a text may have several labels. */
const ofOneLabelOnly: readonly Best[] = ["balanced-accuracy", "mcc", "kappa"];

export type Best = "loss" | keyof typeof criteria;
/** Logs of a training: JSON lines always, event files where they are wanted. */
export type Logs = "jsonl" | "tensorboard";
/** How rows are split: near duplicates and groups on one side, row by row, or the newest rows into test. */
export type Splitting = "grouped" | "plain" | "time";
export type Recipe = "quick" | "standard" | "thorough" | "tutorial";

/** Every option of a training, in the order of the help. The keys are the library's names; flags are in kebab-case. */
export const trainOptions = {
  model: text(
    "mini",
    "pretrained model to start from: a folder, mini (built in), or a Hugging Face Hub name",
  ),
  revision: text("main", "branch, tag or commit of a model from the Hub"),
  output: text("textgraft-model", "folder for the fine-tuned model"),
  overwrite: flag("replace a model that is already there"),
  recipe: choice<Recipe>(
    "standard",
    ["quick", "standard", "thorough", "tutorial"],
    "set of defaults; flags win",
  ),
  text: text("", "column with the texts; guessed if not given"),
  text2: text("", "column with second texts: the model then reads pairs, such as a question and its answer"),
  label: text(
    "",
    "column with the labels; guessed if not given; a,b,c: columns named after one label each, with 0 or 1",
  ),
  multiLabel: flag("a text may have several labels, as a|b or a JSON list, or none"),
  group: text("", "column that says what belongs together, such as a customer"),
  time: text("", "column with the date or time of a text"),
  delimiter: option<Delimiter | "auto">("auto", "auto|,|;|tab|bar", "what stands between the values of CSV", {
    parse: parseDelimiter,
    schema: { enum: ["auto", ...delimiters, "tab", "bar"] },
  }),
  encoding: text("auto", "of text files; auto: utf-8, utf-16 or windows-1252, as the file shows"),
  header: choice<"auto" | "yes" | "no">(
    "auto",
    ["auto", "yes", "no"],
    "whether the first row of CSV names the columns; --no-header is --header no",
  ),
  onBadRow: choice<OnBadRow>(
    "auto",
    onBadRow,
    "with rows that can't be used: stop, skip them, or skip them up to 1 % of all",
  ),
  validation: text("", "file with the validation rows; else 15 % are split off"),
  test: text("", "file with the test rows; else 15 % are split off"),
  split: choice<Splitting>(
    "grouped",
    ["grouped", "plain", "time"],
    "keep near duplicates and groups on one side, split row by row, or test the newest rows",
  ),
  cv: number(0, "test every row by one of so many trainings (cross-validation); 0: split off test rows", {
    whole: true,
    min: 0,
    max: 100,
  }),
  seeds: number(1, "train so many times with other seeds, keep what is best on validation rows", {
    whole: true,
    min: 1,
  }),
  freeze: option<Freeze>(
    "none",
    "none|embeddings|N|all",
    "what doesn't train: nothing, the embeddings, these and the first N layers, or the whole encoder",
    {
      parse: parseFreeze,
      schema: { anyOf: [{ enum: freezes }, numberSchema(LAYERS)] },
    },
  ),
  head: choice<HeadKind>(
    "stock",
    headKinds,
    "that of the model's class, a new hidden layer that others load, too, or the tutorial's",
  ),
  headWidth: auto("units of the hidden layer; auto: the hidden size, and 512 for mlp", {
    whole: true,
    min: 1,
  }),
  classWeights: text("none", "balanced, none, or label=weight,label=weight"),
  sampling: choice<Sampling>(
    "all",
    samplings,
    "what an epoch is: each row once, or as many rows with each label equally often",
  ),
  loss: choice<"cross-entropy" | "focal">(
    "cross-entropy",
    ["cross-entropy", "focal"],
    "what is minimized; focal makes less of what is known already",
  ),
  focalGamma: number(2, "how much less the focal loss makes of it; 0: nothing", { min: 0 }),
  epochs: number(3, "passes over the training rows", { whole: true, min: 1 }),
  batchSize: number(32, "rows of one batch", { whole: true, min: 1 }),
  accumulate: number(1, "batches whose gradients are added up before a step", { whole: true, min: 1 }),
  gradientCheckpointing: flag(
    "compute layers again for the backward pass: half the memory, a third more time",
  ),
  maxLength: auto("tokens that are read at once; auto keeps 98 % of the texts whole", {
    whole: true,
    min: 3,
  }),
  long: choice<Long>(
    "head",
    longKinds,
    "what is read of longer texts: their first tokens, their last, half of each, or all in windows",
  ),
  stride: auto("tokens that a window shares with the one before it; auto: a quarter of a window", {
    whole: true,
    min: 0,
  }),
  windowPooling: choice<WindowPooling>(
    "mean",
    windowPoolings,
    "how the probabilities of a text's windows become the text's",
  ),
  learningRate: auto("peak learning rate; auto goes by the model's size and by what is frozen", { min: 0 }),
  schedule: choice<"linear" | "constant">(
    "linear",
    ["linear", "constant"],
    "learning rate after warm-up: falls to 0, or stays",
  ),
  warmup: number(0.1, "share of the steps in which the learning rate rises", { min: 0, max: 1 }),
  weightDecay: number(0.01, "AdamW's weight decay", { min: 0 }),
  decayOn: choice<"weights" | "all">(
    "weights",
    ["weights", "all"],
    "what decays: weights alone, or biases and norms, too",
  ),
  maxGradientNorm: number(1, "clip gradients whose global norm is larger; 0: never", { min: 0 }),
  labelSmoothing: number(0, "share of each label that is spread over all", { min: 0, max: 0.5 }),
  best: choice<Best>(
    "loss",
    ["loss", ...(Object.keys(criteria) as Best[])],
    "what the best weights are chosen by, on validation rows",
  ),
  patience: number(0, "stop after so many epochs without a new best; 0: never", { whole: true, min: 0 }),
  calibrate: flag("divide the logits by a temperature that makes validation probabilities honest", true),
  threshold: text(
    "none",
    "when a label is given, chosen on validation rows: f1, LABEL: precision>=0.95, LABEL: recall>=0.9, TRUE>GIVEN=COST, …",
  ),
  unknownBelow: text(
    "none",
    "answer unknown below this probability; wrong<=0.01: as rarely as 1 % wrong answers allow",
  ),
  seed: number(42, "everything random derives from it", { whole: true, min: 0 }),
  device: choice<Device>("cpu", ["cpu", "webgpu"], "what computes: the processor, or a GPU through WebGPU"),
  precision: choice<Precision>(
    "float32",
    precisions,
    "what the model computes in; float16, on webgpu alone, keeps weights and loss in float32",
  ),
  logs: choice<Logs>(
    "jsonl",
    ["jsonl", "tensorboard"],
    "log.jsonl in the model folder alone, or event files for TensorBoard in its folder runs, too",
  ),
  cache: flag("keep for later runs: tokens of large data, and what frozen parts make of texts", true),
  threads: auto("threads for one operator; auto: one for each physical core", { whole: true, min: 1 }),
};

/** All options of a training, filled in. */
export type TrainOptions = {
  [K in keyof typeof trainOptions]: (typeof trainOptions)[K] extends Option<infer T> ? T : never;
};

/** What each recipe sets instead of the defaults. */
export const recipes: Record<Recipe, Partial<TrainOptions>> = {
  quick: { epochs: 1, freeze: "none", maxLength: 128 },
  standard: {},
  thorough: { epochs: 6, patience: 2, best: "macro-f1" },
  tutorial: {
    split: "plain",
    freeze: "all",
    head: "mlp",
    classWeights: "balanced",
    epochs: 10,
    batchSize: 32,
    maxLength: 25,
    learningRate: 1e-3,
    schedule: "constant",
    warmup: 0,
    decayOn: "all",
    maxGradientNorm: 1,
    seed: 2018,
  },
};

/**
 * Fills in the recipe and the defaults; values may also be a flag's text. Throws `option-invalid` for a name or value that
 * doesn't exist, and for values that don't go together.
 */
export function resolveOptions(given: Partial<TrainOptions>): TrainOptions {
  const defaults = Object.fromEntries(
    Object.entries(trainOptions).map(([name, { default: value }]) => [name, value]),
  );
  const set: Partial<TrainOptions> = Object.fromEntries(
    Object.entries(given)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, parseOption(name, String(value))]),
  );
  const recipe = recipes[set.recipe ?? trainOptions.recipe.default];
  const options = { ...defaults, ...recipe, ...split(set), ...set } as TrainOptions;
  requirePrecision(options.precision, options.device);
  requireFoldsOrSeeds(options);
  parseUnknown(options.unknownBelow);
  if (options.multiLabel && ofOneLabelOnly.includes(options.best)) {
    throw new TextgraftError("option-invalid", {
      message: `--best ${options.best} is undefined where texts may have several labels.`,
      fix: "For example --best macro-f1, or leave out --multi-label.",
    });
  }
  return options;
}

/** A column of times splits by time, one of groups by groups, where nothing else is said. */
function split({ time, group }: Partial<TrainOptions>): Partial<Pick<TrainOptions, "split">> {
  if (time) return { split: "time" };
  return group ? { split: "grouped" } : {};
}

/** What `cv` and `seeds` can't go together with. */
function requireFoldsOrSeeds({ cv, seeds, split, validation, test }: TrainOptions): void {
  const refuse = (message: string, fix: string) => new TextgraftError("option-invalid", { message, fix });
  if (cv === 0) return;
  if (cv === 1) throw refuse("--cv is 1: one fold leaves nothing to train on.", "Use --cv 5, for example.");
  if (seeds > 1)
    throw refuse(
      "--cv and --seeds both ask for several trainings.",
      "Give one of them: cross-validation tests on all rows, seeds show what luck does.",
    );
  if (split === "time")
    throw refuse(
      "--cv tests every row by a model that was trained on the others, which by time would be the future.",
      "Leave out --cv, or split at random with --split grouped.",
    );
  if (validation !== "" || test !== "")
    throw refuse(
      `--cv takes test and validation rows from the data itself, so --${test === "" ? "validation" : "test"} has no place.`,
      "Leave it out, and compare the finished model with such a file by textgraft evaluate.",
    );
}

/** Reads one option's text, under the name that the library gives it. */
export function parseOption(name: string, value: string): unknown {
  if (!Object.hasOwn(trainOptions, name)) {
    const near = closest(name, Object.keys(trainOptions));
    throw new TextgraftError("option-invalid", {
      message: `There is no option ${name}.`,
      fix:
        near === undefined
          ? `The options are ${Object.keys(trainOptions).join(", ")}.`
          : `Did you mean ${near}?`,
    });
  }
  const found: Option<unknown> = trainOptions[name as keyof TrainOptions];
  const parsed = found.parse(value);
  if (parsed !== undefined) return parsed;
  const flag = `--${flagName(name)}`;
  throw new TextgraftError("option-invalid", {
    message: `${flag} is "${value}"; it must be ${found.placeholder || "true or false"}.`,
    fix:
      found.placeholder === "" ? `Give ${flag}, or leave it out.` : `For example ${flag} ${found.default}.`,
  });
}

/** `batchSize` → `batch-size` */
export const flagName = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function parseDelimiter(given: string): Delimiter | "auto" | undefined {
  const names: Record<string, Delimiter | "auto"> = { auto: "auto", tab: "\t", "\\t": "\t", bar: "|" };
  return names[given] ?? delimiters.find((known) => known === given);
}

function parseFreeze(given: string): Freeze | undefined {
  return freezes.find((known) => known === given) ?? parseNumber(given, LAYERS);
}
