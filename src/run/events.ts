import type { Part } from "../data/split-quotas.js";
import type { Conflicts } from "../data/summary.js";
import type { HeadKind } from "../model/head.js";
import type { Problem } from "../model/loss.js";
import type { LengthStatistics } from "../tokens/lengths.js";
import type { LengthLimit } from "../tokens/long-texts.js";
import type { DecisionFacts } from "./decision-facts.js";
import type { Environment } from "./environment-node.js";
import type { Flattery } from "./flattery.js";
import type { ScoredFloor } from "./floors.js";
import type { Judgement } from "./judgement.js";
import type { Metrics } from "./metrics.js";
import type { TrainOptions } from "./options.js";
import type { LabelIds } from "./problem.js";
import type { TrainEstimate } from "./rehearsal.js";
import type { SplitFacts } from "./splitting.js";
import type { Outcome, OutcomeSpread } from "./spread.js";
import type { StepPoint } from "./step-curve.js";
import type { CalibrationScores } from "./temperature.js";
import type { WindowPooling } from "./window-pooling.js";

/** What was read and how it was split. */
export interface DataFacts extends SplitFacts {
  source: string;
  /** Such as `CSV with semicolons`; absent where the source is no file. */
  format?: string;
  textColumn: string;
  /** Of second texts, where the model reads pairs. */
  pairColumn?: string;
  labelColumn: string;
  /** Rows that couldn't be used and were left out, of all files; absent where there were none. */
  badRows?: number;
  /** Which of these columns were guessed. */
  guessed: readonly string[];
  problem: Problem;
  labels: readonly string[];
  /** Rows without any label; 0 unless the problem is multi-label. */
  unlabelled: number;
  /** Rows of each part, in all and by label. */
  parts: Record<Part, { rows: number; byLabel: readonly number[] }>;
  /** Rows that repeat an earlier text exactly, and rows that nearly do. */
  exactDuplicates: number;
  nearDuplicates: number;
  /** Test rows whose text, exactly or nearly, also stands in train. */
  leaks: { exact: number; near: number };
}

/** What trains, and on what. */
export interface ModelFacts extends LengthLimit {
  /** Where it came from: `mini`, a folder, or a name on the Hub. */
  model: string;
  /** Of the repository on the Hub. */
  commit?: string;
  parameters: number;
  trainedParameters: number;
  layers: number;
  hiddenSize: number;
  head: HeadKind;
  /** Units of its hidden layer; absent for the stock head. */
  headWidth?: number;
  frozenStages: number;
  windowPooling: WindowPooling;
  /** Training texts, with windows more than one for each longer text. */
  trainPassages: number;
  /** Share of the training texts that are longer than maxLength. */
  cutShare: number;
  learningRate: number;
  steps: number;
  /** One for each label; absent where all are 1. */
  classWeights?: readonly number[];
  /** Parameters that start at random: those that the pretrained encoder lacks, and those of a new head. */
  fresh: { readonly encoder: readonly string[]; readonly head: readonly string[] };
  /** Tensors of the pretrained model that aren't in the classifier, such as the head of its pretraining. */
  unused: readonly string[];
}

export interface EpochFacts {
  /** Counted from 1. */
  epoch: number;
  /** Mean over the epoch's steps, with dropout. */
  trainLoss: number;
  validationLoss: number;
  validation: Metrics;
  /** The best so far. */
  best: boolean;
  seconds: number;
}

/** What is told while a model is got from the Hugging Face Hub. */
export type ModelEvent =
  | {
      kind: "download";
      model: string;
      revision: string;
      commit: string;
      /** The file that is on its way. */
      file: string;
      /** Bytes of all files that have to be downloaded; what an earlier run left counts as received. */
      received: number;
      /** Less than what was received where the server doesn't say how large the files are. */
      total: number;
      bytesPerSecond: number;
    }
  | { kind: "notice"; text: string };

/** Which of several trainings of a run: a fold of a cross-validation, one of several seeds, or the model that is saved. */
export interface TrainingFacts {
  of: "fold" | "seed" | "final";
  /** Counted from 1, of `total`. */
  number: number;
  total: number;
  /** What it is random by. */
  seed: number;
}

/** What one of several trainings came to. */
export interface TrainingOutcome extends TrainingFacts, Outcome {
  /** Test texts. */
  rows: number;
  /** Of the best epoch. */
  validationLoss: number;
  bestEpoch: number;
  seconds: number;
}

/** That several trainings were stopped by hand, and how many of them had ended. */
export interface StoppedAfter {
  ended: number;
  total: number;
}

