import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createTokenizer, type Tokenizer } from "../../src/tokens/tokenizer.js";
import { wordsOf } from "../../src/tokens/words.js";

const folder = join(import.meta.dirname, "../reference/tokenizers");
const read = (...path: string[]): string => readFileSync(join(folder, ...path), "utf8");
const texts = JSON.parse(read("texts.json")) as string[];
/** What the Rust library says; make_ranges.py there wrote it. */
const wanted = JSON.parse(read("ranges.json")) as Record<string, string[]>;
const tokenizers = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }): [string, Tokenizer] => [
    name,
    createTokenizer({ tokenizerJson: read(name, "tokenizer.json") }),
  ]);

interface Range {
  start: number;
  end: number;
}

/** The Rust library's ranges in UTF-16 units. */
function rangesOf(line: string, text: string): Range[] {
  const places = [0];
  for (const character of text) places.push(places.at(-1)! + character.length);
  let at = 0;
  return line.split(" ").flatMap((part) => {
    if (part === "") return [];
    const [step, length] = part.split(":").map(Number) as [number, number];
    at += step;
    return [{ start: places[at]!, end: places[at + length]! }];
  });
}

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

/** What of a range can be seen, as whole graphemes: where one is composed, the Rust library names its first part only. */
function widened(text: string, { start, end }: Range): Range | undefined {
  const [from, to] = [
    /^(?:[\s▁\p{Cc}\p{Cf}\p{Co}\p{Cn}\ufffd]\p{M}*)*/u,
    /[\s▁\p{Cc}\p{Cf}\p{Co}\p{Cn}\ufffd]*$/u,
  ].map((blank) => blank.exec(text.slice(start, end))![0].length) as [number, number];
  const seen = Array.from(segmenter.segment(text)).filter(
    ({ segment, index }) => index < end - to && index + segment.length > start + from,
  );
  const last = seen.at(-1);
  return last && { start: seen[0]!.index, end: last.index + last.segment.length };
}

test("a step that can't be followed gives no ranges, and never wrong ones", () => {
  const json = JSON.parse(read("bert-cased", "tokenizer.json")) as Record<string, unknown>;
  const normalizer = { type: "Replace", pattern: { Regex: "(?<=a)b" }, content: "c" };
  const { ranges } = createTokenizer({ tokenizerJson: JSON.stringify({ ...json, normalizer }) });
  expect(ranges("a cab")).toBeUndefined();
  expect(ranges("a cat")).toHaveLength(
    createTokenizer({ tokenizerJson: JSON.stringify(json) }).ranges("a cat")!.length,
  );
});

describe.each(tokenizers)("%s", (name, tokenizer) => {
  test("knows its mask", () => {
    expect(tokenizer.pieceOf(tokenizer.maskId!)).toMatch(/^(\[MASK\]|<mask>)$/);
  });

  test("tokens stand where the Rust library finds them", () => {
    for (const [i, text] of texts.entries()) {
      const found = tokenizer.ranges(text);
      const rust = rangesOf(wanted[name]![i]!, text);
      expect(found?.length, JSON.stringify(text)).toBe(rust.length);
      expect(found!.map(({ id }) => id)).toEqual(
        [...tokenizer.encode(text).inputIds].slice(
          tokenizer.specialTokens.before,
          -tokenizer.specialTokens.after,
        ),
      );
      for (const [number, { id, ...range }] of found!.entries()) {
        // A mark alone has the range of a character beside it there.
        if (/^[▁Ġ]$/.test(tokenizer.pieceOf(id))) continue;
        // What became one character is whole here, and its last part there.
        if (name === "albert" && /^(``|'')$/.test(text.slice(range.start, range.end))) range.start += 1;
        const place = `${JSON.stringify(text)} ${number} ${tokenizer.pieceOf(id)}`;
        expect(widened(text, range), place).toEqual(widened(text, rust[number]!));
      }
    }
  });

  test("ranges ascend, and words cover what can be seen and are what their pieces say", () => {
    for (const text of texts) expectSound(name, tokenizer, text);
  });

  test("so do those of any mixture of characters", () => {
    const part = fc.oneof(
      fc.constantFrom(...texts),
      fc.string({ unit: "grapheme", maxLength: 8 }),
      fc.string({ unit: "binary", maxLength: 4 }),
      fc.constantFrom(" ", "  ", "\n", "e\u0301", "ﬁ", "Σ", "İ", "<mask>", "[MASK]", "▁", "##a", "\ufeff"),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), (parts) => expectSound(name, tokenizer, parts.join(""))),
      { numRuns: 60 },
    );
  });
});

/** Letters alone, without case and accents: what normalizers of any kind leave. */
const folded = (text: string): string =>
  text
    .normalize("NFKD")
    .toLowerCase()
    .normalize("NFKD")
    .replaceAll("ς", "σ")
    .replace(/[^\p{L}\p{N}]/gu, "");

const bytes = new Map(
  Array.from({ length: 256 }, (_, byte) => byte)
    .sort((a, b) => Number(printable(b)) - Number(printable(a)) || a - b)
    .map((byte, i) => [String.fromCharCode(printable(byte) ? byte : 256 + i - 188), byte]),
);

function printable(byte: number): boolean {
  return (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
}

/** What pieces stand for. */
function spelled(name: string, pieces: readonly string[]): string {
  if (!byteLevel.has(name)) return pieces.map((piece) => piece.replace(/^##(?=.)/, "")).join("");
  return new TextDecoder().decode(Uint8Array.from(pieces.join(""), (char) => bytes.get(char)!));
}

const byteLevel = new Set(["modernbert", "roberta"]);

function expectSound(name: string, tokenizer: Tokenizer, text: string): void {
  const ranges = tokenizer.ranges(text)!;
  expect(ranges, JSON.stringify(text)).toBeDefined();
  for (const [i, { start, end }] of ranges.entries()) {
    const before = ranges[i - 1];
    expect(start).toBeGreaterThanOrEqual(before?.start ?? 0);
    expect(end).toBeGreaterThanOrEqual(Math.max(start, before?.start ?? 0));
    expect(end).toBeLessThanOrEqual(text.length);
  }
  const words = wordsOf(text, ranges);
  expect(words.flatMap((word) => word.tokens)).toEqual(ranges.map((_, i) => i));
  let covered = "";
  for (const { text: word, start, end, tokens } of words) {
    expect(text.slice(start, end)).toBe(word);
    covered += word;
    const ids = tokens.map((token) => ranges[token]!.id);
    if (ids.some((id) => id === unknown(tokenizer))) continue;
    expect(
      folded(
        spelled(
          name,
          ids.map((id) => tokenizer.pieceOf(id)),
        ),
      ),
      JSON.stringify([text, word]),
    ).toBe(folded(word));
  }
  expect(folded(covered), JSON.stringify(text)).toBe(folded(text));
}

/** The token of what the vocabulary lacks: here a character of no text. */
const unknown = (tokenizer: Tokenizer): number => tokenizer.encode("\u{1f9ff}").inputIds.at(-2)!;
