import { closest, TextgraftError } from "../base/errors.js";
import type { Problem } from "../model/loss.js";
import { encodeAll, type PlacedPassages, type TextEncodings } from "../tokens/encode-all.js";
import type { LengthLimit } from "../tokens/long-texts.js";
import { pairEncodings } from "../tokens/pairs.js";
import type { Tokenizer } from "../tokens/tokenizer.js";
import { wordsOf } from "../tokens/words.js";
import {
  type AttributionMethod,
  type Attributions,
  attribute,
  attributionMethods,
  type ReadText,
  readTokens,
} from "./attributions.js";
import { answerOf, type Decision, shownId } from "./decision.js";
import type { Engine } from "./engine.js";
import { probabilitiesOf, textLogitsOf } from "./evaluate.js";
import type { WindowPooling } from "./window-pooling.js";

/** How much each word of a text, or of a pair, speaks for a label, by gradients of the model's own answer. */
export interface Explanation {
  text: string;
  /** The second text of a pair. */
  pair?: string;
  label: string;
  /** The label's probability for this text, and the same as log-odds, ln(p / (1 - p)). */
  probability: number;
  logOdds: number;
  /** What the model says where each token of the texts is replaced by the mask: what the words are compared with. */
  baseline: { probability: number; logOdds: number };
  /** The words that were read, in their order, those of a second text behind the others. */
  words: WordScore[];
  /** The tokens that were read, without special ones: the same scores, not added up by word. */
  tokens: TokenScore[];
  /**
   * The sum of all scores less the difference of the text's and the baseline's log-odds. It would be 0 with infinitely many
   * steps; scores smaller than it say little.
   */
  gap: number;
  /** Tokens that are beyond what the model reads of a text. */
  unread: number;
  method: AttributionMethod;
  /** Points between baseline and text at which gradients were taken. */
  steps: number;
}

export interface WordScore {
  text: string;
  /** It stands in the second text of a pair; absent for words of the first, or only, text. */
  pair?: true;
  /** UTF-16 units of its text, `end` not included; absent where the tokenizer's pieces can't be found in it. */
  start?: number;
  end?: number;
  /** What the word adds to the label's log-odds: above 0 it speaks for the label, below 0 against it. */
  score: number;
}

export interface TokenScore extends Omit<WordScore, "text"> {
  /** As it stands in the vocabulary, for example `##ing`. */
  piece: string;
  id: number;
}

export interface ExplainOptions {
  /** The label whose probability is explained. Default: the model's answer; of several labels the most probable. */
  label?: string;
  /** Default: integrated. */
  method?: AttributionMethod;
  /** Points at which `integrated` takes gradients. Default: 32, and up to 512 where the gap is large. */
  steps?: number;
  onProgress?: (done: number, total: number) => void;
}

/** Asks a model which words of a text, or of a pair, speak for one of its labels, with so many steps. */
export type Explain = (
  texts: { readonly text: string; readonly pair?: string | undefined },
  options: { label: string; steps: number },
) => Promise<Explanation>;

/** What has to be known of a model beside its engine. */
export interface ExplainedModel {
  readonly tokenizer: Tokenizer;
  readonly labels: readonly string[];
  readonly problem: Problem;
  readonly limit: LengthLimit;
  readonly windowPooling: WindowPooling;
  /** Default: the usual one. */
  readonly decision?: Decision;
}

/** A text, or a pair for a model that reads pairs, and the label to explain if it isn't the one of the options. */
export interface TextToExplain {
  readonly text: string;
  readonly pair?: string;
  readonly label?: string;
}

/**
 * Explains texts with an engine that is open, one after the other; the weights stay as they are. Throws `label-unknown`,
 * and `option-invalid` for a method or a number of steps that can't be.
 */
export async function explainTexts(
  engine: Engine,
  model: ExplainedModel,
  texts: readonly TextToExplain[],
  { label, method = "integrated", steps, onProgress }: ExplainOptions = {},
): Promise<Explanation[]> {
  const { tokenizer, labels, problem, limit, windowPooling } = model;
  checkOptions(method, steps);
  const wanted = texts.map((text) => idOf(text.label ?? label, labels));
  if (texts.length === 0) return [];
  const encodings = (await encodedTexts(texts, tokenizer, limit)).fitted(limit);
  const answers = await answeredIds(engine, model, encodings, texts);
  const baselineId = tokenizer.maskId ?? tokenizer.padId;
  const explanations: Explanation[] = [];
  for (const [number, { text, pair }] of texts.entries()) {
    const labelId = wanted[number] ?? answers[number]!;
    const question = { label: labelId, labels: labels.length, problem, windowPooling, baselineId };
    const read = readText(encodings, number);
    const found = await attribute(engine, read, question, { method, steps });
    explanations.push({
      text,
      ...(pair !== undefined && { pair }),
      label: labels[labelId]!,
      probability: sigmoid(found.logOdds),
      logOdds: found.logOdds,
      baseline: { probability: sigmoid(found.baselineLogOdds), logOdds: found.baselineLogOdds },
      ...scored([text, ...(pair === undefined ? [] : [pair])], read, found, tokenizer),
      gap: found.gap,
      method,
      steps: found.steps,
    });
    onProgress?.(number + 1, texts.length);
  }
  return explanations;
}