/** Cross-validation: each row was tested once, by a model that had not seen it. */
export interface FoldResults {
  /** Those that ended. */
  folds: readonly TrainingOutcome[];
  spread: OutcomeSpread;
  /** Rows of the other folds were not tested; absent where all folds ended. */
  stoppedAfter?: StoppedAfter;
}

/** What a cross-validation came to. */
export interface CrossValidation extends FoldResults {
  options: TrainOptions;
  data: DataFacts;
  /** All rows that were tested, in their order, each as a model answered that had not seen it. */
  test: TrainResult["test"];
  seconds: number;
}

/** Trainings that differ in nothing but their seed. */
export interface SeedResults {
  runs: readonly TrainingOutcome[];
  spread: OutcomeSpread;
  /** The seed of the model that was kept: the best on validation rows. */
  chosen: number;
  /** Seeds whose training diverged; they are left out of the rest. */
  diverged: readonly number[];
  /** Absent where all seeds were tried. */
  stoppedAfter?: StoppedAfter;
}

/** What a training tells while it runs. With several trainings, the events of each stand between these two. */
export type TrainEvent =
  | ModelEvent
  | { kind: "data"; facts: DataFacts }
  /** Rows that were compared, to find duplicates and to split. */
  | { kind: "compared"; done: number; total: number }
  | { kind: "tokenized"; done: number; total: number }
  | { kind: "model"; facts: ModelFacts }
  | { kind: "estimate"; facts: TrainEstimate }
  | {
      kind: "step";
      /** Of the training, counted from 1. */
      step: number;
      epoch: number;
      epochs: number;
      /** Of this epoch, counted from 1. */
      batch: number;
      batches: number;
      loss: number;
      gradientNorm: number;
      learningRate: number;
      examplesPerSecond: number;
      /** Until the last epoch ends. */
      secondsLeft: number;
    }
  | { kind: "evaluating"; part: Part; done: number; total: number }
  | { kind: "epoch"; facts: EpochFacts }
  | { kind: "training"; facts: TrainingFacts }
  | { kind: "trained"; facts: TrainingOutcome }
  /** Stopped before there is a model to save: what the folds that ended came to, and the folder it was written to. */
  | { kind: "folds"; result: CrossValidation; folder?: string }
  | { kind: "decision"; facts: DecisionFacts }
  | { kind: "saved"; folder: string };

/** One text with the model's answer. */
export interface Judged {
  text: string;
  /** The second text of a pair. */
  pair?: string | undefined;
  /** Data row it came from, counted from 1. */
  row: number;
  /** Its labels: exactly one, or any number in rising order if the problem is multi-label. */
  labelIds: LabelIds;
  predictedIds: LabelIds;
  /** The model withheld this answer: it said unknown. Absent where it didn't. */
  unknown?: true;
  /** One for each label. */
  probabilities: readonly number[];
}

/** Ctrl-C or `run.cancel()`, no better epoch for long enough, or a loss that is no number. */
export type Stopped = "cancelled" | "patience" | "diverged";

/** All that is known when a training ends. */
export interface TrainResult {
  folder: string;
  options: TrainOptions;
  data: DataFacts;
  /** Texts that have different labels in different rows. */
  conflicts: Conflicts;
  /** Of the training texts, in tokens. */
  lengths: LengthStatistics;
  model: ModelFacts;
  epochs: readonly EpochFacts[];
  /** Counted from 1. */
  bestEpoch: number;
  /** What the steps did; means over several where there were many. */
  steps: readonly StepPoint[];
  /** Validation loss was still falling in the last epoch. */
  stillFalling: boolean;
  /** Why it ended before its last epoch; null where it didn't. */
  stopped: Stopped | null;
  test: Judgement & {
    loss: number;
    /** Without and with the temperature that was chosen on the validation texts; absent without calibration. */
    calibration?: { before: CalibrationScores; after: CalibrationScores };
    floors: readonly ScoredFloor[];
  };
  /** What keeping near duplicates together spared the test; absent where they weren't, or there are none. */
  flattery?: Flattery;
  /** With `cv`: `test` is then of all rows, each as a model answered that had not seen it. */
  crossValidation?: FoldResults;
  /** With `seeds`. */
  seeds?: SeedResults;
  /** How probabilities become answers, as chosen on the validation texts. */
  decision: DecisionFacts;
  /** What is to be said where the best weights know no more than how common each label is; absent where they do. */
  collapsed?: string;
  /** Texts whose features were in the cache, and that the frozen stages read; absent where nothing is frozen. */
  features?: { reused: number; computed: number };
  environment: Environment;
  /** Until it was judged; saving comes after. */
  seconds: number;
}
