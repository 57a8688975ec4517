import { TextgraftError } from "../base/errors.js";
import { sum } from "../base/numbers.js";
import type { Random } from "../base/random.js";
import type { Precision } from "../graph/precision.js";
import type { Schedule } from "../model/schedule.js";
import { collate, planBatches } from "../tokens/batch.js";
import type { Engine, TrainBatch } from "./engine.js";
import { lengthsOf, passagesOf, probabilitiesOf, type TokenizedTexts, windowLogitsOf } from "./evaluate.js";
import type { EpochFacts, Stopped, TrainEvent } from "./events.js";
import type { TextLogits } from "./logit-table.js";
import { type Best, criteria } from "./options.js";
import { type LabelIdLists, rulesOf } from "./problem.js";
import { epochTexts, type Sampling } from "./sampling.js";
import { type StepCurve, type StepPoint, stepCurve } from "./step-curve.js";
import { pooledAt } from "./temperature.js";

/** Tokenized texts with their labels; `train` and `validation` are numbers of texts. */
export interface TrainData extends TokenizedTexts {
  labelIds: LabelIdLists;
  labelCount: number;
  train: ArrayLike<number>;
  validation: ArrayLike<number>;
}

export interface TrainSettings {
  epochs: number;
  accumulate: number;
  learningRate: number;
  /** Steps counted from 0. */
  schedule: Schedule;
  /** One for each label. */
  classWeights: readonly number[];
  labelSmoothing: number;
  best: Best;
  /** What an epoch is. Default: all. */
  sampling?: Sampling;
  patience: number;
  random: Random;
  /** Default: float32. */
  precision?: Precision;
  /** Asked after each epoch, with the steps so far, until it has something to tell people. */
  warning?: (epoch: EpochFacts, steps: number) => string | undefined;
  /** Asked after each step: stop now? */
  cancelled: () => boolean;
}

export interface TrainHistory {
  epochs: EpochFacts[];
  /** Counted from 1; 0 where no epoch was finished. */
  bestEpoch: number;
  stillFalling: boolean;
  stopped: Stopped | null;
  /** What the steps did; means over several where there were many. */
  steps: StepPoint[];
}

/** What a training ends with. */
export interface Trained extends TrainHistory {
  /** Of the validation texts with the weights that it ends with; absent where no epoch was finished. */
  validationLogits?: TextLogits;
}

/** Numbers of the passages that are trained on: a text with several windows is one for each. */
export const trainPassages = ({ encodings, train }: Pick<TrainData, "encodings" | "train">): Uint32Array =>
  passagesOf(encodings, train);

/** Numbers of the passages of one epoch, counted from 1. */
const epochPassages = (
  data: TrainData,
  { sampling = "all", random }: Pick<TrainSettings, "sampling" | "random">,
  epoch: number,
): Uint32Array => passagesOf(data.encodings, epochTexts(data, sampling, random, epoch));

/** Passages and steps of all epochs: where an epoch is a sample, texts of several windows make its size vary. */
export function trainingSize(
  data: TrainData,
  settings: Pick<TrainSettings, "epochs" | "accumulate" | "sampling" | "random">,
): { passages: number; steps: number } {
  const { epochs, accumulate, sampling = "all" } = settings;
  const size = { passages: 0, steps: 0 };
  let ofEpoch = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    if (epoch === 1 || sampling !== "all") ofEpoch = epochPassages(data, settings, epoch).length;
    size.passages += ofEpoch;
    size.steps += stepsPerEpoch(ofEpoch, data.batchSize, accumulate);
  }
  return size;
}

/** Steps of one epoch: a last, shorter one included. */
export const stepsPerEpoch = (examples: number, batchSize: number, accumulate: number): number =>
  Math.ceil(Math.ceil(examples / batchSize) / accumulate);

/**
 * Trains for some epochs and ends with the weights that were best on the validation examples. Stopped early, it
 * ends with the best so far, or with what there is in the first epoch.
 */
