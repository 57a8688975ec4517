import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Random, random } from "../../src/base/random.js";
import { sizeOf } from "../../src/base/tensor.js";
import type { Precision } from "../../src/graph/precision.js";
import { type Classifier, type ClassifierSpec, createClassifier } from "../../src/model/classifier.js";
import type { BertConfig } from "../../src/model/families/bert.js";
import { encodeSafetensors } from "../../src/model/safetensors.js";
import type { Engine, EngineSpec, TrainBatch, TrainingSpec } from "../../src/run/engine.js";
import { openGpuEngine } from "../../src/run/engine-gpu.js";
import { openLocalEngine } from "../../src/run/engine-local.js";
import { type FeatureStore, memoryFeatures } from "../../src/run/feature-cache.js";
import type { OpenGpuSession } from "../../src/run/gpu-session.js";
import type { Device } from "../../src/run/session.js";
import { openSessionNode } from "../../src/run/session-node.js";
import { openSoftwareGpu } from "./devices.js";

/** A BERT that trains in milliseconds, with all that a large one has. */
export const tinyConfig: BertConfig = {
  modelType: "bert",
  vocabSize: 120,
  hiddenSize: 32,
  layers: 2,
  heads: 4,
  intermediateSize: 64,
  activation: "gelu",
  positions: 64,
  positionRows: 64,
  padId: 0,
  tokenTypes: 2,
  layerNormEpsilon: 1e-12,
  hiddenDropout: 0.1,
  attentionDropout: 0.1,
  classifierDropout: 0.1,
  initializerRange: 0.1,
};

export const tinySpec: ClassifierSpec = {
  config: tinyConfig,
  head: "stock",
  labels: ["a", "b", "c"],
  problem: "single_label",
};

/** Embeddings, layers and pooler. */
export const tinyStages: number = tinyConfig.layers + 2;

/**
 * Nothing of it decays or is clipped. Epsilon is large: some gradients (of the keys' biases) are zero but for rounding,
 * and the usual epsilon would make whole steps out of that.
 */
export const tinyTraining: TrainingSpec = {
  batchSize: 8,
  accumulation: 1,
  maxLength: 32,
  seed: 0,
  dropout: true,
  checkpointing: false,
  weightDecay: 0,
  decayAll: false,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-4,
  maxGradientNorm: Number.POSITIVE_INFINITY,
};

/** Random values for every parameter, biases and norms included. */
export function tinyWeights({ parameters }: Classifier, seed = 0): Map<string, Float32Array> {
  return new Map(
    parameters.map(({ name, shape, exempt }) => {
      const draw = random(seed).fork(name);
      const mean = exempt && name.endsWith("weight") ? 1 : 0;
      return [name, new Float32Array(sizeOf(shape)).map(() => mean + 0.1 * draw.normal())];
    }),
  );
}

export interface TinyEngine {
  classifier?: Partial<ClassifierSpec>;
  training?: Partial<TrainingSpec>;
  device?: Device;
  precision?: Precision;
  frozenStages?: number;
  features?: FeatureStore;
  openGpuSession?: OpenGpuSession;
}

/** An engine in this thread with random weights; without `training` it only predicts. */
export async function openTiny({
  classifier,
  training,
  device = "cpu",
  precision = "float32",
  frozenStages = 0,
  features = memoryFeatures(2 ** 24),
  openGpuSession = openSoftwareGpu,
}: TinyEngine = {}): Promise<Engine> {
  const spec: EngineSpec = {
    classifier: { ...tinySpec, ...classifier },
    device,
    precision,
    threads: 2,
    frozenStages,
    ...(training && { training: { ...tinyTraining, ...training } }),
  };
  const openFeatures = () => features;
  const engine =
    device === "webgpu"
      ? await openGpuEngine(spec, { openSession: openGpuSession, openFeatures })
      : openLocalEngine(spec, { openSession: openSessionNode, openFeatures });
  for (const [name, values] of tinyWeights(createClassifier(spec.classifier)))
    await engine.write(name, values);
  return engine;
}

/** All weights of an engine, by name. */
export async function readAll(engine: Engine, classifier: Partial<ClassifierSpec> = {}) {
  const weights = new Map<string, Float32Array>();
  for (const { name } of createClassifier({ ...tinySpec, ...classifier }).parameters)
    weights.set(name, await engine.read(name));
  return weights;
}

export interface TinyRow {
  /** Number of the example. */
  example: number;
  ids: readonly number[];
  labelId: number;
}

/** Rows of random tokens of random lengths, with random labels. */
export function tinyRows(count: number, { seed = 0, shortest = 3, longest = 8 } = {}): TinyRow[] {
  const draw: Random = random(seed);
  return Array.from({ length: count }, (_, example) => ({
    example,
    ids: Array.from({ length: shortest + draw.int(longest - shortest + 1) }, () =>
      draw.int(tinyConfig.vocabSize),
    ),
    labelId: draw.int(tinySpec.labels.length),
  }));
}

