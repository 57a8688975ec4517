import { type Encoding, roomFor } from "./sequence.js";
import type { Tokenizer } from "./tokenizer.js";

/** The encodings of many texts, by the texts' numbers. */
export interface Encodings {
  readonly count: number;
  /** Tokens of a text, special ones included. */
  lengthOf(text: number): number;
  /** Read only: what it returns may be the memory of all. */
  at(text: number): Encoding;
  /** The texts as the tokenizer would cut them to `maxLength`; tokenizes and copies nothing. */
  truncated(maxLength: number): Encodings;
}

/** Other work waits at most about so many milliseconds. */
const PAUSE_EVERY = 50;

/**
 * Tokenizes texts, cut to `maxLength` (default: not cut). Now and then it lets other work of the thread run; then and
 * at the end it tells how many texts are done.
 */
export async function encodeAll(
  tokenizer: Tokenizer,
  texts: readonly string[],
  maxLength?: number,
  onProgress?: (done: number, total: number) => void,
): Promise<Encodings> {
  let pool = new Int32Array(64 * texts.length);
  const ends: number[] = [];
  let used = 0;
  let paused = performance.now();
  for (const [i, text] of texts.entries()) {
    const { inputIds, tokenTypeIds } = tokenizer.encode(text, maxLength);
    if (used + 2 * inputIds.length > pool.length) pool = enlarged(pool, used + 2 * inputIds.length);
    pool.set(inputIds, used);
    pool.set(tokenTypeIds, used + inputIds.length);
    used += 2 * inputIds.length;
    ends.push(used);
    if (performance.now() - paused < PAUSE_EVERY) continue;
    onProgress?.(i + 1, texts.length);
    await new Promise((resolve) => setTimeout(resolve));
    paused = performance.now();
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

function pooled(pool: Pool, maxLength = Number.POSITIVE_INFINITY): Encodings {
  const { ids, ends, specialTokens } = pool;
  const wholeLength = (text: number): number => (ends[text]! - (ends[text - 1] ?? 0)) / 2;
  return {
    count: ends.length,
    lengthOf: (text) => Math.min(wholeLength(text), maxLength),
    at: (text) => {
      const start = ends[text - 1] ?? 0;
      const middle = start + wholeLength(text);
      return {
        inputIds: truncate(ids.subarray(start, middle), maxLength, specialTokens.after),
        tokenTypeIds: truncate(ids.subarray(middle, ends[text]!), maxLength, specialTokens.after),
      };
    },
    truncated: (shorter) => {
      roomFor(shorter, specialTokens.before + specialTokens.after);
      return pooled(pool, Math.min(shorter, maxLength));
    },
  };
}

/** The first tokens, and the last `closing` ones in the place of what follows. */
function truncate(tokens: Int32Array, maxLength: number, closing: number): Int32Array {
  if (tokens.length <= maxLength) return tokens;
  const kept = tokens.slice(0, maxLength);
  kept.set(tokens.subarray(tokens.length - closing), maxLength - closing);
  return kept;
}

function enlarged(pool: Int32Array, needed: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(needed, 2 * pool.length));
  larger.set(pool);
  return larger;
}
