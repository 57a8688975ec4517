import { describe, expect, test } from "vitest";
import { TextgraftError } from "../../src/base/errors.js";
import { createClassifier } from "../../src/model/classifier.js";
import { readConfig } from "../../src/model/families.js";
import {
  flagName,
  parseOption,
  type Recipe,
  recipes,
  resolveOptions,
  type TrainOptions,
  trainOptions,
} from "../../src/run/options.js";
import {
  checkFreeze,
  frozenStagesOf,
  learningRateOf,
  lengthLimitOf,
  maxLengthOf,
  scheduleOf,
} from "../../src/run/plan.js";
import { tinySpec } from "../support/tiny-model.js";

const names = Object.keys(trainOptions) as (keyof TrainOptions)[];

/** Texts that each option takes, with what they mean, and texts that it refuses. */
const cases: Record<keyof TrainOptions, { valid: [string, unknown][]; invalid: string[] }> = {
  model: { valid: [["some/folder", "some/folder"]], invalid: [] },
  revision: { valid: [["refs/pr/1", "refs/pr/1"]], invalid: [] },
  output: { valid: [["some/folder", "some/folder"]], invalid: [] },
  overwrite: {
    valid: [
      ["true", true],
      ["false", false],
    ],
    invalid: ["yes", ""],
  },
  recipe: { valid: [["tutorial", "tutorial"]], invalid: ["Tutorial", ""] },
  text: { valid: [["v2", "v2"]], invalid: [] },
  text2: { valid: [["answer", "answer"]], invalid: [] },
  label: { valid: [["v1", "v1"]], invalid: [] },
  multiLabel: { valid: [["true", true]], invalid: ["a|b"] },
  group: { valid: [["user", "user"]], invalid: [] },
  time: { valid: [["date", "date"]], invalid: [] },
  delimiter: {
    valid: [
      ["auto", "auto"],
      [";", ";"],
      ["\t", "\t"],
      ["\\t", "\t"],
      ["tab", "\t"],
      ["bar", "|"],
    ],
    invalid: ["", ":", ",,"],
  },
  encoding: { valid: [["shift_jis", "shift_jis"]], invalid: [] },
  header: { valid: [["no", "no"]], invalid: ["false", ""] },
  onBadRow: { valid: [["skip", "skip"]], invalid: ["ignore", ""] },
  validation: { valid: [["rows.csv", "rows.csv"]], invalid: [] },
  test: { valid: [["rows.csv", "rows.csv"]], invalid: [] },
  split: {
    valid: [
      ["plain", "plain"],
      ["time", "time"],
    ],
    invalid: ["random"],
  },
  cv: {
    valid: [
      ["0", 0],
      ["5", 5],
    ],
    invalid: ["-1", "2.5", "101", "five"],
  },
  seeds: { valid: [["5", 5]], invalid: ["0", "1.5", ""] },
  freeze: {
    valid: [
      ["none", "none"],
      ["embeddings", "embeddings"],
      ["all", "all"],
      ["0", 0],
      ["11", 11],
    ],
    invalid: ["-1", "1.5", "some", ""],
  },
  logs: { valid: [["tensorboard", "tensorboard"]], invalid: ["wandb", ""] },
  cache: {
    valid: [
      ["true", true],
      ["false", false],
    ],
    invalid: ["no", ""],
  },
  head: {
    valid: [
      ["mlp", "mlp"],
      ["gelu", "gelu"],
    ],
    invalid: ["MLP", "cnn", "silu"],
  },
  headWidth: {
    valid: [
      ["auto", "auto"],
      ["64", 64],
    ],
    invalid: ["0", "1.5", "wide"],
  },
  sampling: { valid: [["balanced", "balanced"]], invalid: ["oversampling", ""] },
  loss: { valid: [["focal", "focal"]], invalid: ["hinge", ""] },
  focalGamma: {
    valid: [
      ["0", 0],
      ["1.5", 1.5],
    ],
    invalid: ["-1", "two"],
  },
  calibrate: {
    valid: [
      ["true", true],
      ["false", false],
    ],
    invalid: ["temperature", ""],
  },
  threshold: { valid: [["spam: f1", "spam: f1"]], invalid: [] },
  unknownBelow: { valid: [["0.7", "0.7"]], invalid: [] },
  classWeights: {
    valid: [
      ["balanced", "balanced"],
      ["a=1,b=3.5", "a=1,b=3.5"],
    ],
    invalid: [],
  },
  epochs: {
    valid: [
      ["1", 1],
      ["100", 100],
    ],
    invalid: ["0", "1.5", "-3", "three", "", " "],
  },
  batchSize: { valid: [["16", 16]], invalid: ["0", "16.5"] },
  accumulate: { valid: [["4", 4]], invalid: ["0"] },
  gradientCheckpointing: {
    valid: [
      ["true", true],
      ["false", false],
    ],
    invalid: ["yes", ""],
  },
  maxLength: {
    valid: [
      ["auto", "auto"],
      ["128", 128],
      ["3", 3],
    ],
    invalid: ["2", "25.5", "long"],
  },
  long: {
    valid: [
      ["head", "head"],
      ["tail", "tail"],
      ["head+tail", "head+tail"],
      ["windows", "windows"],
    ],
    invalid: ["head tail", "window"],
  },
  stride: {
    valid: [
      ["auto", "auto"],
      ["0", 0],
      ["32", 32],
    ],
    invalid: ["-1", "2.5", "quarter"],
  },
  windowPooling: {
    valid: [
      ["mean", "mean"],
      ["max", "max"],
    ],
    invalid: ["min", ""],
  },
  learningRate: {
    valid: [
      ["auto", "auto"],
      ["5e-5", 5e-5],
      ["0", 0],
    ],
    invalid: ["-1", "1,5", "Infinity", "NaN"],
  },
  schedule: { valid: [["constant", "constant"]], invalid: ["cosine"] },
  warmup: {
    valid: [
      ["0", 0],
      ["0.06", 0.06],
      ["1", 1],
    ],
    invalid: ["1.1", "-0.1", "100"],
  },
  weightDecay: {
    valid: [
      ["0", 0],
      ["0.01", 0.01],
    ],
    invalid: ["-0.01"],
  },
  decayOn: { valid: [["all", "all"]], invalid: ["biases"] },
  maxGradientNorm: {
    valid: [
      ["1", 1],
      ["0", 0],
    ],
    invalid: ["-1"],
  },
  labelSmoothing: { valid: [["0.1", 0.1]], invalid: ["0.6", "1"] },
  best: { valid: [["macro-f1", "macro-f1"]], invalid: ["f1"] },
  patience: {
    valid: [
      ["0", 0],
      ["2", 2],
    ],
    invalid: ["-1", "0.5"],
  },
  seed: {
    valid: [
      ["0", 0],
      ["2018", 2018],
    ],
    invalid: ["-1", "1.5"],
  },
  device: { valid: [["cpu", "cpu"]], invalid: ["gpu"] },
  precision: { valid: [["float32", "float32"]], invalid: ["float64", "fp16"] },
  threads: {
    valid: [
      ["auto", "auto"],
      ["2", 2],
    ],
    invalid: ["0", "1.5"],
  },
};

