import { freemem } from "node:os";
import { basename, resolve } from "node:path";
import { TextgraftError } from "../base/errors.js";
import { random } from "../base/random.js";
import { singleLabelsLookLikeSets } from "../data/check.js";
import { type Dataset, readDataset } from "../data/example.js";
import { openTable } from "../data/file-node.js";
import { setsHint } from "../data/label-sets.js";
import { partNames } from "../data/split-quotas.js";
import { parseClassWeights } from "../model/class-weights.js";
import { createClassifier } from "../model/classifier.js";
import type { EncoderConfig } from "../model/config.js";
import type { Problem } from "../model/loss.js";
import { checkHead, fittingHeads, heldAsStock, stockForm } from "../model/stock-form.js";
import type { Engine } from "./engine.js";
import { openWorkerEngine } from "./engine-worker-node.js";
import { eventStream, telling } from "./event-stream.js";
import type { DataFacts, ModelEvent, ModelFacts, TrainEvent, TrainResult } from "./events.js";
import { judge } from "./judge.js";
import { modelCard } from "./model-card.js";
import { resolveOptions, type TrainOptions } from "./options.js";
import { datasetFrom, type LabelledRow, partsOf, type Sources } from "./parts.js";
import {
  checkFreeze,
  engineSpecOf,
  frozenStagesOf,
  learningRateOf,
  lengthLimitOf,
  parameterCounts,
  scheduleOf,
} from "./plan.js";
import { openPretrained, type Pretrained, writeWeights } from "./pretrained-node.js";
import { rulesOf } from "./problem.js";
import { type Memory, rehearse } from "./rehearsal.js";
import { runRecord } from "./run-record-node.js";
import { saveModel } from "./save-node.js";
import { kindOf } from "./saved-config.js";
import { startHead } from "./start-head.js";
import { tokenize } from "./tokenize.js";
import { stepsPerEpoch, trainEpochs, trainPassages } from "./train.js";
import { checkTarget } from "./write-folder-node.js";

/**
 * Options by their names in the table, and the rows: a CSV, TSV or JSONL file, or examples with a `label`, with `multiLabel`
 * with `labels`.
 */
export interface TrainInput extends Partial<TrainOptions> {
  data: string | readonly LabelledRow[];
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
  const stop = new AbortController();
  const stream = eventStream(pipeline(input, stop.signal));
  return Object.assign(stream, { cancel: () => stop.abort() });
}

