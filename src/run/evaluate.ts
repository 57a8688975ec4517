import type { Problem } from "../model/loss.js";
import { collate, planBatches } from "../tokens/batch.js";
import type { Encodings, Passages } from "../tokens/encode-all.js";
import type { Engine } from "./engine.js";
import { LogitTable, type TextLogits, textsIn } from "./logit-table.js";
import { poolWindows, type WindowPooling } from "./window-pooling.js";

/** What is read, and how it is put into batches. */
export interface Tokenized<E extends Encodings = Encodings> {
  encodings: E;
  batchSize: number;
  padId: number;
}

/** Texts as passages, and how the answers to several passages of a text become one. */
export interface TokenizedTexts extends Tokenized<Passages> {
  problem: Problem;
  windowPooling: WindowPooling;
}

/**
 * Logits of some texts in evaluation mode, in the order of `texts`; those of a text with several windows are of its
 * pooled probabilities. Tells how many of the texts are about done.
 */
export async function* textLogitsOf(
  engine: Engine,
  tokenized: TokenizedTexts,
  texts: ArrayLike<number>,
): AsyncGenerator<{ done: number }, ArrayLike<number>[]> {
  const windows = yield* windowLogitsOf(engine, tokenized, texts);
  return windows.map((ofText) => poolWindows(ofText, tokenized.windowPooling, tokenized.problem));
}

/** The same before windows are pooled: logits of each text's windows. */
export async function* windowLogitsOf(
  engine: Engine,
  tokenized: Tokenized<Passages>,
  texts: ArrayLike<number>,
): AsyncGenerator<{ done: number }, TextLogits> {
  const numbers = passagesOf(tokenized.encodings, texts);
  const batches = logitsOf(engine, tokenized, numbers);
  for (;;) {
    const { value, done } = await batches.next();
    if (!done) {
      yield { done: Math.floor((value.done * texts.length) / numbers.length) };
      continue;
    }
    let end = 0;
    return textsIn(
      value,
      Uint32Array.from(texts, (text) => (end += tokenized.encodings.of(text).length)),
    );
  }
}

/**
 * Logits of some examples in evaluation mode, in the order of `examples`; batches hold texts of about the same length.
 */
export async function* logitsOf(
  engine: Engine,
  { encodings, batchSize, padId }: Tokenized,
  examples: ArrayLike<number>,
): AsyncGenerator<{ done: number }, LogitTable> {
  const lengths = lengthsOf(encodings, examples);
  const logits = new LogitTable(examples.length);
  let done = 0;
  for (const { rows, length } of planBatches(lengths, { batchSize })) {
    const numbers = rows.map((row) => examples[row]!);
    const tokens = collate(encodings, numbers, { batchSize: rows.length, length, padId });
    const flat = await engine.logits({ examples: Int32Array.from(numbers), length, ...tokens });
    const width = flat.length / rows.length;
    for (const [i, row] of rows.entries()) logits.set(row, flat.subarray(i * width, (i + 1) * width));
    done += rows.length;
    yield { done };
  }
  return logits;
}

/** Numbers of all passages of some texts. */
export function passagesOf(encodings: Passages, texts: ArrayLike<number>): Uint32Array {
  let count = 0;
  for (let i = 0; i < texts.length; i++) count += encodings.of(texts[i]!).length;
  const passages = new Uint32Array(count);
  for (let i = 0, end = 0; i < texts.length; i++)
    for (const passage of encodings.of(texts[i]!)) passages[end++] = passage;
  return passages;
}

/** Tokens of some encodings. */
export const lengthsOf = (encodings: Encodings, numbers: ArrayLike<number>): Int32Array =>
  Int32Array.from(numbers, (number) => encodings.lengthOf(number));

/** Softmax in float64, or the sigmoid of each where a text may have several labels. */
export function probabilitiesOf(logits: ArrayLike<number>, problem: Problem): number[] {
  const values = Array.from(logits);
  if (problem === "multi_label") return values.map((x) => 1 / (1 + Math.exp(-x)));
  const largest = Math.max(...values);
  const powers = values.map((x) => Math.exp(x - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** Σ wᵢ·lossᵢ / Σ wᵢ with the weight of each example's label, as torch.nn.CrossEntropyLoss(weight) divides. */
export function weightedCrossEntropy(
  logits: readonly ArrayLike<number>[],
  labelIds: readonly number[],
  weights: readonly number[],
): number {
  let sum = 0;
  let denominator = 0;
  for (const [i, labelId] of labelIds.entries()) {
    const row = Array.from(logits[i]!);
    const largest = Math.max(...row);
    const logSum = largest + Math.log(row.reduce((total, x) => total + Math.exp(x - largest), 0));
    sum += weights[labelId]! * (logSum - row[labelId]!);
    denominator += weights[labelId]!;
  }
  return sum / denominator;
}