function refusal(act: () => unknown): TextgraftError {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(TextgraftError);
    expect((error as TextgraftError).fix).toBeTruthy();
    return error as TextgraftError;
  }
  throw new Error("Nothing was refused.");
}

describe.each(names)("%s", (name) => {
  const { valid, invalid } = cases[name];

  test.each(valid)("takes %s", (text, value) => {
    expect(parseOption(name, text)).toBe(value);
    expect(resolveOptions({ [name]: value })[name]).toBe(value);
  });

  test.each(invalid)("refuses '%s'", (text) => {
    const error = refusal(() => parseOption(name, text));
    expect(error.code).toBe("option-invalid");
    expect(error.message).toContain(`--${flagName(name)} is "${text}"`);
  });

  test("takes its own default, and has help", () => {
    const { default: value, help } = trainOptions[name];
    expect(parseOption(name, String(value))).toBe(value);
    expect(help.length).toBeGreaterThan(10);
  });
});

test("flags are in kebab-case", () => {
  expect(flagName("epochs")).toBe("epochs");
  expect(flagName("maxGradientNorm")).toBe("max-gradient-norm");
  for (const name of names) expect(flagName(name)).toMatch(/^[a-z]+\d?(-[a-z]+)*$/);
});

test.each(Object.keys(recipes) as Recipe[])(
  "all values of the recipe %s are ones that its options take",
  (recipe) => {
    for (const [name, value] of Object.entries(recipes[recipe]))
      expect(parseOption(name, String(value))).toBe(value);
    expect(resolveOptions({ recipe })).toMatchObject({ ...recipes[recipe], recipe });
  },
);