async function* pipeline(input: TrainInput, signal: AbortSignal): AsyncGenerator<TrainEvent, TrainResult> {
  const start = Date.now();
  const cancelled = () => signal.aborted;
  const stopIfCancelled = (): void => {
    if (!cancelled()) return;
    const message = "Stopped before the first step; nothing was written.";
    throw new TextgraftError("cancelled", { message });
  };
  const { data, ...given } = input;
  const options = resolveOptions(given);
  const problem: Problem = options.multiLabel ? "multi_label" : "single_label";
  const seeded = random(options.seed);
  await checkTarget(options.output, options.overwrite);
  const { revision } = options;
  const pretrained = yield* telling<ModelEvent, Pretrained>((tell) =>
    openPretrained(options.model, { revision, signal, tell }),
  );
  checkFreeze(options.freeze, pretrained.config);
  checkHead(pretrained.config, options.head, options.headWidth === "auto" ? undefined : options.headWidth);
  lengthLimitOf(options, pretrained.config.positions, pretrained); // told before the long work
  const sources = await readSources(data, options);
  const grouped = options.split === "grouped";
  const { split, facts } = partsOf(sources, { problem, grouped, random: seeded });
  yield { kind: "data", facts };
  for (const text of [...otherProblem(sources.data, problem), ...unrepresented(facts)])
    yield { kind: "notice", text };

  const { rows, byLabel } = facts.parts.train;
  const classWeights = parseClassWeights(options.classWeights, facts.labels, () =>
    rulesOf(problem).balancedWeights(byLabel, rows, facts.labels),
  );
  const { tokens, limit, cutShare } = yield* tokenize(
    split,
    facts.labels,
    pretrained,
    options,
    problem,
    stopIfCancelled,
  );
  const head = startHead(options, pretrained, { labels: facts.labels, problem });
  const classifier = createClassifier({
    config: pretrained.config,
    ...head.spec,
    labels: facts.labels,
    problem,
  });
  const frozenStages = frozenStagesOf(options.freeze, classifier);
  const engine = await openWorkerEngine(engineSpecOf(classifier, options, { frozenStages, ...limit }));
  try {
    const { labelRows, notice } = head;
    const copied = await writeWeights(engine, classifier, pretrained, { random: seeded, labelRows });
    const passages = trainPassages(tokens).length;
    const steps = options.epochs * stepsPerEpoch(passages, options.batchSize, options.accumulate);
    const learningRate = learningRateOf(options.learningRate, frozenStages, classifier);
    const { all, trained } = parameterCounts(classifier, frozenStages);
    const model: ModelFacts = {
      model: options.model,
      ...(pretrained.commit !== undefined && { commit: pretrained.commit }),
      parameters: all,
      trainedParameters: trained,
      layers: pretrained.config.layers,
      hiddenSize: pretrained.config.hiddenSize,
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
    const settings = { ...options, learningRate, schedule, classWeights, random: seeded, cancelled };
    stopIfCancelled();
    const estimate = await rehearse(engine, tokens, settings, {
      memory: options.device === "cpu" ? processMemory : undefined,
      laterBytes: 4 * trained,
      gradientCheckpointing: options.gradientCheckpointing,
    });
    yield { kind: "estimate", facts: estimate };
    stopIfCancelled();
    const history = yield* trainEpochs(engine, tokens, settings);
    const test = yield* judge(engine, tokens, split, { labels: facts.labels, classWeights });
    const features = yield* featuresOf(engine, frozenStages);
    const saved = runRecord({
      pretrained,
      options,
      facts,
      limit,
      head: head.named,
      problem: classifier.spec.problem,
      history,
      test,
      split,
    });
    const { spec } = stockForm(classifier.spec, pretrained.folder.config);
    const card = modelCard({ name: basename(resolve(options.output)), saved, model, test, ...kindOf(spec) });
    const probes = test.judged.slice(0, PROBES);
    await saveModel(options.output, options.overwrite, {
      engine,
      classifier,
      pretrained,
      facts: saved,
      precision: options.precision,
      card,
      probes,
    });
    if (!heldAsStock(head.named.head)) yield { kind: "notice", text: ownHead(pretrained.config) };
    yield { kind: "saved", folder: options.output };
    const seconds = (Date.now() - start) / 1000;
    return {
      folder: options.output,
      options,
      data: facts,
      model,
      ...history,
      test,
      ...(features && { features }),
      seconds,
    };
  } finally {
    await engine.close();
  }
}

/** What came from the cache, and what didn't; undefined where nothing is frozen. */
async function* featuresOf(
  engine: Engine,
  frozenStages: number,
): AsyncGenerator<TrainEvent, TrainResult["features"]> {
  if (frozenStages === 0) return undefined;
  const { reused, computed, problem } = await engine.featureUse();
  if (problem !== undefined) yield { kind: "notice", text: problem };
  if (reused > 0) {
    const count = (texts: number): string =>
      `${texts.toLocaleString("en-US")} ${texts === 1 ? "text" : "texts"}`;
    const rest = computed === 0 ? "none was computed" : `those of ${count(computed)} were computed`;
    yield { kind: "notice", text: `Features of ${count(reused)} came from the cache; ${rest}.` };
  }
  return { reused, computed };
}

/** Older versions of Node don't say what limits the process, only what is free on the machine. */
const processMemory: Memory = {
  resident: () => process.memoryUsage.rss(),
  available: () => process.availableMemory?.() ?? freemem(),
};

/** Texts on which a saved model is compared with the one in memory. */
const PROBES = 16;

async function readSources(data: TrainInput["data"], options: TrainOptions): Promise<Sources> {
  const columns = { text: options.text || undefined, label: options.label || undefined };
  const read = async (file: string): Promise<Dataset> => readDataset(await openTable(file), columns, options);
  return {
    data: typeof data === "string" ? await read(data) : datasetFrom(data, options),
    ...(options.validation && { validation: await read(options.validation) }),
    ...(options.test && { test: await read(options.test) }),
  };
}

/** A hint where the data looks like the other kind of problem. */
function otherProblem(data: Dataset, problem: Problem): string[] {
  if (problem === "single_label") return singleLabelsLookLikeSets(data) ? [setsHint] : [];
  const single = data.examples.every(({ labels }) => labels.length === 1);
  return single
    ? ["Every text has exactly one label: without --multi-label the model would choose one for each text."]
    : [];
}

/** Labels that a part has no text of: nothing can be said of them there. */
function unrepresented({ labels, parts }: DataFacts): string[] {
  return partNames.flatMap((part) => {
    const lacking = labels.filter((_, labelId) => parts[part].byLabel[labelId] === 0);
    return lacking.length === 0
      ? []
      : [`No ${part} text has the label ${lacking.join(", ")}: add rows that differ.`];
  });
}

const ownHead = (config: EncoderConfig): string =>
  "The mlp head fits no class of transformers: Textgraft alone loads this folder. For others, textgraft export writes " +
  `it as ONNX; heads that load everywhere: ${["stock", ...fittingHeads(config)].join(", ")}.`;
