import { freemem } from "node:os";
import type { Random } from "../base/random.js";
import { parseClassWeights } from "../model/class-weights.js";
import { type Classifier, createClassifier } from "../model/classifier.js";
import type { LengthStatistics } from "../tokens/lengths.js";
import type { LengthLimit } from "../tokens/long-texts.js";
import { encodeTexts } from "./encode-node.js";
import type { Engine } from "./engine.js";
import { openWorkerEngine } from "./engine-worker-node.js";
import type { ModelFacts, TrainEvent } from "./events.js";
import type { TrainOptions } from "./options.js";
import type { Parts } from "./parts.js";
import { engineSpecOf, frozenStagesOf, learningRateOf, parameterCounts, scheduleOf } from "./plan.js";
import type { Prepared } from "./prepare-node.js";
import { type Pretrained, writeWeights } from "./pretrained-node.js";
import { rulesOf } from "./problem.js";
import { type Memory, rehearse, type TrainEstimate } from "./rehearsal.js";
import { type StartHead, startHead } from "./start-head.js";
import { type Encode, type Reader, type RunData, type Tokenization, tokenize } from "./tokenize.js";
import { stepsPerEpoch, type TrainHistory, type TrainSettings, trainEpochs, trainPassages } from "./train.js";

/** A classifier that is ready to train; whoever has it closes its engine. */
export interface Ready {
  readonly engine: Engine;
  readonly classifier: Classifier;
  /** The head as people know it. */
  readonly head: StartHead["named"];
  readonly tokens: RunData;
  /** Of the training texts. */
  readonly lengths: LengthStatistics;
  readonly limit: LengthLimit;
  readonly classWeights: readonly number[];
  readonly model: ModelFacts;
  readonly settings: TrainSettings;
  readonly estimate: TrainEstimate;
}

/** One with the weights that were best on the validation rows. */
export interface Fitted extends Ready {
  readonly history: TrainHistory;
}

/**
 * Trains on one split. Everything random derives from `random`: its seed makes a repetition. `tokenized` spares
 * tokenizing what was tokenized for another training.
 */
export async function* fit(
  prepared: Prepared,
  parts: Pick<Parts, "split" | "facts">,
  random: Random,
  tokenized?: Tokenization,
): AsyncGenerator<TrainEvent, Fitted> {
  const ready = yield* setUp(prepared, parts, random, tokenized);
  try {
    prepared.stopIfCancelled();
    const history = yield* trainEpochs(ready.engine, ready.tokens, ready.settings);
    return { ...ready, history };
  } catch (error) {
    await ready.engine.close();
    throw error;
  }
}

/** All that comes before the first step: tokens, weights in an engine, and what the training will take. */
export async function* setUp(
  { options, problem, pretrained, cancelled, stopIfCancelled }: Prepared,
  { split, facts: { labels, parts } }: Pick<Parts, "split" | "facts">,
  random: Random,
  tokenized?: Tokenization,
): AsyncGenerator<TrainEvent, Ready> {
  const { rows, byLabel } = parts.train;
  const classWeights = parseClassWeights(options.classWeights, labels, () =>
    rulesOf(problem).balancedWeights(byLabel, rows, labels),
  );
  const { tokens, limit, cutShare, lengths } =
    tokenized ??
    (yield* tokenize(split, labels, readerOf({ pretrained, options }), options, problem, stopIfCancelled));
  const head = startHead(options, pretrained, { labels, problem });
  const { config } = pretrained;
  const classifier = createClassifier({ config, ...head.spec, labels, problem });
  const frozenStages = frozenStagesOf(options.freeze, classifier);
  const engine = await openWorkerEngine(engineSpecOf(classifier, options, { frozenStages, ...limit }));
  try {
    const { labelRows, notice } = head;
    const copied = await writeWeights(engine, classifier, pretrained, { random, labelRows });
    const passages = trainPassages(tokens).length;
    const steps = options.epochs * stepsPerEpoch(passages, options.batchSize, options.accumulate);
    const learningRate = learningRateOf(options.learningRate, frozenStages, classifier);
    const { all, trained } = parameterCounts(classifier, frozenStages);
    const model: ModelFacts = {
      model: options.model,
      ...(pretrained.commit !== undefined && { commit: pretrained.commit }),
      parameters: all,
      trainedParameters: trained,
      layers: config.layers,
      hiddenSize: config.hiddenSize,
      ...head.named,
      frozenStages,
      ...limit,
      windowPooling: options.windowPooling,
      trainPassages: passages,
      cutShare,
      learningRate,
      steps,
      ...(options.classWeights === "none" ? {} : { classWeights }),
      ...copied,
    };
    yield { kind: "model", facts: model };
    if (notice !== undefined) yield { kind: "notice", text: notice };

    const schedule = scheduleOf(options, steps);
    const settings = { ...options, learningRate, schedule, classWeights, random, cancelled };
    stopIfCancelled();
    const estimate = await rehearse(engine, tokens, settings, {
      memory: options.device === "cpu" ? processMemory : undefined,
      laterBytes: 4 * trained,
      gradientCheckpointing: options.gradientCheckpointing,
    });
    yield { kind: "estimate", facts: estimate };
    return {
      engine,
      classifier,
      head: head.named,
      tokens,
      lengths,
      limit,
      classWeights,
      model,
      settings,
      estimate,
    };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** What tokenizes for a training. */
export const readerOf = ({ pretrained, options }: Pick<Prepared, "pretrained" | "options">): Reader => ({
  ...pretrained,
  encode: encoderOf(pretrained, options),
});

/** Tokenizes much text in worker threads, and keeps its tokens for later runs. */
const encoderOf =
  ({ tokenizer, folder }: Pretrained, { model, cache, threads }: TrainOptions): Encode =>
  (texts, maxLength, onProgress) =>
    encodeTexts(texts, {
      tokenizer,
      files: folder.tokenizer,
      maxLength,
      threads: threads === "auto" ? undefined : threads,
      cacheAs: cache ? model : undefined,
      onProgress,
    });

/** Older versions of Node don't say what limits the process, only what is free on the machine. */
const processMemory: Memory = {
  resident: () => process.memoryUsage.rss(),
  available: () => process.availableMemory?.() ?? freemem(),
};
