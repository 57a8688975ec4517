import { TextgraftError } from "../base/errors.js";
import type { Examples } from "../data/examples.js";
import type { Texts } from "../data/texts.js";
import type { Encodings, TextEncodings } from "./encode-all.js";
import type { LengthLimit } from "./long-texts.js";
import { roomFor } from "./sequence.js";
import type { Tokenizer } from "./tokenizer.js";

/** A text and its second one. */
export interface TextPair {
  text: string;
  pair: string;
}

/** What a model reads: a text, or a pair where it was trained on pairs. */
export type TextInput = string | TextPair;

/** What a model reads of something that may have a second text. */
export const inputOf = ({ text, pair }: { text: string; pair?: string | undefined }): TextInput =>
  pair === undefined ? text : { text, pair };

/** The pairs of examples that all are some. */
export const pairsOf = (examples: Examples): Pairs => ({
  get length() {
    return examples.length;
  },
  at(index) {
    const { text, pair } = examples.at(index)!;
    return { text, pair: pair! };
  },
});

/** Many pairs, by number. */
interface Pairs {
  readonly length: number;
  at(index: number): TextPair;
}

/** Both texts of each pair, one after the other: so they are tokenized, and kept, like other texts. */
export const bothTexts = (pairs: Pairs): Texts => ({
  get length() {
    return 2 * pairs.length;
  },
  at: (index) => {
    const { text, pair } = pairs.at(index >>> 1);
    return index % 2 === 0 ? text : pair;
  },
});

/**
 * The encodings of pairs, from those of `bothTexts`, which have to be uncut. Where a limit cuts a pair, it cuts the longer
 * text first, as `Tokenizer.encode` does; the token types of both are kept.
 */
export function pairEncodings(both: Encodings, tokenizer: Tokenizer): TextEncodings {
  const { specialTokens, pairTokens } = tokenizer;
  const special = 2 * (specialTokens.before + specialTokens.after) - pairTokens;
  const count = both.count / 2;
  const lengthOf = (pair: number): number => both.lengthOf(2 * pair) + both.lengthOf(2 * pair + 1) - special;
  const at = (pair: number, maxLength?: number) =>
    tokenizer.pairOf(both.at(2 * pair), both.at(2 * pair + 1), maxLength);
  return {
    count,
    lengthOf,
    at: (pair) => at(pair),
    fitted: ({ maxLength, long }) => {
      requirePairs(long);
      roomFor(maxLength, pairTokens);
      const own = (text: number): number => both.lengthOf(text) - specialTokens.before - specialTokens.after;
      const places = (pair: number) =>
        tokenizer.pairPlaces([own(2 * pair), own(2 * pair + 1)], maxLength).map((place, i) => ({
          ...place,
          from: i === 0 ? 0 : own(2 * pair),
        }));
      return {
        count,
        lengthOf: (pair) => Math.min(maxLength, lengthOf(pair)),
        at: (pair) => at(pair, maxLength),
        of: (pair) => [pair],
        textOf: (pair) => pair,
        rangesOf: (pair) => places(pair).map(({ from, length }) => [from, from + length]),
        startsOf: (pair) => places(pair).map(({ start }) => start),
      };
    },
  };
}

/** @throws TextgraftError option-invalid for what of long texts can't be read of pairs. */
export function requirePairs(long: LengthLimit["long"]): void {
  if (long === "head") return;
  throw new TextgraftError("option-invalid", {
    message: `--long is ${long}, but the texts are pairs: of long pairs the ends are cut, the longer text's first.`,
    fix: "Leave out --long, or allow more tokens with --max-length.",
  });
}