test("flags win over the recipe, the recipe over the defaults", () => {
  const defaults = resolveOptions({});
  expect(defaults).toEqual(Object.fromEntries(names.map((name) => [name, trainOptions[name].default])));
  expect(resolveOptions({ recipe: "tutorial", epochs: 2, seed: 0 })).toEqual({
    ...defaults,
    ...recipes.tutorial,
    recipe: "tutorial",
    epochs: 2,
    seed: 0,
  });
});

test("what is undefined is left to the recipe", () => {
  expect(
    resolveOptions({ recipe: "tutorial", epochs: undefined } as unknown as Partial<TrainOptions>).epochs,
  ).toBe(10);
});

test("a text from a program without types means what the flag would mean", () => {
  // Before, it was checked as a number and then kept as a text: "3" * 2 is right, "3" + 2 is not.
  const given = {
    epochs: "3",
    freeze: "2",
    overwrite: "true",
    warmup: "0",
  } as unknown as Partial<TrainOptions>;
  expect(resolveOptions(given)).toMatchObject({ epochs: 3, freeze: 2, overwrite: true, warmup: 0 });
});

test.each([
  [{ epoch: 3 }, "There is no option epoch.", "Did you mean epochs?"],
  [{ "batch-size": 3 }, "There is no option batch-size.", "Did you mean batchSize?"],
  [{ toString: 3 }, "There is no option toString.", ""],
  [{ epochs: 0 }, '--epochs is "0"; it must be a whole number of at least 1.', ""],
  [{ warmup: 2 }, '--warmup is "2"; it must be a number from 0 to 1.', ""],
  [{ recipe: "fast" }, '--recipe is "fast"; it must be quick|standard|thorough|tutorial.', ""],
  [{ overwrite: "yes" }, '--overwrite is "yes"; it must be true or false.', ""],
  [{ maxLength: null }, '--max-length is "null"; it must be auto or a whole number of at least 3.', ""],
])("%o is refused with what was found and what to do", (given, message, fix) => {
  const error = refusal(() => resolveOptions(given as unknown as Partial<TrainOptions>));
  expect(error).toMatchObject({ code: "option-invalid", message });
  expect(error.fix).toContain(fix);
});

test("float16 goes with a GPU alone", () => {
  expect(resolveOptions({ precision: "float16", device: "webgpu" })).toMatchObject({ precision: "float16" });
  const error = refusal(() => resolveOptions({ precision: "float16" }));
  expect(error).toMatchObject({
    code: "option-invalid",
    message: expect.stringContaining("--precision is float16, but --device is cpu"),
    fix: expect.stringContaining("--device webgpu"),
  });
});

const bert = (hidden: number, layers: number) =>
  readConfig({
    model_type: "bert",
    hidden_act: "gelu",
    vocab_size: 100,
    hidden_size: hidden,
    num_hidden_layers: layers,
    num_attention_heads: 1,
    intermediate_size: 8,
    max_position_embeddings: 64,
    type_vocab_size: 2,
  });

const classifier = (hidden: number, layers: number) =>
  createClassifier({ ...tinySpec, config: bert(hidden, layers) });

test("what is frozen is counted in stages: embeddings, layers, pooler", () => {
  const model = classifier(8, 3);
  const stages = (["none", "embeddings", 0, 1, 3, "all"] as const).map((freeze) =>
    frozenStagesOf(freeze, model),
  );
  expect(stages).toEqual([0, 1, 1, 2, 4, 5]);
  const error = refusal(() => checkFreeze(4, bert(8, 3)));
  expect(error).toMatchObject({
    code: "option-invalid",
    message: "--freeze is 4, but the model has 3 layers.",
  });
});

