import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { TextgraftError } from "../base/errors.js";
import { random } from "../base/random.js";
import { type Dataset, type Example, readDataset } from "../data/example.js";
import { openTable } from "../data/file-node.js";
import type { Split } from "../data/split.js";
import { parseClassWeights } from "../model/class-weights.js";
import { type Classifier, createClassifier } from "../model/classifier.js";
import { chooseBuckets } from "../tokens/buckets.js";
import { encodeAll } from "../tokens/encode-all.js";
import { lengthStatistics } from "../tokens/lengths.js";
import type { Engine } from "./engine.js";
import { openWorkerEngine } from "./engine-worker-node.js";
import { probabilitiesOf, weightedCrossEntropy } from "./evaluate.js";
import { eventStream, reporting } from "./event-stream.js";
import type { DataFacts, Judged, ModelFacts, TrainEvent, TrainResult } from "./events.js";
import { floors } from "./floors.js";
import { classificationMetrics, confusionMatrix } from "./metrics/confusion.js";
import { measure } from "./metrics.js";
import { resolveOptions, type TrainOptions } from "./options.js";
import { datasetFrom, partsOf, type Sources } from "./parts.js";
import {
  engineSpecOf,
  frozenStagesOf,
  learningRateOf,
  maxLengthOf,
  parameterCounts,
  scheduleOf,
} from "./plan.js";
import { openPretrained, type Pretrained, writeWeights } from "./pretrained-node.js";
import { saveModel } from "./save-node.js";
import type { SavedFacts } from "./saved-facts.js";
import { evaluating, stepsPerEpoch, type TrainData, type TrainHistory, trainEpochs } from "./train.js";
import { VERSION } from "./version.js";
import { checkTarget } from "./write-folder-node.js";

/** Options by their names in the table, and the rows: a CSV or TSV file, or examples. */
export interface TrainInput extends Partial<TrainOptions> {
  data: string | readonly { text: string; label: string }[];
}

/** A training under way: iterate to see its events; `result` comes when the model is saved and tested. */
export interface Run extends AsyncIterable<TrainEvent> {
  readonly result: Promise<TrainResult>;
  /** Stops after the current step; the best weights so far are still saved. */
  cancel(): void;
}

/**
 * Fine-tunes a classifier, saves it, and judges it on test rows. Errors of the input come before the long work
 * starts, through `result` and the iteration alike.
 */
export function train(input: TrainInput): Run {
  let stopped = false;
  const stream = eventStream(pipeline(input, () => stopped));
  return Object.assign(stream, {
    cancel: () => {
      stopped = true;
    },
  });
}

async function* pipeline(
  input: TrainInput,
  cancelled: () => boolean,
): AsyncGenerator<TrainEvent, TrainResult> {
  const start = Date.now();
  const { data, ...given } = input;
  const options = resolveOptions(given);
  const seeded = random(options.seed);
  await checkTarget(options.output, options.overwrite);
  const pretrained = await openPretrained(options.model);
  const frozenStages = frozenStagesOf(options.freeze, pretrained.config);
  maxLengthOf(options.maxLength, pretrained.config.positions, pretrained.config); // told before the long work
  const sources = await readSources(data, options);
  const { split, facts } = partsOf(sources, { grouped: options.split === "grouped", random: seeded });
  yield { kind: "data", facts };

  const classWeights = parseClassWeights(options.classWeights, facts.labels, facts.parts.train.byLabel);
  const { tokens, maxLength, cutShare } = yield* tokenize(split, facts.labels, pretrained, options);
  const classifier = createClassifier({
    config: pretrained.config,
    head: options.head,
    labels: facts.labels,
    problem: "single_label",
  });
  const longest = tokens.buckets.at(-1)!;
  const engine = await openWorkerEngine(engineSpecOf(classifier, options, { frozenStages, longest }));
  try {
    const keepHead = continues(pretrained, classifier);
    const fresh = await writeWeights(engine, classifier, pretrained, { random: seeded, keepHead });
    const steps = options.epochs * stepsPerEpoch(tokens.train.length, options.batchSize, options.accumulate);
    const learningRate = learningRateOf(options.learningRate, frozenStages, pretrained.config);
    const { all, trained } = parameterCounts(classifier, frozenStages);
    const model: ModelFacts = {
      model: options.model,
      parameters: all,
      trainedParameters: trained,
      layers: pretrained.config.layers,
      hiddenSize: pretrained.config.hiddenSize,
      head: options.head,
      frozenStages,
      maxLength,
      cutShare,
      buckets: tokens.buckets,
      learningRate,
      steps,
      ...(options.classWeights === "none" ? {} : { classWeights }),
      fresh,
    };
    yield { kind: "model", facts: model };

    const schedule = scheduleOf(options, steps);
    const settings = { ...options, learningRate, schedule, classWeights, random: seeded, cancelled };
    if (cancelled()) {
      throw new TextgraftError("cancelled", {
        message: "Stopped before the first step; nothing was written.",
      });
    }
    const history = yield* trainEpochs(engine, tokens, settings);
    const test = yield* judge(engine, tokens, split, classWeights);
    const saved = savedFacts({ pretrained, options, facts, maxLength, classifier, history, test, split });
    const probes = test.judged.slice(0, PROBES);
    await saveModel(options.output, options.overwrite, {
      engine,
      classifier,
      pretrained,
      facts: saved,
      probes,
    });
    yield { kind: "saved", folder: options.output };
    const seconds = (Date.now() - start) / 1000;
    return { folder: options.output, options, data: facts, model, ...history, test, seconds };
  } finally {
    await engine.close();
  }
}

