import type { Encoding } from "./sequence.js";

/**
 * An encoding as 32-bit words: twice its number of tokens, plus 1 where token types aren't all 0; then its ids, two to a
 * word unless they are `wide` (above 65,535); then, where needed, its token types, four to a word.
 */
export function packed({ inputIds, tokenTypeIds }: Encoding, wide: boolean): Uint32Array<ArrayBuffer> {
  const count = inputIds.length;
  const typed = tokenTypeIds.some((type) => type !== 0);
  const idWords = wide ? count : Math.ceil(count / 2);
  const words = new Uint32Array(1 + idWords + (typed ? Math.ceil(count / 4) : 0));
  words[0] = 2 * count + (typed ? 1 : 0);
  const ids = wide ? words.subarray(1) : new Uint16Array(words.buffer, 4);
  ids.set(inputIds);
  if (typed) new Uint8Array(words.buffer, 4 + 4 * idWords).set(tokenTypeIds);
  return words;
}

/** The encoding that was packed. */
export function unpacked(words: Uint32Array, wide: boolean): Encoding {
  const count = packedLength(words);
  const start = words.byteOffset + 4;
  const ids = wide ? words.subarray(1, 1 + count) : new Uint16Array(words.buffer, start, count);
  const tokenTypeIds = new Int32Array(count);
  if (words[0]! % 2 === 1) {
    const idWords = wide ? count : Math.ceil(count / 2);
    tokenTypeIds.set(new Uint8Array(words.buffer, start + 4 * idWords, count));
  }
  return { inputIds: Int32Array.from(ids), tokenTypeIds };
}

/** How many tokens a packed encoding has. */
export const packedLength = (words: Uint32Array): number => words[0]! >>> 1;