export async function* trainEpochs(
  engine: Engine,
  data: TrainData,
  settings: TrainSettings,
): AsyncGenerator<TrainEvent, Trained> {
  const { epochs, cancelled, patience } = settings;
  const finished: EpochFacts[] = [];
  const clock = startClock(trainingSize(data, settings).passages);
  const curve = stepCurve();
  let steps = 0;
  let warned = false;
  let best: EpochFacts | undefined;
  let validationLogits: TextLogits | undefined;
  let stopped: Stopped | null = cancelled() ? "cancelled" : null;
  for (let epoch = 1; epoch <= epochs && !stopped; epoch++) {
    const start = Date.now();
    const trained = yield* trainEpoch(engine, data, settings, { epoch, firstStep: steps, clock, curve });
    const { loss: trainLoss } = trained;
    steps += trained.steps;
    if (cancelled()) {
      stopped = "cancelled";
      break;
    }
    const validated = Number.isFinite(trainLoss) ? yield* validate(engine, data, settings) : undefined;
    if (!validated) {
      if (!best) throw diverged(epoch, settings);
      stopped = "diverged";
      break;
    }
    const seconds = (Date.now() - start) / 1000;
    const { logits, ...judged } = validated;
    const facts: EpochFacts = { epoch, trainLoss, ...judged, best: false, seconds };
    if (!best || isBetter(facts, best, settings.best)) {
      facts.best = true;
      best = facts;
      validationLogits = logits;
      await engine.keep();
    }
    finished.push(facts);
    yield { kind: "epoch", facts };
    const warning: string | undefined = warned ? undefined : settings.warning?.(facts, steps);
    if (warning !== undefined) yield { kind: "notice", text: warning };
    warned ||= warning !== undefined;
    if (cancelled()) stopped = "cancelled";
    else if (patience > 0 && epoch - best.epoch >= patience && epoch < epochs) stopped = "patience";
  }
  await engine.restore();
  if (stopped && stopped !== "cancelled") yield { kind: "notice", text: REASONS[stopped] };
  return {
    epochs: finished,
    bestEpoch: best?.epoch ?? 0,
    stillFalling: wasFalling(finished),
    stopped,
    steps: curve.points(),
    ...(validationLogits && { validationLogits }),
  };
}

const REASONS = {
  patience: "Stopped: there was no better epoch for long enough.",
  diverged: "Stopped: the loss was no number any more; a lower learning rate may help.",
};

interface EpochPlace {
  epoch: number;
  /** Steps before it. */
  firstStep: number;
  clock: Clock;
  curve: StepCurve;
}

/** One epoch, its examples in an order that the seed and the epoch give; its mean loss and its steps. */
async function* trainEpoch(
  engine: Engine,
  data: TrainData,
  settings: TrainSettings,
  { epoch, firstStep, clock, curve }: EpochPlace,
): AsyncGenerator<TrainEvent, { loss: number; steps: number }> {
  const { encodings, batchSize } = data;
  const { accumulate, epochs, random, schedule } = settings;
  const passages = epochPassages(data, settings, epoch);
  const lengths = lengthsOf(encodings, passages);
  const planned = planBatches(lengths, { batchSize, random: random.fork("shuffle", epoch) });
  const steps = stepsPerEpoch(passages.length, batchSize, accumulate);
  let total = 0;
  for (let first = 0, step = firstStep; first < planned.length; first += accumulate, step++) {
    const size = Math.min(accumulate, planned.length - first);
    const part = Array.from({ length: size }, (_, i) => planned.at(first + i));
    const batches = part.map(({ rows, length }) =>
      trainBatch(
        data,
        settings,
        rows.map((row) => passages[row]!),
        length,
      ),
    );
    const learningRate = settings.learningRate * schedule(step);
    const { loss, gradientNorm } = await engine.train({
      batches: batches.map(({ batch }) => batch),
      denominator: sum(batches.map(({ denominator }) => denominator)),
      step: step + 1,
      learningRate,
    });
    total += loss;
    curve.add({ step: step + 1, loss, gradientNorm, learningRate });
    const place = { step: step + 1, epoch, epochs, batch: step - firstStep + 1, batches: steps };
    const speed = clock.advance(part.reduce((count, { rows }) => count + rows.length, 0));
    yield { kind: "step", ...place, loss, gradientNorm, learningRate, ...speed };
    if (settings.cancelled() || !Number.isFinite(loss)) break;
  }
  return { loss: total / steps, steps };
}

const diverged = (epoch: number, { learningRate, precision }: TrainSettings): TextgraftError =>
  new TextgraftError("training-diverged", {
    message: `In epoch ${epoch} the loss was no number any more, at a learning rate of ${learningRate}; no model was written.`,
    fix: `Try a lower one, such as --learning-rate ${Math.min(learningRate / 10, 1e-3)}, or a longer --warmup${precision === "float16" ? ", or --precision float32" : ""}.`,
  });

