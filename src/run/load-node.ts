import { resolve } from "node:path";
import { random } from "../base/random.js";
import { createClassifier } from "../model/classifier.js";
import type { Problem } from "../model/loss.js";
import { encodeAll } from "../tokens/encode-all.js";
import type { Tokenizer } from "../tokens/tokenizer.js";
import type { Engine } from "./engine.js";
import { openWorkerEngine } from "./engine-worker-node.js";
import { logitsOf, probabilitiesOf } from "./evaluate.js";
import { argmax } from "./metrics/probabilities.js";
import type { Prediction } from "./predict.js";
import { openPretrained, writeWeights } from "./pretrained-node.js";
import { readSavedFacts } from "./saved-facts.js";
import type { Device } from "./session.js";

/** A fine-tuned classifier, ready to predict. Close it when it isn't needed any more. */
export interface TextClassifier {
  readonly folder: string;
  /** In the order of labelIds. */
  readonly labels: readonly string[];
  /** Tokens of a text, special tokens included; longer texts are cut. */
  readonly maxLength: number;
  readonly tokenizer: Tokenizer;
  predict(text: string): Promise<Prediction>;
  predict(texts: readonly string[], options?: PredictOptions): Promise<Prediction[]>;
  close(): Promise<void>;
}

export interface PredictOptions {
  onProgress?: (done: number, total: number) => void;
}

export interface LoadOptions {
  device?: Device;
  threads?: number;
}

const BATCH_SIZE = 32;

/**
 * Loads a model folder that `train` wrote. Errors: `file-missing`, `model-invalid`, `config-invalid`,
 * `weights-invalid`.
 */
export async function load(
  folder: string,
  { device = "cpu", threads }: LoadOptions = {},
): Promise<TextClassifier> {
  const pretrained = await openPretrained(resolve(folder));
  const { maxLength, ...saved } = readSavedFacts(pretrained.folder.textgraft, pretrained.folder.path);
  const { labels, problem } = saved;
  const spec = { config: pretrained.config, ...saved };
  const engine = await openWorkerEngine({
    classifier: spec,
    device,
    frozenStages: 0,
    ...(threads === undefined ? {} : { threads }),
  });
  try {
    await writeWeights(engine, createClassifier(spec), pretrained, { random: random(0), keepHead: true });
  } catch (error) {
    await engine.close();
    throw error;
  }
  const { tokenizer } = pretrained;
  const predictAll = predictor(engine, tokenizer, { labels, problem, maxLength });

  async function predict(text: string): Promise<Prediction>;
  async function predict(texts: readonly string[], options?: PredictOptions): Promise<Prediction[]>;
  async function predict(texts: string | readonly string[], options: PredictOptions = {}) {
    if (typeof texts === "string") return (await predictAll([texts], options))[0]!;
    return predictAll(texts, options);
  }
  const { path } = pretrained.folder;
  return { folder: path, labels, maxLength, tokenizer, predict, close: () => engine.close() };
}

interface PredictorSpec {
  labels: readonly string[];
  problem: Problem;
  maxLength: number;
}

function predictor(engine: Engine, tokenizer: Tokenizer, { labels, problem, maxLength }: PredictorSpec) {
  return async (texts: readonly string[], { onProgress }: PredictOptions): Promise<Prediction[]> => {
    if (texts.length === 0) return [];
    const encodings = await encodeAll(tokenizer, texts, maxLength);
    const tokenized = { encodings, batchSize: BATCH_SIZE, padId: tokenizer.padId };
    const batches = logitsOf(
      engine,
      tokenized,
      texts.map((_, example) => example),
    );
    for (;;) {
      const { value, done } = await batches.next();
      if (!done) {
        onProgress?.(value.done, texts.length);
        continue;
      }
      return texts.map((text, i) => prediction(text, labels, probabilitiesOf(value[i]!, problem)));
    }
  };
}

function prediction(text: string, labels: readonly string[], probabilities: readonly number[]): Prediction {
  const best = argmax(probabilities);
  const scores = Object.fromEntries(labels.map((label, id) => [label, probabilities[id]!]));
  return { text, label: labels[best]!, score: probabilities[best]!, scores };
}
