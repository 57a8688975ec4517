import { type Aligned, rangeOf, sliced, unchanged } from "./aligned.js";
import { alignedNormalizer } from "./aligned-normalizer.js";
import { alignedPieces, type PieceForm, pieceForm } from "./aligned-pieces.js";
import type { Json, Library, Splitter } from "./library.js";

/** Where a token stands in its text: UTF-16 units from `start` up to `end`, with the space before it, if it has one. */
export interface TokenRange {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

/**
 * Finds the ranges of a text's tokens, without special ones. It takes the library's steps one by one, and follows where in
 * the text each character that comes out was before: added tokens are cut out, sections are normalised, split into
 * pieces, and these into tokens. Gives undefined where a step can't be followed, or other tokens come out than the
 * library's own.
 */
export function rangeFinder(library: Library, definition: Json): (text: string) => TokenRange[] | undefined {
  const normalize = alignedNormalizer(library.normalizer, definition.normalizer as Json | null);
  const form = pieceForm(definition);
  return (text) => {
    const found: Found[] = [];
    for (const [number, section] of sectionsOf(
      unchanged(text),
      library.splitter_unnormalized,
      library,
    ).entries()) {
      if (section.added) {
        found.push(wholeOf(section.part));
        continue;
      }
      const normalized = section.part.text === "" ? section.part : normalize(section.part);
      if (!normalized) return undefined;
      for (const { part, added } of sectionsOf(normalized, library.splitter_normalized, library)) {
        const tokens = added ? [wholeOf(part)] : tokensOf(part, number, library, form);
        if (!tokens) return undefined;
        found.push(...tokens);
      }
    }
    const { ids, tokens } = library.encode(text, { add_special_tokens: false });
    const same = found.length === tokens.length && found.every(({ token }, i) => token === tokens[i]);
    return same ? found.map(({ start, end }, i) => ({ id: ids[i]!, start, end })) : undefined;
  };
}

interface Found {
  token: string;
  start: number;
  end: number;
}

function wholeOf(part: Aligned): Found {
  const [start, end] = rangeOf(part, 0, part.text.length);
  return { token: part.text, start, end };
}

interface Section {
  part: Aligned;
  /** Whether it is an added token. */
  added: boolean;
}

/** Cuts added tokens out, and spaces beside them that they take, as the library does. */
function sectionsOf(text: Aligned, splitter: Splitter, library: Library): Section[] {
  let end = 0;
  const sections = splitter.split(text.text).map((part): Section => {
    const start = end;
    end += part.length;
    return { part: sliced(text, start, end), added: library.added_tokens_map.has(part) };
  });
  for (const [i, { part, added }] of sections.entries()) {
    const token = added ? library.added_tokens_map.get(part.text) : undefined;
    const [before, after] = [sections[i - 1], sections[i + 1]];
    if (token?.lstrip && before) before.part = sliced(before.part, 0, before.part.text.trimEnd().length);
    if (token?.rstrip && after) {
      const { length } = after.part.text;
      after.part = sliced(after.part, length - after.part.text.trimStart().length, length);
    }
  }
  return sections;
}

/** The tokens of a section: pieces, and of each what the model makes of it. */
function tokensOf(section: Aligned, number: number, library: Library, form: PieceForm): Found[] | undefined {
  if (section.text === "") return [];
  const pieces = library.pre_tokenizer
    ? library.pre_tokenizer(section.text, { section_index: number })
    : [section.text];
  const aligned = alignedPieces(section, pieces, form);
  return aligned?.flatMap((piece) => tokensOfPiece(piece, library.model._call([piece.text]), form));
}

/**
 * Tokens follow each other in their piece. An unknown one stands for what lies between those that are found; of several
 * in a row each is a character, if there are as many, else all are the whole stretch.
 */
function tokensOfPiece(piece: Aligned, tokens: readonly string[], { prefix, suffix }: PieceForm): Found[] {
  const found: Found[] = [];
  let at = 0;
  let unknown: string[] = [];
  const close = (end: number): void => {
    const characters = [...piece.text.slice(at, end)];
    const single = characters.length === unknown.length;
    for (const [i, token] of unknown.entries()) {
      const to = single ? at + characters[i]!.length : end;
      const [start, stop] = rangeOf(piece, at, to);
      found.push({ token, start, end: stop });
      if (single) at = to;
    }
    unknown = [];
    at = end;
  };
  for (const token of tokens) {
    const bare = token.endsWith(suffix) ? token.slice(0, token.length - suffix.length) : token;
    const inner = prefix !== "" && found.length + unknown.length > 0 && bare.startsWith(prefix);
    const text = inner ? bare.slice(prefix.length) : bare;
    const place = unknown.length === 0 ? at : piece.text.indexOf(text, at + unknown.length);
    if (text === "" || place < 0 || !piece.text.startsWith(text, place)) {
      unknown.push(token);
      continue;
    }
    if (unknown.length > 0) close(place);
    const [start, end] = rangeOf(piece, at, at + text.length);
    found.push({ token, start, end });
    at += text.length;
  }
  if (unknown.length > 0) close(piece.text.length);
  return found;
}
