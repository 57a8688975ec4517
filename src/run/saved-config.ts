import type { ClassifierSpec } from "../model/classifier.js";
import { ownType, stockClass } from "../model/families.js";
import type { StockForm } from "../model/stock-form.js";

/**
 * What config.json says of a classifier: all that the starting checkpoint says of its encoder, in its own spelling, which
 * older readers know, too. What stock classes can load says so; the mlp head has a type of its own, so that nothing loads it wrongly.
 */
export function savedConfig({ spec, json }: StockForm): Record<string, unknown> {
  const { modelType, stockClass: loadedBy } = kindOf(spec);
  return {
    ...Object.fromEntries(Object.entries(json).filter(([key]) => !LEFTOVERS.includes(key))),
    architectures: [loadedBy ?? OWN_CLASS],
    model_type: modelType,
    dtype: "float32",
    id2label: Object.fromEntries(spec.labels.map((label, id) => [id, label])),
    label2id: Object.fromEntries(spec.labels.map((label, id) => [label, id])),
    problem_type: `${spec.problem}_classification`,
    transformers_version: TRANSFORMERS,
  };
}

/** The model_type of a saved classifier, and the class of transformers that loads it; undefined where none does. */
export function kindOf({ config, head }: ClassifierSpec): {
  modelType: string;
  stockClass: string | undefined;
} {
  return head === "stock"
    ? { modelType: config.modelType, stockClass: stockClass(config) }
    : { modelType: ownType(config.modelType, head), stockClass: undefined };
}

/** No class of transformers. */
const OWN_CLASS = "TextgraftClassifier";

/** The version of transformers whose layout this is. Its tokenizers take a folder without one for an old one. */
const TRANSFORMERS = "5.18.0";

/** Keys of a starting checkpoint that say how it was stored, what it was for, or whose code it needs. */
const LEFTOVERS = [
  "_name_or_path",
  "_num_labels",
  "auto_map",
  "finetuning_task",
  "num_labels",
  "quantization_config",
  "torch_dtype",
  "transformers.js_config",
];
