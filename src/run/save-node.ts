import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { TextgraftError } from "../base/errors.js";
import type { Precision } from "../graph/precision.js";
import type { Classifier } from "../model/classifier.js";
import { encodeSafetensors } from "../model/safetensors.js";
import { type StockForm, stockForm } from "../model/stock-form.js";
import { inputOf } from "../tokens/pairs.js";
import { writeConfig } from "./config-json-node.js";
import type { Engine } from "./engine.js";
import type { FolderFile } from "./folder-files.js";
import { load } from "./load-node.js";
import type { Pretrained } from "./pretrained-node.js";
import { savedConfig } from "./saved-config.js";
import type { SavedFacts } from "./saved-facts.js";
import { tokenizerConfig } from "./tokenizer-config.js";
import { writeFolder, writeJson } from "./write-folder-node.js";

export interface SaveInput {
  engine: Engine;
  classifier: Classifier;
  pretrained: Pretrained;
  facts: SavedFacts;
  /** What the model in memory computes in. */
  precision: Precision;
  /** README.md */
  card: string;
  /** What else lies in the folder, such as reports. */
  files: readonly FolderFile[];
  /** Texts with the probabilities that the model in memory gives them: the saved one must agree. */
  probes: readonly { text: string; pair?: string | undefined; probabilities: readonly number[] }[];
}

/**
 * Largest difference of a probability after reloading, which is in float32 on the processor. There sums are in another
 * order; what was told in float16 has three digits. A wrong model differs by tenths.
 */
const RELOAD_TOLERANCE: Record<Precision, number> = { float32: 1e-4, float16: 0.02 };

/**
 * Writes a model folder in Hugging Face's layout, reloads it, compares its answers with those of the model in
 * memory, and only then puts it into place. The engine is closed before the reloading, which needs its room. https://huggingface.co/docs/transformers/main_classes/model
 */
export async function saveModel(target: string, overwrite: boolean, input: SaveInput): Promise<void> {
  const write = async (folder: string): Promise<void> => {
    const { folder: source, tokenizer } = input.pretrained;
    const form = stockForm(input.classifier.spec, source.config);
    const { positions, tokenTypes = 0 } = form.spec.config;
    const use = { tokenizer, positions, tokenTypes: tokenTypes > 1 };
    await writeFile(join(folder, "tokenizer.json"), source.tokenizer.tokenizerJson ?? tokenizer.json);
    await writeJson(join(folder, "tokenizer_config.json"), tokenizerConfig(source.tokenizer, use));
    await writeConfig(folder, savedConfig(form));
    await writeJson(join(folder, "textgraft.json"), input.facts);
    await writeFile(join(folder, "README.md"), input.card);
    for (const { name, content } of input.files) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), content);
    }
    await writeFile(join(folder, "model.safetensors"), await weightsFile(input, form));
  };
  await writeFolder(target, { overwrite }, write, (folder) => verify(folder, input));
}

async function weightsFile({ engine, classifier }: SaveInput, form: StockForm): Promise<Uint8Array[]> {
  const trained = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const { name, shape } of classifier.parameters)
    trained.set(name, { shape, data: await engine.read(name) });
  return encodeSafetensors(form.weights(trained));
}

async function verify(
  folder: string,
  { engine, probes, precision, classifier: { spec } }: SaveInput,
): Promise<void> {
  await engine.close();
  const reloaded = await load(folder);
  try {
    const predictions = await reloaded.predict(probes.map(inputOf));
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
