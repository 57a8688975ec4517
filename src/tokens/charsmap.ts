import type { Normalize } from "./normalizers.js";

const MOST_KNOWN = 50_000;

/** Longer graphemes are only looked up character by character. */
const LONGEST_GRAPHEME = 5; // bytes of UTF-8

/**
 * SentencePiece's precompiled character map (`precompiled_charsmap`, base64): the size of a double array in bytes, the
 * array, and the texts it points to, each with a NUL behind it. Applied as tokenizers' crate spm_precompiled does: what
 * the map has for the beginning of a short grapheme replaces the grapheme, else each character is looked up.
 * https://github.com/google/sentencepiece/blob/master/doc/normalization.md
 */
export function charsmapNormalizer(base64: string): Normalize {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const arrayBytes = view.getUint32(0, true);
  const units = Uint32Array.from({ length: arrayBytes / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
  const texts = bytes.subarray(4 + arrayBytes);
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const textAt = (start: number): string => decoder.decode(texts.subarray(start, texts.indexOf(0, start)));

  /** The text of the shortest key that `key` begins with. */
  const lookUp = (key: Uint8Array): string | undefined => {
    let at = offsetOf(units[0]!);
    for (const byte of key) {
      at ^= byte;
      const unit = units[at] ?? 0;
      if (byte === 0 || (unit & 0x800000ff) !== byte) return undefined;
      at ^= offsetOf(unit);
      if ((unit & 0x100) !== 0) return textAt(units[at]! & 0x7fffffff);
    }
    return undefined;
  };
  const known = new Map<string, string>();
  const normalizeGrapheme = (grapheme: string): string => {
    const key = encoder.encode(grapheme);
    const whole = key.length <= LONGEST_GRAPHEME ? lookUp(key) : undefined;
    const normalized = whole ?? Array.from(grapheme, (char) => lookUp(encoder.encode(char)) ?? char).join("");
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(grapheme, normalized);
    return normalized;
  };
  return (text) => {
    let result = "";
    for (const grapheme of graphemes(text)) result += known.get(grapheme) ?? normalizeGrapheme(grapheme);
    return result;
  };
}

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });
const SLICE = 256;

/** The graphemes of a text, slice by slice: the time that Node 20 takes for one grows with what it is cut from. */
export function* graphemes(text: string): Generator<string> {
  if (/^[ -~]*$/.test(text)) return yield* text; // in printable ASCII each character is one
  for (let start = 0, size = SLICE; start < text.length; ) {
    const half = text.codePointAt(start + size - 1)! > 0xffff ? 1 : 0; // of a pair of surrogates
    const slice = text.slice(start, start + size + half);
    const found = Array.from(segmenter.segment(slice), ({ segment }) => segment);
    const isLast = start + slice.length === text.length;
    if (!isLast && found.length === 1) {
      size *= 2;
      continue;
    }
    const unfinished = isLast ? "" : found.pop()!;
    yield* found;
    start += slice.length - unfinished.length;
    size = SLICE;
  }
}

/** Of a unit: how far its children are. https://github.com/s-yata/darts-clone */
const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);
