import { type Aligned, type Rewritten, rewritten, sliced } from "./aligned.js";
import type { Json } from "./library.js";

/** How the pieces that a model gets, and its tokens, differ from the text's characters. */
export interface PieceForm {
  /** Pieces are bytes of UTF-8, each written as a character. */
  readonly bytes: boolean;
  /** What stands for a space, and before pieces; empty where there is none. */
  readonly mark: string;
  /** What tokens within a piece begin with, such as `##`; empty where there is nothing. */
  readonly prefix: string;
  /** What the last token of a piece ends with, such as `</w>`. */
  readonly suffix: string;
}

export function pieceForm({ pre_tokenizer: preTokenizer, model }: Json): PieceForm {
  const { pretokenizers: parts } = (preTokenizer ?? {}) as Json;
  const all = [preTokenizer, ...(Array.isArray(parts) ? parts : [])] as (Json | null)[];
  const metaspace = all.find((part) => part?.type === "Metaspace");
  const { type, continuing_subword_prefix: prefix, end_of_word_suffix: suffix } = model as Json;
  return {
    bytes: all.some((part) => part?.type === "ByteLevel"),
    mark: metaspace ? String(metaspace.replacement ?? "▁") : "",
    prefix: String(prefix ?? (type === "WordPiece" ? "##" : "")),
    suffix: String(suffix ?? ""),
  };
}

/**
 * Pieces of a text, in its order; what lies between them was left out. Undefined where a piece doesn't stand in the text,
 * but for a space or a mark before it.
 */
export function alignedPieces(
  text: Aligned,
  pieces: readonly string[],
  form: PieceForm,
): Aligned[] | undefined {
  const result: Aligned[] = [];
  let end = 0;
  for (const piece of pieces) {
    const found = form.bytes ? pieceOfBytes(text, piece, end) : markedPiece(text, piece, end, form.mark);
    if (!found) return undefined;
    result.push(found.piece);
    end = found.end;
  }
  return result;
}

interface FoundPiece {
  piece: Aligned;
  end: number;
}

/** Marks are spaces of the text, or marks of its own; the first may be nothing. */
function markedPiece(text: Aligned, piece: string, from: number, mark: string): FoundPiece | undefined {
  const plain = (marked: string): string => (mark === "" ? marked : marked.replaceAll(mark, " "));
  const [within, wanted] = [plain(text.text), plain(piece)];
  const at = within.indexOf(wanted, from);
  // A piece that begins with a mark may have got it: then it stands nearer without.
  const bare = mark !== "" && piece.startsWith(mark) ? wanted.slice(1) : undefined;
  const near = bare === undefined ? -1 : within.indexOf(bare, from);
  if (near >= 0 && (at < 0 || near < at)) {
    const end = near + bare!.length;
    const got: Rewritten = { text: mark, from: near, to: near };
    return { piece: rewritten(text, [got, ...characters(piece.slice(mark.length), near)]), end };
  }
  if (at < 0) return undefined;
  const found = sliced(text, at, at + wanted.length);
  return { piece: { ...found, text: piece }, end: at + wanted.length };
}

const characters = (text: string, from: number): Rewritten[] =>
  Array.from({ length: text.length }, (_, i) => ({ text: text[i]!, from: from + i, to: from + i + 1 }));

/** Each byte comes from the character that it is a part of. */
function pieceOfBytes(text: Aligned, piece: string, from: number): FoundPiece | undefined {
  const wanted = decoder.decode(Uint8Array.from(piece, (char) => byteOf.get(char) ?? 0));
  const at = text.text.indexOf(wanted, from);
  const got = at !== from && wanted.startsWith(" ") && text.text.startsWith(wanted.slice(1), from);
  const start = got ? from : at;
  if (start < 0) return undefined;
  const parts: Rewritten[] = got ? [{ text: piece[0]!, from, to: from }] : [];
  let end = start;
  let written = parts.length;
  for (const character of got ? wanted.slice(1) : wanted) {
    const bytes = encoder.encode(character).length;
    parts.push({ text: piece.slice(written, written + bytes), from: end, to: end + character.length });
    written += bytes;
    end += character.length;
  }
  return { piece: rewritten(text, parts), end };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** GPT-2's characters for bytes: printable ones stand for themselves. https://github.com/openai/gpt-2/blob/master/src/encoder.py */
const byteOf: ReadonlyMap<string, number> = new Map(byteCharacters());

function byteCharacters(): [string, number][] {
  const printable = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let others = 0;
  return Array.from({ length: 256 }, (_, byte) => [
    String.fromCharCode(printable(byte) ? byte : 256 + others++),
    byte,
  ]);
}
