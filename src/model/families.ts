import { closest, TextgraftError } from "../base/errors.js";
import type { EncoderConfig } from "./config.js";
import { albert } from "./families/albert.js";
import { bert } from "./families/bert.js";
import { debertaV2 } from "./families/deberta-v2.js";
import { distilbert } from "./families/distilbert.js";
import { electra } from "./families/electra.js";
import { modernbert } from "./families/modernbert.js";
import { mpnet } from "./families/mpnet.js";
import { roberta } from "./families/roberta.js";
import type { Family } from "./family.js";

const families: readonly Family[] = [
  bert,
  distilbert,
  roberta,
  electra,
  albert,
  mpnet,
  debertaV2,
  modernbert,
];

/** Each `model_type` that can be read. */
export const modelTypes: readonly string[] = families.flatMap(({ classes }) => Object.keys(classes));

/** The family of a model type. */
export function familyOf({ modelType }: Pick<EncoderConfig, "modelType">): Family {
  const family = families.find(({ classes }) => modelType in classes);
  if (family) return family;
  const near = closest(modelType, modelTypes);
  throw new TextgraftError("config-invalid", {
    message: `config.json: model_type is ${JSON.stringify(modelType)}; Textgraft reads ${modelTypes.join(", ")}.`,
    fix: `Use a checkpoint of one of these${near === undefined ? "" : `, perhaps ${near}`}.`,
  });
}

/** Reads a parsed config.json of any family. Throws `config-invalid` naming the key. */
export function readConfig(json: Readonly<Record<string, unknown>>): EncoderConfig {
  const modelType = stockType(json.model_type);
  return familyOf({ modelType }).readConfig({ ...json, model_type: modelType });
}

/** The class of transformers that has this encoder and its stock head. */
export const stockClass = (config: EncoderConfig): string => familyOf(config).classes[config.modelType]!;

/** A head that no stock class has gets a model type of its own, so that nothing loads it wrongly. */
export const ownType = (modelType: string, head: string): string => `textgraft_${modelType}_${head}`;

/** Whether a model type is one of `ownType`. */
export const isOwnType = (modelType: unknown): modelType is string =>
  typeof modelType === "string" && OWN_TYPE.test(modelType);

const OWN_TYPE = /^textgraft_(.+)_[^_]+$/;

/** The model type of the encoder, also where the file is ours. */
function stockType(modelType: unknown): string {
  if (typeof modelType !== "string") return String(modelType);
  return OWN_TYPE.exec(modelType)?.[1] ?? modelType;
}