/** Texts on which a saved model is compared with the one in memory. */
const PROBES = 16;

async function readSources(data: TrainInput["data"], options: TrainOptions): Promise<Sources> {
  const columns = { text: options.text || undefined, label: options.label || undefined };
  const read = async (file: string): Promise<Dataset> => readDataset(await openTable(file), columns);
  return {
    data: typeof data === "string" ? await read(data) : datasetFrom(data),
    ...(options.validation && { validation: await read(options.validation) }),
    ...(options.test && { test: await read(options.test) }),
  };
}

/** All parts one after the other; examples are numbered in that order. */
const inOrder = ({ train, validation, test }: Split): Example[] => [...train, ...validation, ...test];

async function* tokenize(
  split: Split,
  labels: readonly string[],
  { tokenizer, config }: Pretrained,
  options: TrainOptions,
): AsyncGenerator<
  TrainEvent,
  { tokens: TrainData & { test: readonly number[] }; maxLength: number; cutShare: number }
> {
  const examples = inOrder(split);
  const range = (start: number, length: number) => Array.from({ length }, (_, i) => start + i);
  const train = range(0, split.train.length);
  const validation = range(train.length, split.validation.length);
  const test = range(train.length + validation.length, split.test.length);

  const texts = examples.map(({ text }) => text);
  const encoding = reporting((report) => encodeAll(tokenizer, texts, config.positions, report));
  let progress = await encoding.next();
  for (; !progress.done; progress = await encoding.next()) yield { kind: "tokenized", ...progress.value };
  const whole = progress.value;
  const statistics = lengthStatistics(train.map((example) => whole.lengthOf(example)));
  const suggested = Math.min(statistics.suggestedLength, tokenizer.modelMaxLength ?? config.positions);
  const maxLength = maxLengthOf(options.maxLength, suggested, config);
  const encodings = whole.truncated(maxLength);
  const buckets = chooseBuckets(
    train.map((example) => encodings.lengthOf(example)),
    maxLength,
  );
  const ids = new Map(labels.map((label, id) => [label, id]));
  const tokens = {
    encodings,
    buckets,
    batchSize: options.batchSize,
    padId: tokenizer.padId,
    labelIds: examples.map(({ label }) => ids.get(label)!),
    labelCount: labels.length,
    train,
    validation,
    test,
  };
  return { tokens, maxLength, cutShare: statistics.cutShare(maxLength).texts };
}

/** The model was fine-tuned for the same labels in the same order: its head goes on learning. */
function continues({ folder }: Pretrained, { spec, head }: Classifier): boolean {
  const { labels, head: kind } = folder.textgraft ?? {};
  return kind === head.kind && JSON.stringify(labels) === JSON.stringify(spec.labels);
}

async function* judge(
  engine: Engine,
  tokens: TrainData & { test: readonly number[] },
  split: Split,
  classWeights: readonly number[],
): AsyncGenerator<TrainEvent, TrainResult["test"]> {
  const logits = yield* evaluating(engine, tokens, tokens.test, "test");
  const labelIds = tokens.test.map((example) => tokens.labelIds[example]!);
  const probabilities = logits.map((row) => probabilitiesOf(row, "single_label"));
  const judged = split.test.map(({ text, row }, i): Judged => {
    const own = probabilities[i]!;
    const predictedId = own.indexOf(Math.max(...own));
    return { text, row, labelId: labelIds[i]!, predictedId, probabilities: own };
  });
  const known = {
    texts: split.train.map(({ text }) => text),
    labelIds: tokens.train.map((example) => tokens.labelIds[example]!),
  };
  const found = floors(
    known,
    split.test.map(({ text }) => text),
    tokens.labelCount,
  );
  return {
    loss: weightedCrossEntropy(logits, labelIds, classWeights),
    metrics: measure(labelIds, probabilities),
    judged,
    floors: found.map((floor) => {
      const confusion = confusionMatrix(labelIds, floor.predictions, tokens.labelCount);
      return { ...floor, metrics: classificationMetrics(confusion) };
    }),
  };
}

function onnxruntimeVersion(): string {
  const found = createRequire(import.meta.url)("onnxruntime-node/package.json") as { version: string };
  return found.version;
}

interface Finished {
  pretrained: Pretrained;
  options: TrainOptions;
  facts: DataFacts;
  maxLength: number;
  classifier: Classifier;
  history: TrainHistory;
  test: TrainResult["test"];
  split: Split;
}

function savedFacts({
  pretrained,
  options,
  facts,
  maxLength,
  classifier,
  history,
  test,
  split,
}: Finished): SavedFacts {
  const { labels, ...data } = facts;
  const rows = JSON.stringify(inOrder(split).map(({ text, label }) => [text, label]));
  const best = history.epochs.find(({ epoch }) => epoch === history.bestEpoch);
  return {
    formatVersion: 1,
    textgraft: VERSION,
    head: classifier.head.kind,
    problem: classifier.spec.problem,
    labels,
    maxLength,
    run: {
      options,
      data: { ...data, fingerprint: createHash("sha256").update(rows).digest("hex") },
      tokenizer: pretrained.tokenizer.fingerprint,
      versions: { node: process.version, onnxruntime: onnxruntimeVersion() },
      epochs: history.epochs.map(({ validation: _metrics, ...epoch }) => epoch),
      bestEpoch: history.bestEpoch,
      ...(best && { validation: best.validation }),
      test: test.metrics,
      finishedAt: new Date().toISOString(),
    },
  };
}
