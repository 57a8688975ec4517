import { TextgraftError } from "../base/errors.js";
import type { EncoderConfig } from "../model/config.js";
import { isOwnType, stockClass } from "../model/families.js";
import type { Problem } from "../model/loss.js";
import type { Tokenizer } from "../tokens/tokenizer.js";
import { usual } from "./decision.js";
import { readSavedFacts } from "./saved-facts.js";

/** What has to be known to use a classifier. */
export type ClassifierFacts = ReturnType<typeof readSavedFacts>;

/** What the facts are read from: a model folder, understood. */
export interface ReadModel {
  readonly folder: {
    readonly path: string;
    readonly config: Readonly<Record<string, unknown>>;
    readonly textgraft: Readonly<Record<string, unknown>> | undefined;
  };
  readonly config: EncoderConfig;
  readonly tokenizer: Pick<Tokenizer, "modelMaxLength">;
}

/**
 * The facts of a classifier: from the textgraft.json of a folder that Textgraft wrote, else from the config.json that
 * transformers writes for a class such as BertForSequenceClassification. There labels are those of `id2label`, in the
 * order of their ids; texts are cut to what tokenizer_config.json and the model's positions allow. Throws `model-invalid`
 * for what is no classifier, and `config-invalid` naming the key.
 */
export function classifierFacts(model: ReadModel): ClassifierFacts {
  const { folder, config } = model;
  if (folder.textgraft !== undefined) return savedFacts(folder.textgraft, model);
  const reason = noClassifier(model);
  if (reason !== undefined) {
    throw new TextgraftError("model-invalid", {
      message: `${folder.path} is no classifier: it has no textgraft.json, and ${reason}.`,
      fix: `Train one from it: textgraft train DATA --model ${folder.path}`,
    });
  }
  return {
    head: "stock",
    problem: problemOf(folder.config),
    labels: labelsOf(folder.config),
    maxLength: Math.min(model.tokenizer.modelMaxLength ?? config.positions, config.positions),
    long: "head",
    stride: 0,
    windowPooling: "mean",
    decision: usual,
    pairs: false,
  };
}

function savedFacts(json: Readonly<Record<string, unknown>>, { folder, config }: ReadModel): ClassifierFacts {
  const facts = readSavedFacts(json, folder.path);
  if (facts.maxLength <= config.positions) return facts;
  throw new TextgraftError("model-invalid", {
    message: `textgraft.json in ${folder.path}: maxLength is ${facts.maxLength}, but the model has only ${config.positions} positions.`,
    fix: "Use the textgraft.json that came with these weights.",
  });
}

/** Whether a model was fine-tuned for labels; what isn't is still a start for training. */
export const isClassifier = (model: ReadModel): boolean =>
  model.folder.textgraft !== undefined || noClassifier(model) === undefined;

/** Why config.json describes no classifier; undefined where it does. */
function noClassifier({ folder, config }: ReadModel): string | undefined {
  const { architectures, model_type: modelType } = folder.config;
  if (isOwnType(modelType)) return `its model_type ${modelType} needs one`;
  const found = Array.isArray(architectures) ? architectures.map(String) : [];
  const wanted = stockClass(config);
  if (found.includes(wanted)) return undefined;
  return `config.json names ${found.length === 0 ? "no architectures" : found.join(", ")}, not ${wanted}`;
}

function problemOf({ problem_type: type }: Readonly<Record<string, unknown>>): Problem {
  switch (type) {
    case undefined:
    case null:
    case "single_label_classification":
      return "single_label";
    case "multi_label_classification":
      return "multi_label";
    case "regression":
      throw regression(`problem_type is "regression"`);
    default:
      throw invalid(
        `problem_type is ${JSON.stringify(type)}; Textgraft has single_label_classification and multi_label_classification`,
      );
  }
}

/** By id. Files without them are of two labels, or of `num_labels`, which transformers calls LABEL_0 and so on. */
function labelsOf({ id2label, num_labels: count = 2 }: Readonly<Record<string, unknown>>): string[] {
  if (id2label === undefined || id2label === null) {
    if (typeof count !== "number" || !Number.isInteger(count) || count < 1)
      throw invalid(`num_labels is ${JSON.stringify(count)}; it must be a whole number above 0`);
    return several(Array.from({ length: count }, (_, id) => `LABEL_${id}`));
  }
  const byId = new Map(Object.entries(id2label));
  const labels = Array.from({ length: byId.size }, (_, id) => byId.get(String(id)));
  if (!labels.every((label) => typeof label === "string") || new Set(labels).size < labels.length)
    throw invalid(`id2label is ${shortened(id2label)}; it must give each id from 0 on a name of its own`);
  return several(labels);
}

function several(labels: string[]): string[] {
  if (labels.length >= 2) return labels;
  throw labels.length === 1 ? regression("it has one label") : invalid("id2label names no label");
}

const shortened = (value: unknown): string => {
  const text = JSON.stringify(value);
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`;
};

const regression = (found: string) =>
  new TextgraftError("config-invalid", {
    message: `config.json: ${found}: the model gives a number, as in regression. Textgraft has classifiers only.`,
    fix: "Train a classifier from it: its encoder is kept, its head is not.",
  });

const invalid = (what: string) =>
  new TextgraftError("config-invalid", {
    message: `config.json: ${what}.`,
    fix: "Use a folder with a classifier as transformers saves it.",
  });
