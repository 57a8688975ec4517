import type { TokenRange } from "./ranges.js";

/** A word as people read it, and the tokens that are of it. */
export interface Word {
  readonly text: string;
  /** UTF-16 units of the text: from `start` up to `end`. */
  readonly start: number;
  readonly end: number;
  /** Numbers of tokens, in their order. */
  readonly tokens: readonly number[];
}

/**
 * Letters and digits with what joins them (don't, e-mail, 1,250.75); each character of scripts that put no spaces
 * between words; and other marks, where the same ones in a row are together. https://www.unicode.org/reports/tr29/
 */
const WORD =
  /(?:(?=[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}])[\p{L}\p{N}]\p{M}*)|(?:(?![\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}])[\p{L}\p{N}\p{M}_]|(?<=[\p{L}\p{N}\p{M}])['’\u2010\u2011-](?=[\p{L}\p{N}])|(?<=\p{N})[.,:](?=\p{N}))+|([^\s\p{L}\p{N}\p{M}\p{Cc}\p{Cf}_])(?:\1|\p{M}|\u200d)*/gu;

/**
 * The words of a text that have tokens, each token in exactly one of them: words that share a token are one. A token
 * that can't be seen, such as a space, goes with the next word, or with the last. No word only where there is no token.
 */
export function wordsOf(text: string, tokens: readonly Pick<TokenRange, "start" | "end">[]): Word[] {
  const found: { start: number; end: number; tokens: number[] }[] = [];
  const candidates = Array.from(text.matchAll(WORD), ({ 0: word, index }) => ({
    start: index,
    end: index + word.length,
  }));
  let waiting: number[] = [];
  for (const [number, token] of tokens.entries()) {
    const { start, end } = trimmed(text, token);
    if (start >= end) {
      waiting.push(number);
      continue;
    }
    const touched = candidates.filter((word) => word.start < end && word.end > start);
    const from = Math.min(start, ...touched.map((word) => word.start));
    const to = Math.max(end, ...touched.map((word) => word.end));
    const word = { start: from, end: to, tokens: [...waiting, number] };
    waiting = [];
    while (found.length > 0 && found.at(-1)!.end > word.start) {
      const before = found.pop()!;
      word.start = Math.min(word.start, before.start);
      word.end = Math.max(word.end, before.end);
      word.tokens.unshift(...before.tokens);
    }
    found.push(word);
  }
  if (waiting.length > 0) {
    const last = found.at(-1);
    if (last) last.tokens.push(...waiting);
    else found.push({ start: 0, end: text.length, tokens: waiting });
  }
  return found.map((word) => ({ ...word, text: text.slice(word.start, word.end) }));
}

/** A range without what can't be seen at its ends. */
function trimmed(
  text: string,
  { start, end }: Pick<TokenRange, "start" | "end">,
): { start: number; end: number } {
  const part = text.slice(start, end);
  const from = start + part.length - part.replace(/^[\s\p{Cc}\p{Cf}]+/u, "").length;
  return { start: from, end: Math.max(from, start + part.replace(/[\s\p{Cc}\p{Cf}]+$/u, "").length) };
}
