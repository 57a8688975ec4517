import { resolve } from "node:path";
import { TextgraftError } from "../base/errors.js";
import { random } from "../base/random.js";
import type { ColumnNames } from "../data/columns.js";
import { quoted } from "../data/table.js";
import type { Precision } from "../graph/precision.js";
import { createClassifier } from "../model/classifier.js";
import type { Problem } from "../model/loss.js";
import { encodeAll, type WholeEncodings } from "../tokens/encode-all.js";
import type { LengthLimit, Long } from "../tokens/long-texts.js";
import { bothTexts, pairEncodings, type TextInput, type TextPair } from "../tokens/pairs.js";
import type { Tokenizer } from "../tokens/tokenizer.js";
import { classifierFacts } from "./classifier-facts.js";
import { answerOf, type Decision, shownId } from "./decision.js";
import type { Engine } from "./engine.js";
import { openWorkerEngine } from "./engine-worker-node.js";
import { probabilitiesOf, textLogitsOf } from "./evaluate.js";
import { type ExplainOptions, type Explanation, explainTexts } from "./explain.js";
import { type DecisionOptions, overridden } from "./override-decision.js";
import { requirePrecision } from "./precision.js";
import type { Prediction } from "./predict.js";
import { openPretrained, writeWeights } from "./pretrained-node.js";
import type { SavedSpec } from "./saved-facts.js";
import type { Device } from "./session.js";

/** A fine-tuned classifier, ready to predict. Close it when it isn't needed any more. */
export interface TextClassifier {
  readonly folder: string;
  /** In the order of labelIds. */
  readonly labels: readonly string[];
  /** Whether a text has exactly one of the labels, or any number of them. */
  readonly problem: Problem;
  /** How its probabilities become answers. */
  readonly decision: Decision;
  /** Tokens that are read at once, special tokens included. */
  readonly maxLength: number;
  /** What is read of longer texts, as chosen when the model was trained. */
  readonly long: Long;
  /** Whether it reads pairs of texts, as `{ text, pair }`, and not single ones. */
  readonly pairs: boolean;
  /** Columns of the data that it was trained on, where they are known. */
  readonly columns?: ColumnNames;
  readonly tokenizer: Tokenizer;
  /** Of its encoder: what a text costs. */
  readonly layers: number;
  readonly hiddenSize: number;
  predict(text: TextInput): Promise<Prediction>;
  predict(texts: readonly TextInput[], options?: PredictOptions): Promise<Prediction[]>;
  /** Which words speak for a label, and which against it: by default for the answer. */
  explain(text: TextInput, options?: ExplainOptions): Promise<Explanation>;
  explain(texts: readonly TextInput[], options?: ExplainOptions): Promise<Explanation[]>;
  close(): Promise<void>;
}

export interface PredictOptions {
  onProgress?: (done: number, total: number) => void;
}

export interface LoadOptions extends DecisionOptions {
  /** Default: cpu. */
  device?: Device;
  /** float16 on webgpu alone. Default: float32. */
  precision?: Precision;
  threads?: number;
}

const BATCH_SIZE = 32;

/**
 * Loads a model folder that `train` wrote, or one with a classifier of transformers. Errors: `file-missing`, `model-invalid`, `config-invalid`,
 * `weights-invalid`, `option-invalid`.
 */
export async function load(
  folder: string,
  { device = "cpu", precision = "float32", threads, ...given }: LoadOptions = {},
): Promise<TextClassifier> {
  requirePrecision(precision, device);
  const pretrained = await openPretrained(resolve(folder));
  const saved = classifierFacts(pretrained);
  const facts = { ...saved, decision: overridden(saved.decision, given, saved) };
  const { head, headWidth, problem, labels, maxLength, long, decision } = facts;
  const width = headWidth === undefined ? {} : { headWidth };
  const spec = { config: pretrained.config, head, ...width, problem, labels };
  const engine = await openWorkerEngine({
    classifier: spec,
    device,
    precision,
    frozenStages: 0,
    ...(threads === undefined ? {} : { threads }),
  });
  try {
    await writeWeights(engine, createClassifier(spec), pretrained, {
      random: random(0),
      labelRows: labels.map((_, id) => id),
    });
  } catch (error) {
    await engine.close();
    throw error;
  }
  const { tokenizer } = pretrained;
  const predictAll = predictor(engine, tokenizer, facts);

  async function predict(text: TextInput): Promise<Prediction>;
  async function predict(texts: readonly TextInput[], options?: PredictOptions): Promise<Prediction[]>;
  async function predict(texts: TextInput | readonly TextInput[], options: PredictOptions = {}) {
    return isList(texts) ? predictAll(texts, options) : (await predictAll([texts], options))[0]!;
  }
  const { windowPooling, stride } = facts;
  const limit = { maxLength, long, stride };
  const explained = { tokenizer, labels, problem, decision, limit, windowPooling };

  async function explain(text: TextInput, options?: ExplainOptions): Promise<Explanation>;
  async function explain(texts: readonly TextInput[], options?: ExplainOptions): Promise<Explanation[]>;
  async function explain(texts: TextInput | readonly TextInput[], options: ExplainOptions = {}) {
    const all = isList(texts) ? texts : [texts];
    const read = all.map((input, i) => (facts.pairs ? asPair(input, i) : { text: asText(input, i) }));
    const found = await explainTexts(engine, explained, read, options);
    return isList(texts) ? found : found[0]!;
  }
  const { path } = pretrained.folder;
  return {
    folder: path,
    labels,
    problem,
    decision,
    maxLength,
    long,
    pairs: facts.pairs,
    ...(facts.columns && { columns: facts.columns }),
    tokenizer,
    layers: pretrained.config.layers,
    hiddenSize: pretrained.config.hiddenSize,
    predict,
    explain,
    close: () => engine.close(),
  };
}