test("layers that share their weights are frozen together or not at all", () => {
  const config = { ...bert(8, 3), sharedLayers: true };
  for (const freeze of ["none", "embeddings", "all", 0, 3] as const) checkFreeze(freeze, config);
  for (const freeze of [1, 2]) {
    expect(refusal(() => checkFreeze(freeze, config))).toMatchObject({
      code: "option-invalid",
      message: expect.stringContaining("the 3 layers of this model share their weights"),
      fix: expect.stringContaining("--freeze 3"),
    });
  }
  expect(refusal(() => checkFreeze(4, config)).message).toContain("the model has 3 layers");
});

test("the length is as given or as suggested, within the model's positions", () => {
  const config = bert(8, 3);
  expect(maxLengthOf("auto", 40, config)).toBe(40);
  expect(maxLengthOf("auto", 400, config)).toBe(64);
  expect(maxLengthOf(25, 400, config)).toBe(25);
  expect(maxLengthOf(64, 8, config)).toBe(64);
  expect(refusal(() => maxLengthOf(65, 8, config))).toMatchObject({
    code: "option-invalid",
    message: "--max-length is 65, but the model has only 64 positions.",
  });
});

test("windows overlap by a quarter of their text, or as given, and only where there are windows", () => {
  const pretrained = { tokenizer: { specialTokens: { before: 1, after: 1 } }, config: bert(8, 3) };
  const limitOf = (given: object) => lengthLimitOf(resolveOptions(given), 40, pretrained);
  expect(limitOf({})).toEqual({ maxLength: 40, long: "head", stride: 0 });
  expect(limitOf({ long: "windows" })).toEqual({ maxLength: 40, long: "windows", stride: 9 });
  expect(limitOf({ long: "windows", maxLength: 3 }).stride).toBe(0);
  expect(limitOf({ long: "windows", maxLength: 32, stride: 29, windowPooling: "max" }).stride).toBe(29);
  for (const [given, message] of [
    [{ maxLength: 65 }, "--max-length is 65, but the model has only 64 positions."],
    [{ long: "windows", maxLength: 32, stride: 30 }, "--stride is 30, but a window of 32 tokens has only 30"],
    [{ long: "tail", stride: 4 }, "--stride is 4, but --long is tail"],
    [{ windowPooling: "max" }, "--window-pooling is max, but --long is head"],
  ] as const) {
    expect(refusal(() => limitOf(given))).toMatchObject({
      code: "option-invalid",
      message: expect.stringContaining(message) as string,
    });
  }
});

test("the learning rate is as given, or goes by what trains and how wide it is", () => {
  expect(learningRateOf(0.3, 0, classifier(8, 3))).toBe(0.3);
  expect(learningRateOf(0, 0, classifier(8, 3))).toBe(0);
  expect(learningRateOf("auto", 5, classifier(768, 3))).toBe(1e-3); // the head alone
  expect(learningRateOf("auto", 4, classifier(768, 3))).toBe(5e-5);
  const rates = [128, 512, 1024].map((hidden) => learningRateOf("auto", 0, classifier(hidden, 3)));
  expect(rates).toEqual([...rates].sort((a, b) => b - a));
});

test("the schedule warms up for its share of the steps, and then falls or stays", () => {
  const falling = scheduleOf(resolveOptions({ warmup: 0.1 }), 100);
  expect([0, 5, 10, 55, 100].map(falling)).toEqual([0, 0.5, 1, 0.5, 0]);
  const constant = scheduleOf(resolveOptions({ warmup: 0, schedule: "constant" }), 100);
  expect([0, 50, 99].map(constant)).toEqual([1, 1, 1]);
});

test("a column of times or groups says how to split, unless one says otherwise", () => {
  expect(resolveOptions({ time: "date" }).split).toBe("time");
  expect(resolveOptions({ group: "customer", recipe: "tutorial" }).split).toBe("grouped");
  expect(resolveOptions({ time: "date", split: "grouped" }).split).toBe("grouped");
});
