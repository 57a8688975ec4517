import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TextgraftError } from "../base/errors.js";
import type { Precision } from "../graph/precision.js";
import type { Classifier } from "../model/classifier.js";
import { ownType, stockClass } from "../model/families.js";
import { encodeSafetensors } from "../model/safetensors.js";
import { bertSettings } from "../tokens/wordpiece.js";
import type { Engine } from "./engine.js";
import { load } from "./load-node.js";
import type { Pretrained } from "./pretrained-node.js";
import type { SavedFacts } from "./saved-facts.js";
import { writeFolder, writeJson } from "./write-folder-node.js";

export interface SaveInput {
  engine: Engine;
  classifier: Classifier;
  pretrained: Pretrained;
  facts: SavedFacts;
  /** What the model in memory computes in. */
  precision: Precision;
  /** Texts with the probabilities that the model in memory gives them: the saved one must agree. */
  probes: readonly { text: string; probabilities: readonly number[] }[];
}

/**
 * Largest difference of a probability after reloading, which is in float32 on the processor. There sums are in another
 * order; what was told in float16 has three digits. A wrong model differs by tenths.
 */
const RELOAD_TOLERANCE: Record<Precision, number> = { float32: 1e-4, float16: 0.02 };

/**
 * Writes a model folder in Hugging Face's layout, reloads it, compares its answers with those of the model in
 * memory, and only then puts it into place. https://huggingface.co/docs/transformers/main_classes/model
 */
export async function saveModel(target: string, overwrite: boolean, input: SaveInput): Promise<void> {
  const write = async (folder: string): Promise<void> => {
    const { tokenizer } = input.pretrained.folder;
    await writeFile(
      join(folder, "tokenizer.json"),
      tokenizer.tokenizerJson ?? input.pretrained.tokenizer.json,
    );
    await writeJson(join(folder, "tokenizer_config.json"), tokenizerConfig(input));
    await writeJson(join(folder, "config.json"), modelConfig(input));
    await writeJson(join(folder, "textgraft.json"), input.facts);
    await writeFile(join(folder, "model.safetensors"), await weightsFile(input));
  };
  await writeFolder(target, { overwrite }, write, (folder) => verify(folder, input));
}

async function weightsFile({ engine, classifier }: SaveInput): Promise<Uint8Array[]> {
  const tensors = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const { name, shape } of classifier.parameters)
    tensors.set(name, { shape, data: await engine.read(name) });
  return encodeSafetensors(tensors);
}

/** No class of transformers. */
const OWN_CLASS = "TextgraftClassifier";

/** What stock classes can load says so; the mlp head has a type of its own, so that nothing loads it wrongly. */
function modelConfig({ classifier: { spec }, pretrained }: SaveInput): Record<string, unknown> {
  const { torch_dtype: _old, "transformers.js_config": _export, ...config } = pretrained.folder.config;
  const { modelType } = spec.config;
  return {
    ...config,
    architectures: [spec.head === "stock" ? stockClass(spec.config) : OWN_CLASS],
    model_type: spec.head === "stock" ? modelType : ownType(modelType, spec.head),
    dtype: "float32",
    id2label: Object.fromEntries(spec.labels.map((label, id) => [id, label])),
    label2id: Object.fromEntries(spec.labels.map((label, id) => [label, id])),
    problem_type: `${spec.problem}_classification`,
    classifier_dropout: spec.config.classifierDropout,
  };
}

/**
 * Special tokens, too, since special_tokens_map.json isn't written any more, and what decides about ids in programs that
 * don't take tokenizer.json's word for it.
 */
function tokenizerConfig({ pretrained: { folder, config, tokenizer } }: SaveInput): Record<string, unknown> {
  const { specialTokensMapJson = "{}", tokenizerConfigJson = "{}" } = folder.tokenizer;
  const given = {
    ...(JSON.parse(specialTokensMapJson) as Record<string, unknown>),
    ...(JSON.parse(tokenizerConfigJson) as Record<string, unknown>),
  };
  const { tokenizer_class: name = "TokenizersBackend", model_max_length: length } = given;
  return {
    ...given,
    ...bertSettings(tokenizer.json),
    tokenizer_class: name === "TokenizersBackend" ? "BertTokenizer" : name, // transformers 4 doesn't know that one
    model_max_length: typeof length === "number" ? Math.min(length, config.positions) : config.positions,
  };
}

async function verify(folder: string, { probes, precision, classifier: { spec } }: SaveInput): Promise<void> {
  const reloaded = await load(folder);
  try {
    const predictions = await reloaded.predict(probes.map(({ text }) => text));
    for (const [i, { scores }] of predictions.entries()) {
      for (const [id, label] of spec.labels.entries()) {
        const difference = Math.abs(scores[label]! - probes[i]!.probabilities[id]!);
        if (difference <= RELOAD_TOLERANCE[precision]) continue;
        throw new TextgraftError("internal", {
          message: `The saved model gives another answer than the trained one: ${label} differs by ${difference}.`,
        });
      }
    }
  } finally {
    await reloaded.close();
  }
}