/** `Array.isArray` doesn't know read-only lists. */
const isList = (texts: TextInput | readonly TextInput[]): texts is readonly TextInput[] =>
  Array.isArray(texts);

type PredictorSpec = LengthLimit &
  Pick<SavedSpec, "labels" | "problem" | "windowPooling" | "decision" | "pairs">;

function predictor(
  engine: Engine,
  tokenizer: Tokenizer,
  { labels, problem, windowPooling, decision, pairs, ...limit }: PredictorSpec,
) {
  const encode = async (texts: readonly TextInput[]): Promise<WholeEncodings> => {
    if (pairs)
      return pairEncodings(await encodeAll(tokenizer, bothTexts(listOf(texts.map(asPair)))), tokenizer);
    return encodeAll(tokenizer, texts.map(asText), limit.long === "head" ? limit.maxLength : undefined);
  };
  return async (texts: readonly TextInput[], { onProgress }: PredictOptions): Promise<Prediction[]> => {
    if (texts.length === 0) return [];
    const whole = await encode(texts);
    const encodings = whole.fitted(limit);
    const tokenized = { encodings, batchSize: BATCH_SIZE, padId: tokenizer.padId, problem, windowPooling };
    const batches = textLogitsOf(
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
      return texts.map((text, i) => prediction(text, { labels, problem, decision }, value[i]!));
    }
  };
}

const listOf = (pairs: readonly TextPair[]) => ({ length: pairs.length, at: (i: number) => pairs[i]! });

function asPair(input: TextInput, index: number): TextPair {
  if (isPair(input)) return input;
  if (typeof input !== "string") throw noText(input, index, 'a pair of strings, { text: "…", pair: "…" }');
  throw new TextgraftError("option-invalid", {
    message: `This model reads pairs of texts, but ${quoted(input)} stands alone.`,
    fix: 'Give pairs: { text: "…", pair: "…" }; on the command line a file with two columns, --text and --text2.',
  });
}

function asText(input: TextInput, index: number): string {
  if (typeof input === "string") return input;
  if (!isPair(input)) throw noText(input, index, "a string");
  throw new TextgraftError("option-invalid", {
    message: `This model reads single texts, but ${quoted(input.text)} comes with a second one.`,
    fix: "Give one text at a time, or train a model on pairs: --text2.",
  });
}

/** Of what JavaScript may give, whatever the types say. */
const isPair = (input: unknown): input is TextPair =>
  typeof input === "object" &&
  input !== null &&
  "text" in input &&
  "pair" in input &&
  typeof input.text === "string" &&
  typeof input.pair === "string";

function noText(input: unknown, index: number, expected: string): TextgraftError {
  const found =
    typeof input === "object" && input !== null
      ? `an object with ${Object.keys(input).join(", ") || "nothing"}`
      : input == null
        ? `${input}`
        : `a ${typeof input}`;
  return new TextgraftError("option-invalid", {
    message: `Text ${index + 1} of those given is ${found}; it must be ${expected}.`,
    fix: "Look at where it comes from: a field that is missing there is undefined here.",
  });
}

function prediction(
  input: TextInput,
  { labels, problem, decision }: Pick<PredictorSpec, "labels" | "problem" | "decision">,
  logits: ArrayLike<number>,
): Prediction {
  const probabilities = probabilitiesOf(logits, problem);
  const answer = answerOf(problem, probabilities, decision);
  const { labelIds, unknown } = answer;
  const shown = shownId(problem, probabilities, answer);
  const scores = Object.fromEntries(labels.map((label, id) => [label, probabilities[id]!]));
  return {
    ...(typeof input === "string" ? { text: input } : { text: input.text, pair: input.pair }),
    labels: unknown ? [] : labelIds.map((id) => labels[id]!),
    label: unknown ? null : labels[shown]!,
    score: probabilities[shown]!,
    scores,
  };
}
