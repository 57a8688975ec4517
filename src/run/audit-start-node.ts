import { TextgraftError } from "../base/errors.js";
import { readConfig } from "../model/families.js";
import type { HeadKind } from "../model/head.js";
import { fittingHeads } from "../model/stock-form.js";
import { findModel } from "./find-model-node.js";
import type { HubRequest } from "./hub/resolve-node.js";
import { openModelFolder } from "./model-folder-node.js";
import { type TrainOptions, trainOptions } from "./options.js";

/** What an audit trains from, and how. */
export interface AuditStart {
  /** Of the model's own training, where Textgraft made it. */
  readonly options: Partial<TrainOptions>;
  /** The fine-tuned model that was named, where the audit starts from what that one started from. */
  readonly finetuned?: string;
}

/** Options of a training that say nothing of how it learns. */
const NOT_TAKEN: readonly (keyof TrainOptions)[] = [
  "output",
  "overwrite",
  "recipe",
  "text",
  "text2",
  "label",
  "group",
  "time",
  "group",
  "time",
  "delimiter",
  "encoding",
  "header",
  "onBadRow",
  "validation",
  "test",
  "split",
  "cv",
  "seeds",
];

/**
 * Where an audit starts. A model that Textgraft fine-tuned may have learned wrong labels by heart, so what it was itself
 * made from is trained again, with the options of its training.
 */
export async function auditStart(
  model: string,
  { revision: given, ...request }: HubRequest,
): Promise<AuditStart> {
  let [name, revision = trainOptions.revision.default] = [model, given];
  let options: Partial<TrainOptions> | undefined;
  for (let generation = 0; generation < MOST_GENERATIONS; generation++) {
    const { path } = await findModel(name, { ...request, revision }).catch((cause: unknown) => {
      throw name === model ? cause : originMissing(model, name, cause);
    });
    const folder = await openModelFolder(path);
    const own = ownOptions(folder.textgraft);
    if (own === undefined) {
      options ??= quickOptions(fittingHeads(readConfig(folder.config)));
      break;
    }
    options ??= own;
    [name, revision] = [own.model, own.revision ?? trainOptions.revision.default];
  }
  return { options: { ...options, model: name, revision }, ...(name !== model && { finetuned: model }) };
}

/**
 * How a pretrained model is trained for an audit where nothing else is said: a hidden layer above the frozen encoder, whose
 * features are computed once for all folds. `scripts/label-errors.mjs` measures what it finds. Where no such head fits, as in train.
 */
const quickOptions = (heads: readonly HeadKind[]): Partial<TrainOptions> =>
  heads.includes("relu") ? { freeze: "all", head: "relu", epochs: 10 } : {};

const originMissing = (model: string, name: string, cause: unknown): TextgraftError =>
  new TextgraftError("file-missing", {
    message: `${model} was trained from ${name}, which isn't there: ${cause instanceof Error ? cause.message : cause}`,
    fix: "Name a pretrained model with --model: the fine-tuned one may have learned wrong labels by heart.",
    cause,
  });

const MOST_GENERATIONS = 20;

/** The options of a training, from what it wrote into textgraft.json; undefined where there is none. */
function ownOptions(
  textgraft: Readonly<Record<string, unknown>> | undefined,
): (Partial<TrainOptions> & Pick<TrainOptions, "model">) | undefined {
  const run = textgraft?.run as { options?: Record<string, unknown> } | undefined;
  if (typeof run?.options?.model !== "string") return undefined;
  const taken = Object.entries(run.options).filter(
    ([name]) => Object.hasOwn(trainOptions, name) && !NOT_TAKEN.includes(name as keyof TrainOptions),
  );
  return Object.fromEntries(taken) as Partial<TrainOptions> & Pick<TrainOptions, "model">;
}