/** Rows as a batch padded to `length`, filled up to `size` rows of weight 0. */
export function tinyBatch(
  rows: readonly TinyRow[],
  { length = 8, size = rows.length, classWeights = [1, 1, 1] } = {},
): TrainBatch {
  const labelCount = classWeights.length;
  const batch: TrainBatch = {
    examples: new Int32Array(size).fill(-1),
    length,
    inputIds: new Int32Array(size * length),
    attentionMask: new Int32Array(size * length),
    tokenTypeIds: new Int32Array(size * length),
    labels: new Float32Array(size * labelCount),
    weights: new Float32Array(size),
  };
  for (const [i, { example, ids, labelId }] of rows.entries()) {
    batch.examples[i] = example;
    batch.inputIds.set(ids, i * length);
    batch.attentionMask.fill(1, i * length, i * length + ids.length);
    batch.labels[i * labelCount + labelId] = 1;
    batch.weights[i] = classWeights[labelId]!;
  }
  for (let i = rows.length; i < size; i++) batch.attentionMask[i * length] = 1;
  return batch;
}

/** The denominator of a step. */
export const weightOf = (batches: readonly TrainBatch[]): number =>
  batches.reduce((sum, { weights }) => sum + weights.reduce((a, b) => a + b, 0), 0);

/** Words that a tiny model knows, some typical of one of three labels, and others in all. */
const WORDS = {
  sea: ["wave", "ship", "harbour", "salt", "sail", "anchor", "tide", "whale", "island", "storm"],
  kitchen: ["soup", "bread", "oven", "spoon", "pepper", "butter", "onion", "plate", "kettle", "dough"],
  garden: ["rose", "soil", "rake", "seed", "hedge", "tulip", "bee", "lawn", "shade", "root"],
  all: ["the", "a", "and", "old", "new", "with", "in", "my", "we", "saw", "two", "small", "again", "today"],
};

export type Topic = Exclude<keyof typeof WORDS, "all">;

/** Invented texts of some topics in turn: half of the words tell the topic. All differ. */
export function inventedRows(
  count: number,
  topics: readonly Topic[] = ["sea", "kitchen", "garden"],
  seed = 0,
): { text: string; label: Topic }[] {
  const draw = random(seed);
  const pick = (words: readonly string[]) => words[draw.int(words.length)]!;
  return Array.from({ length: count }, (_, i) => {
    const label = topics[i % topics.length]!;
    const words = Array.from({ length: 6 + draw.int(14) }, () =>
      pick(draw.uniform() < 0.5 ? WORDS[label] : WORDS.all),
    );
    return { text: words.join(" "), label };
  });
}

/** Two invented texts in one, with the topics of both; every sixth text has no topic. */
export function inventedSets(count: number): { text: string; labels: Topic[] }[] {
  const [first, second] = [1, 2].map((seed) => inventedRows(count, undefined, seed));
  return first!.map(({ text, label }, i) => {
    if (i % 6 === 5) return { text: `the old and the new we saw ${i}`, labels: [] };
    const other = second![(i + Math.floor(i / 3)) % count]!;
    return { text: `${text} ${other.text}`, labels: [...new Set([label, other.label])] };
  });
}

/** Writes a pretrained model with random weights into a folder, as Hugging Face saves it, and gives the folder back. */
export async function writeTinyModel(folder: string, config: Partial<BertConfig> = {}): Promise<string> {
  const vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ...Object.values(WORDS).flat()];
  const settings = { ...tinyConfig, vocabSize: vocabulary.length, ...config };
  const model = createClassifier({ ...tinySpec, config: settings });
  const weights = tinyWeights(model);
  const encoder = model.stages.flatMap(({ parameters }) => parameters);
  const tensors = new Map(encoder.map(({ name, shape }) => [name, { shape, data: weights.get(name)! }]));
  await mkdir(folder, { recursive: true });
  const write = (name: string, value: unknown) => writeFile(join(folder, name), `${JSON.stringify(value)}\n`);
  await write("config.json", {
    architectures: ["BertModel"],
    model_type: "bert",
    torch_dtype: "float32",
    hidden_act: "gelu",
    vocab_size: settings.vocabSize,
    hidden_size: settings.hiddenSize,
    num_hidden_layers: settings.layers,
    num_attention_heads: settings.heads,
    intermediate_size: settings.intermediateSize,
    max_position_embeddings: settings.positionRows,
    type_vocab_size: settings.tokenTypes,
    layer_norm_eps: settings.layerNormEpsilon,
    hidden_dropout_prob: settings.hiddenDropout,
    attention_probs_dropout_prob: settings.attentionDropout,
    initializer_range: settings.initializerRange,
    pad_token_id: 0,
  });
  await write("tokenizer.json", tokenizerJson(vocabulary));
  await write("tokenizer_config.json", { do_lower_case: true, model_max_length: 1e30 });
  await writeFile(join(folder, "model.safetensors"), encodeSafetensors(tensors));
  return folder;
}

/** https://huggingface.co/docs/tokenizers: words as they are, between [CLS] and [SEP]. */
function tokenizerJson(vocabulary: readonly string[]): object {
  const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const named = (content: string) => ({ id: content, ids: [vocabulary.indexOf(content)], tokens: [content] });
  return {
    version: "1.0",
    added_tokens: vocabulary.slice(0, 5).map((content, id) => ({ id, content, special: true })),
    normalizer: { type: "BertNormalizer", lowercase: true },
    pre_tokenizer: { type: "BertPreTokenizer" },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary.map((word, id) => [word, id])),
    },
    post_processor: {
      type: "TemplateProcessing",
      single: [special("[CLS]"), { Sequence: { id: "A", type_id: 0 } }, special("[SEP]")],
      pair: [special("[CLS]"), { Sequence: { id: "A", type_id: 0 } }, special("[SEP]")],
      special_tokens: { "[CLS]": named("[CLS]"), "[SEP]": named("[SEP]") },
    },
    decoder: null,
  };
}
