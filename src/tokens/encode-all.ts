import { pauses } from "../base/steps.js";
import type { Texts } from "../data/texts.js";
import { type LengthLimit, passageCount, type Range, rangesOf, requireAdvance } from "./long-texts.js";
import { type Encoding, roomFor } from "./sequence.js";
import type { Tokenizer } from "./tokenizer.js";

/** Many encodings, by number. */
export interface Encodings {
  readonly count: number;
  /** Tokens of one, special ones included. */
  lengthOf(number: number): number;
  /** Read only: what it returns may be the memory of all. */
  at(number: number): Encoding;
}

/** The encodings of what a model reads, uncut, by the texts' numbers. */
export interface WholeEncodings extends Encodings {
  /** What a model reads of the texts within a limit; tokenizes and copies nothing. */
  fitted(limit: LengthLimit): Passages;
}

/** Those of which it is known where in their texts the tokens stand. */
export interface TextEncodings extends WholeEncodings {
  fitted(limit: LengthLimit): PlacedPassages;
}

/** What a model reads of texts: one passage of each, or several windows. Numbered in the order of the texts. */
export interface Passages extends Encodings {
  /** Numbers of a text's passages, in its order. */
  of(text: number): number[];
  /** The text that a passage is of. */
  textOf(passage: number): number;
}

/** Passages of which it is known where in their texts they stand. */
export interface PlacedPassages extends Passages {
  /** Which of its text's tokens a passage has, special ones not counted; those of a pair's second text are counted on. */
  rangesOf(passage: number): readonly Range[];
  /** Where in the passage each of these ranges begins. */
  startsOf(passage: number): readonly number[];
}

/**
 * Tokenizes texts, cut to `maxLength` (default: not cut). Now and then it lets other work of the thread run; then and
 * at the end it tells how many texts are done.
 */
export async function encodeAll(
  tokenizer: Tokenizer,
  texts: Texts,
  maxLength?: number,
  onProgress?: (done: number, total: number) => void,
): Promise<TextEncodings> {
  let pool = new Int32Array(64 * texts.length);
  const ends: number[] = [];
  let used = 0;
  const pause = pauses();
  for (let i = 0; i < texts.length; i++) {
    const { inputIds, tokenTypeIds } = tokenizer.encode(texts.at(i)!, maxLength);
    if (used + 2 * inputIds.length > pool.length) pool = enlarged(pool, used + 2 * inputIds.length);
    pool.set(inputIds, used);
    pool.set(tokenTypeIds, used + inputIds.length);
    used += 2 * inputIds.length;
    ends.push(used);
    await pause(() => onProgress?.(i + 1, texts.length));
  }
  onProgress?.(texts.length, texts.length);
  return pooled({ ids: pool.slice(0, used), ends, specialTokens: tokenizer.specialTokens });
}

/** Of each text its inputIds and then its tokenTypeIds, one text after the other. */
interface Pool {
  ids: Int32Array;
  /** Where each text ends in `ids`. */
  ends: readonly number[];
  specialTokens: Tokenizer["specialTokens"];
}

function pooled(pool: Pool): TextEncodings {
  const { ids, ends } = pool;
  const lengthOf = (text: number): number => (ends[text]! - (ends[text - 1] ?? 0)) / 2;
  const whole: Encodings = {
    count: ends.length,
    lengthOf,
    at: (text) => {
      const start = ends[text - 1] ?? 0;
      const middle = start + lengthOf(text);
      return { inputIds: ids.subarray(start, middle), tokenTypeIds: ids.subarray(middle, ends[text]!) };
    },
  };
  return { ...whole, fitted: (limit) => fitted(whole, pool.specialTokens, limit) };
}

/** What a model reads of whole texts within a limit. */
export function fitted(
  whole: Encodings,
  { before, after }: Tokenizer["specialTokens"],
  limit: LengthLimit,
): PlacedPassages {
  const room = roomFor(limit.maxLength, before + after);
  requireAdvance(limit, room);
  const textTokens = (text: number): number => whole.lengthOf(text) - before - after;
  const { count, firstOf, textOf } =
    limit.long === "windows"
      ? numbered(whole.count, (text) => passageCount(textTokens(text), room, limit))
      : onePassageEach(whole.count);
  const ranges = (passage: number) => {
    const text = textOf(passage);
    return rangesOf(textTokens(text), room, limit, passage - firstOf(text));
  };
  return {
    count,
    lengthOf: (passage) => ranges(passage).reduce((sum, [from, to]) => sum + to - from, before + after),
    at: (passage) => {
      const encoding = whole.at(textOf(passage));
      const { length } = encoding.inputIds;
      if (length <= limit.maxLength) return encoding;
      const body = ranges(passage).map(([from, to]): Range => [before + from, before + to]);
      const parts: Range[] = [[0, before], ...body, [length - after, length]];
      return {
        inputIds: joined(encoding.inputIds, parts),
        tokenTypeIds: joined(encoding.tokenTypeIds, parts),
      };
    },
    of: (text) => {
      const first = firstOf(text);
      return Array.from({ length: firstOf(text + 1) - first }, (_, i) => first + i);
    },
    textOf,
    rangesOf: ranges,
    startsOf: (passage) => {
      let at = before;
      return ranges(passage).map(([from, to]) => {
        at += to - from;
        return at - (to - from);
      });
    },
  };
}

/** Which passages a text has, and the other way round. */
interface Numbering {
  count: number;
  /** The number of a text's first passage; of the text behind the last: how many passages there are. */
  firstOf(text: number): number;
  textOf(passage: number): number;
}

const onePassageEach = (count: number): Numbering => ({
  count,
  firstOf: (text) => text,
  textOf: (passage) => passage,
});

function numbered(texts: number, passagesOf: (text: number) => number): Numbering {
  const firsts = new Int32Array(texts + 1);
  for (let text = 0; text < texts; text++) firsts[text + 1] = firsts[text]! + passagesOf(text);
  const textOf = new Int32Array(firsts[texts]!);
  for (let text = 0; text < texts; text++) textOf.fill(text, firsts[text]!, firsts[text + 1]!);
  return { count: textOf.length, firstOf: (text) => firsts[text]!, textOf: (passage) => textOf[passage]! };
}

function joined(tokens: Int32Array, parts: readonly Range[]): Int32Array {
  const result = new Int32Array(parts.reduce((sum, [from, to]) => sum + to - from, 0));
  let at = 0;
  for (const [from, to] of parts) {
    result.set(tokens.subarray(from, to), at);
    at += to - from;
  }
  return result;
}

function enlarged(pool: Int32Array, needed: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(needed, 2 * pool.length));
  larger.set(pool);
  return larger;
}