/**
 * Passages with their texts' labels, and their part of the loss's denominator; the windows of a text share its weight, so
 * that each text counts once. Rows that only fill have weight 0.
 */
export function trainBatch(
  { encodings, problem, labelIds, labelCount, batchSize, padId }: TrainData,
  settings: Pick<TrainSettings, "classWeights" | "labelSmoothing">,
  passages: readonly number[],
  length: number,
): { batch: TrainBatch; denominator: number } {
  const tokens = collate(encodings, passages, { batchSize, length, padId });
  const targets = passages.map((passage) => {
    const text = encodings.textOf(passage);
    const windows = encodings.of(text).length;
    const { labels, weights, denominator } = rulesOf(problem).target(labelIds.at(text)!, settings);
    return { labels, weights: weights.map((weight) => weight / windows), denominator: denominator / windows };
  });
  const labels = new Float32Array(batchSize * labelCount);
  const weightCount = targets[0]!.weights.length;
  const weights = new Float32Array(batchSize * weightCount);
  const numbers = new Int32Array(batchSize).fill(-1);
  numbers.set(passages);
  for (const [row, target] of targets.entries()) {
    labels.set(target.labels, row * labelCount);
    weights.set(target.weights, row * weightCount);
  }
  return {
    batch: { examples: numbers, length, ...tokens, labels, weights },
    denominator: sum(targets.map(({ denominator }) => denominator)),
  };
}

interface Validated extends Pick<EpochFacts, "validationLoss" | "validation"> {
  logits: TextLogits;
}

/** Logits, loss and metrics of the validation examples; undefined where the loss is no number. */
async function* validate(
  engine: Engine,
  data: TrainData,
  { classWeights }: TrainSettings,
): AsyncGenerator<TrainEvent, Validated | undefined> {
  const windows = yield* evaluatingWindows(engine, data, data.validation, "validation");
  const logits = pooledAt(windows, 1, data);
  const labelIds = Array.from(data.validation, (example) => data.labelIds.at(example)!);
  const rules = rulesOf(data.problem);
  const validationLoss = rules.loss(logits, labelIds, classWeights);
  if (!Number.isFinite(validationLoss)) return undefined;
  const probabilities = logits.map((row) => probabilitiesOf(row, data.problem));
  return { validationLoss, validation: rules.measure(labelIds, probabilities), logits: windows };
}

/** Logits of some texts, told as events. */
export async function* evaluating(
  engine: Engine,
  data: TokenizedTexts,
  texts: ArrayLike<number>,
  part: "validation" | "test",
): AsyncGenerator<TrainEvent, readonly ArrayLike<number>[]> {
  return pooledAt(yield* evaluatingWindows(engine, data, texts, part), 1, data);
}

/** The same before windows are pooled. */
export async function* evaluatingWindows(
  engine: Engine,
  data: TokenizedTexts,
  texts: ArrayLike<number>,
  part: "validation" | "test",
): AsyncGenerator<TrainEvent, TextLogits> {
  const batches = windowLogitsOf(engine, data, texts);
  for (;;) {
    const { value, done } = await batches.next();
    if (done) return value;
    yield { kind: "evaluating", part, done: value.done, total: texts.length };
  }
}

/** Whether one epoch beats another on the validation rows. */
export function isBetter(a: EpochFacts, b: EpochFacts, by: Best): boolean {
  if (by === "loss") return a.validationLoss < b.validationLoss;
  const score = ({ validation }: EpochFacts): number => criteria[by](validation) ?? Number.NaN;
  return score(a) > score(b) || (score(a) === score(b) && a.validationLoss < b.validationLoss);
}

/** In the last epoch validation loss fell by more than one hundredth below all earlier ones. */
function wasFalling(epochs: readonly EpochFacts[]): boolean {
  const last = epochs.at(-1);
  if (!last || epochs.length < 2) return false;
  return epochs.every((epoch) => epoch === last || last.validationLoss < 0.99 * epoch.validationLoss);
}

interface Clock {
  /** Counts examples as done. */
  advance(examples: number): { examplesPerSecond: number; secondsLeft: number };
}

/** Speed over the whole training, validation included. */
function startClock(total: number): Clock {
  const start = Date.now();
  let done = 0;
  return {
    advance(examples) {
      done += examples;
      const seconds = Math.max(1e-3, (Date.now() - start) / 1000);
      return { examplesPerSecond: done / seconds, secondsLeft: (seconds / done) * (total - done) };
    },
  };
}
