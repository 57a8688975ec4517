import type { Random } from "#textgraft/base/random.js";
import type { Encodings } from "#textgraft/tokens/encode-all.js";

/** Texts of given lengths whose token ids are random. */
export function randomEncodings(lengths: readonly number[], vocabSize: number, random: Random): Encodings {
  const ids = lengths.map((length) => Int32Array.from({ length }, () => random.int(vocabSize)));
  return {
    count: ids.length,
    lengthOf: (text) => ids[text]!.length,
    at: (text) => ({ inputIds: ids[text]!, tokenTypeIds: new Int32Array(ids[text]!.length) }),
  };
}