/** All texts, or all pairs, as the model has them. */
async function encodedTexts(
  texts: readonly TextToExplain[],
  tokenizer: Tokenizer,
  limit: LengthLimit,
): Promise<TextEncodings> {
  if (texts[0]!.pair === undefined) {
    const single = texts.map(({ text }) => text);
    return encodeAll(tokenizer, single, limit.long === "head" ? limit.maxLength : undefined);
  }
  const both = texts.flatMap(({ text, pair }) => [text, pair!]);
  return pairEncodings(await encodeAll(tokenizer, both), tokenizer);
}

function checkOptions(method: string, steps: number | undefined): void {
  if (!attributionMethods.some((known) => known === method)) {
    throw new TextgraftError("option-invalid", {
      message: `There is no method ${JSON.stringify(method)}.`,
      fix: `Use one of ${attributionMethods.join(", ")}.`,
    });
  }
  if (steps === undefined) return;
  if (!(Number.isInteger(steps) && steps >= 1 && steps <= MOST_STEPS)) {
    throw new TextgraftError("option-invalid", {
      message: `--steps is ${steps}; it must be a whole number from 1 to ${MOST_STEPS}.`,
      fix: "Leave it out: then there are as many steps as the text needs.",
    });
  }
  if (method === "gradient") {
    throw new TextgraftError("option-invalid", {
      message: "--method gradient has no steps: it takes the gradient at the text alone.",
      fix: "Leave out --steps, or --method.",
    });
  }
}

const MOST_STEPS = 10_000;

function idOf(label: string | undefined, labels: readonly string[]): number | undefined {
  if (label === undefined) return undefined;
  const id = labels.indexOf(label);
  if (id >= 0) return id;
  throw new TextgraftError("label-unknown", {
    message: `The model has no label ${JSON.stringify(label)}; its labels are ${labels.join(", ")}.`,
    fix: `Name one of them, for example ${JSON.stringify(closest(label, labels) ?? labels[0]!)}.`,
  });
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** The label that the model answers for each text. */
async function answeredIds(
  engine: Engine,
  { problem, windowPooling, decision, tokenizer: { padId } }: ExplainedModel,
  encodings: PlacedPassages,
  texts: readonly TextToExplain[],
): Promise<number[]> {
  const tokenized = { encodings, batchSize: BATCH_SIZE, padId, problem, windowPooling };
  const logits = textLogitsOf(
    engine,
    tokenized,
    texts.map((_, number) => number),
  );
  let result = await logits.next();
  while (!result.done) result = await logits.next();
  return result.value.map((row) => {
    const probabilities = probabilitiesOf(row, problem);
    return shownId(problem, probabilities, answerOf(problem, probabilities, decision));
  });
}

const BATCH_SIZE = 32;

/** What a model reads of a text. */
function readText(encodings: PlacedPassages, text: number): ReadText {
  const passages = encodings.of(text).map((passage) => ({
    encoding: encodings.at(passage),
    ranges: encodings.rangesOf(passage),
    starts: encodings.startsOf(passage),
  }));
  return { tokens: Math.max(...passages.flatMap(({ ranges }) => ranges.map(([, to]) => to))), passages };
}

/** Scores of the words and tokens that were read, of one text after the other. */
function scored(
  texts: readonly string[],
  { passages }: ReadText,
  { scores }: Attributions,
  tokenizer: Tokenizer,
): Pick<Explanation, "words" | "tokens" | "unread"> {
  const ids = new Map<number, number>();
  for (const passage of passages)
    for (const { token, position } of readTokens(passage))
      ids.set(token, passage.encoding.inputIds[position]!);
  const { before, after } = tokenizer.specialTokens;
  const all: Pick<Explanation, "words" | "tokens" | "unread"> = { words: [], tokens: [], unread: 0 };
  let first = 0;
  for (const [i, text] of texts.entries()) {
    const count = tokenizer.encode(text).inputIds.length - before - after;
    const own = Array.from({ length: count }, (_, token) => ({
      id: ids.get(first + token),
      score: scores[first + token] ?? 0,
    }));
    const found = scoredText(text, own, tokenizer);
    const second = i === 0 ? {} : { pair: true as const };
    all.words.push(...found.words.map((word) => ({ ...word, ...second })));
    all.tokens.push(...found.tokens.map((token) => ({ ...token, ...second })));
    all.unread += count - found.tokens.length;
    first += count;
  }
  return all;
}

/** The same of one text, from its tokens; those without an id weren't read. */
function scoredText(
  text: string,
  all: readonly { id: number | undefined; score: number }[],
  tokenizer: Tokenizer,
): Pick<Explanation, "words" | "tokens"> {
  const places = tokenizer.ranges(text);
  const read = all.flatMap(({ id, score }, token) =>
    id === undefined ? [] : [{ id, score, place: places?.[token] }],
  );
  const tokens = read.map(
    ({ id, score, place }): TokenScore => ({
      piece: tokenizer.pieceOf(id),
      id,
      ...(place && { start: place.start, end: place.end }),
      score,
    }),
  );
  if (!places) return { words: tokens.map(({ piece, score }) => ({ text: piece, score })), tokens };
  const words = wordsOf(
    text,
    read.map(({ place }) => place!),
  ).map(({ text: word, start, end, tokens: numbers }) => ({
    text: word,
    start,
    end,
    score: numbers.reduce((sum, number) => sum + read[number]!.score, 0),
  }));
  return { words, tokens };
}
