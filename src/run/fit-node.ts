import { freemem } from "node:os";
import type { Random } from "../base/random.js";
import { parseClassWeights } from "../model/class-weights.js";
import { type Classifier, createClassifier } from "../model/classifier.js";
import type { LengthStatistics } from "../tokens/lengths.js";
import type { LengthLimit } from "../tokens/long-texts.js";
import { collapseOf, collapseText, isEarly } from "./collapse.js";
import { encodeTexts } from "./encode-node.js";
import type { Engine } from "./engine.js";
import { openWorkerEngine } from "./engine-worker-node.js";
import type { EpochFacts, ModelFacts, TrainEvent } from "./events.js";
import type { TrainOptions } from "./options.js";
import type { Parts } from "./parts.js";
import { engineSpecOf, frozenStagesOf, learningRateOf, parameterCounts, scheduleOf } from "./plan.js";
import type { Prepared } from "./prepare-node.js";
import { type Pretrained, writeWeights } from "./pretrained-node.js";
import { rulesOf } from "./problem.js";
import { type Memory, rehearse, type TrainEstimate } from "./rehearsal.js";
import { type StartHead, startHead } from "./start-head.js";
import type { LabelledLogits } from "./temperature.js";
import { type Encode, type Reader, type RunData, type Tokenization, tokenize } from "./tokenize.js";
import { type TrainHistory, type TrainSettings, trainEpochs, trainingSize, trainPassages } from "./train.js";

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
  /** What is to be said of an epoch that came to nothing, after so many steps. */
  readonly collapsed: (epoch: EpochFacts, steps: number) => Told | undefined;
}

interface Told {
  readonly text: string;
  /** After so few steps that nobody is to be alarmed while the training goes on. */
  readonly early: boolean;
}

/** One with the weights that were best on the validation rows. */
export interface Fitted extends Omit<Ready, "collapsed"> {
  readonly history: TrainHistory;
  /** Of the validation texts, with their labels; undefined where no epoch was finished. */
  readonly validation: LabelledLogits | undefined;
  /** Told to people, where the training came to nothing. */
  readonly collapsed: string | undefined;
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
    const { engine, tokens, settings, model } = ready;
    const { validationLogits, ...history } = yield* trainEpochs(engine, tokens, settings);
    const best = history.epochs.find(({ epoch }) => epoch === history.bestEpoch);
    const collapsed = best && ready.collapsed(best, model.steps)?.text;
    const validation = validationLogits && {
      logits: validationLogits,
      labelIds: Array.from(tokens.validation, (text) => tokens.labelIds.at(text)!),
      problem: tokens.problem,
      windowPooling: tokens.windowPooling,
    };
    return { ...ready, history, validation, collapsed };
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
    const { steps } = trainingSize(tokens, { ...options, random });
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
    const circumstances = {
      labels,
      learningRate,
      usualRate: learningRateOf("auto", frozenStages, classifier),
      classWeights,
      headOnly: options.freeze === "all",
    };
    const collapsed = (epoch: EpochFacts, steps: number): Told | undefined => {
      const collapse = collapseOf(epoch, classWeights);
      return (
        collapse && {
          text: collapseText(collapse, { ...circumstances, steps }),
          early: isEarly(collapse, steps),
        }
      );
    };
    const warning = (epoch: EpochFacts, steps: number): string | undefined => {
      const told = collapsed(epoch, steps);
      return told?.early ? undefined : told?.text;
    };
    const settings = { ...options, learningRate, schedule, classWeights, random, warning, cancelled };
    stopIfCancelled();
    const estimate = await rehearse(engine, tokens, settings, {
      memory: options.device === "cpu" ? processMemory : undefined,
      laterBytes: 4 * trained,
      gradientCheckpointing: options.gradientCheckpointing,
      frozen: frozenStages > 0,
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
      collapsed,
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
