import { TextgraftError } from "../base/errors.js";
import type { ColumnNames } from "../data/columns.js";
import { type HeadKind, headKinds } from "../model/head.js";
import type { Problem } from "../model/loss.js";
import { heldAsStock } from "../model/stock-form.js";
import { type LengthLimit, longKinds } from "../tokens/long-texts.js";
import type { Decision } from "./decision.js";
import type { CalibrationFacts, DecisionFacts } from "./decision-facts.js";
import type {
  DataFacts,
  EpochFacts,
  FoldResults,
  SeedResults,
  Stopped,
  TrainingOutcome,
  TrainResult,
} from "./events.js";
import type { Metrics } from "./metrics.js";
import type { TrainOptions } from "./options.js";
import { readDecision, type SavedDecision } from "./saved-decision.js";
import { type WindowPooling, windowPoolings } from "./window-pooling.js";

/** What `textgraft.json` holds: what is needed to use a model, and how it was made. */
export interface SavedFacts extends LengthLimit {
  /** Of this file. */
  formatVersion: 1;
  textgraft: string;
  /** As it was trained. In the weights a hidden layer stands as the stock class of config.json has it. */
  head: HeadKind;
  /** Units of the head's hidden layer; absent for the stock head, and for mlp means 512. */
  headWidth?: number;
  problem: Problem;
  labels: readonly string[];
  windowPooling: WindowPooling;
  /** How probabilities become answers; absent for the usual rule. */
  decision?: SavedDecision;
  /** Whether it reads pairs of texts; absent where it reads single ones. */
  pairs?: true;
  run: {
    options: TrainOptions;
    data: Omit<DataFacts, "labels" | "problem"> & { fingerprint: string };
    /** Fingerprint of the tokenizer. */
    tokenizer: string;
    versions: { node: string; onnxruntime: string };
    epochs: readonly Omit<EpochFacts, "validation">[];
    bestEpoch: number;
    stopped: Stopped | null;
    validation?: Metrics;
    /** With `crossValidation`: of all rows, each as a model answered that had not seen it. */
    test?: Metrics;
    crossValidation?: Omit<FoldResults, "folds"> & { folds: readonly OutcomeRecord[] };
    /** Other seeds on the same split; the saved model is that of `chosen`. */
    seeds?: Omit<SeedResults, "runs"> & { runs: readonly OutcomeRecord[] };
    /** The temperature that the last layer's weights were divided by, chosen on the validation texts, and what it does. */
    calibration?: CalibrationFacts & { test?: TrainResult["test"]["calibration"] };
    /** What else was chosen on the validation texts; absent where answers follow the usual rule. */
    chosen?: Omit<DecisionFacts, "decision" | "calibration">;
    finishedAt: string;
  };
}

/** The main numbers of one of several trainings. */
export interface OutcomeRecord extends Omit<TrainingOutcome, "floors" | "metrics"> {
  accuracy: number;
  macroF1: number;
}

/** What has to be known to use a saved model: with its head as the weights have it. */
export interface SavedSpec
  extends LengthLimit,
    Pick<SavedFacts, "head" | "headWidth" | "problem" | "labels" | "windowPooling"> {
  decision: Decision;
  pairs: boolean;
  /** Columns that its data had. */
  columns?: ColumnNames;
}

/**
 * What has to be known to use the model in the folder `path`, from its textgraft.json; throws `model-invalid` naming the
 * key for anything that isn't understood.
 */
export function readSavedFacts(json: Readonly<Record<string, unknown>>, path: string): SavedSpec {
  const { formatVersion, head, headWidth, problem, labels, maxLength } = json;
  // Folders of before there was a choice have none of these.
  const { long = "head", stride = 0, windowPooling = "mean", pairs = false } = json;
  const wrongValue = (key: string, value: unknown, wanted: string): TextgraftError =>
    new TextgraftError("model-invalid", {
      message: `textgraft.json in ${path}: ${key} is ${JSON.stringify(value)}; it must be ${wanted}.`,
      fix: "Use a folder that textgraft train wrote, with a version of textgraft that is no older.",
    });
  const wrong = (key: string, wanted: string) => wrongValue(key, json[key], wanted);
  if (formatVersion !== 1) throw wrong("formatVersion", "1");
  const found = headKinds.find((kind) => kind === head);
  if (found === undefined) throw wrong("head", headKinds.map((kind) => JSON.stringify(kind)).join(" or "));
  if (headWidth !== undefined && !(typeof headWidth === "number" && headWidth > 0))
    throw wrong("headWidth", "a number above 0");
  if (problem !== "single_label" && problem !== "multi_label")
    throw wrong("problem", `"single_label" or "multi_label"`);
  if (typeof maxLength !== "number" || !(maxLength > 0)) throw wrong("maxLength", "a number above 0");
  if (!oneOf(longKinds, long)) throw wrong("long", longKinds.join(", "));
  if (!oneOf(windowPoolings, windowPooling)) throw wrong("windowPooling", windowPoolings.join(" or "));
  if (typeof stride !== "number" || !(stride >= 0 && stride < maxLength))
    throw wrong("stride", "a number from 0 to below maxLength");
  if (!Array.isArray(labels) || !labels.every((label) => typeof label === "string") || labels.length < 2) {
    throw wrong("labels", "a list of at least two names");
  }
  const decision = readDecision(json.decision, { labels, problem }, wrongValue);
  if (typeof pairs !== "boolean") throw wrong("pairs", "true or false");
  const columns = columnsOf(json.run);
  const reading = { maxLength, long, stride, windowPooling, decision, pairs, ...(columns && { columns }) };
  return { ...heldHead(found, headWidth), problem, labels, ...reading };
}

/** Of the data that a run was made with. */
function columnsOf(run: unknown): ColumnNames | undefined {
  const data = (run as { data?: Partial<Record<string, unknown>> } | undefined)?.data;
  if (typeof data !== "object" || data === null) return undefined;
  const named = (name: unknown) => (typeof name === "string" ? name : undefined);
  return { text: named(data.textColumn), text2: named(data.pairColumn), label: named(data.labelColumn) };
}

/** A head as the weights of a folder have it. */
const heldHead = (head: HeadKind, headWidth: number | undefined): Pick<SavedSpec, "head" | "headWidth"> =>
  heldAsStock(head) ? { head: "stock" } : { head, ...(headWidth !== undefined && { headWidth }) };

const oneOf = <T extends string>(known: readonly T[], value: unknown): value is T =>
  (known as readonly unknown[]).includes(value);
