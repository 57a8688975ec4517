import { TextgraftError } from "../../base/errors.js";
import { joinBytes } from "./bytes.js";

/**
 * Stands where bytes are no text in the file's encoding: two second halves of surrogate pairs, which no text has one
 * behind the other.
 */
export const INVALID = "\uDC00\uDC00";

/** How bytes are read as text. */
export interface Encoding {
  /** As the Encoding Standard calls it. https://encoding.spec.whatwg.org/#names-and-labels */
  name: string;
  /** Whether a byte order mark says so. */
  marked: boolean;
}

/**
 * The encoding that the beginning of a file shows: what its byte order mark says; else UTF-16 where every other byte is
 * zero; else UTF-8 where it is that, or has more characters of several bytes than bytes that are none; else windows-1252,
 * which Latin-1 is a part of. `wanted` is what the user says.
 * @throws TextgraftError option-invalid for a name that no one knows; data-invalid for what is no text at all.
 */
export function encodingOf(head: Uint8Array, source: string, wanted?: string): Encoding {
  const mark = markOf(head);
  if (wanted !== undefined) {
    const name = /^utf-?16$/i.test(wanted) ? (mark ?? "utf-16le") : nameOf(wanted);
    return { name, marked: mark === name };
  }
  if (mark !== undefined) return { name: mark, marked: true };
  const [even, odd] = zeroBytes(head);
  const many = Math.max(3, 0.2 * head.length);
  if (odd > many && even < 0.02 * head.length) return { name: "utf-16le", marked: false };
  if (even > many && odd < 0.02 * head.length) return { name: "utf-16be", marked: false };
  if (even + odd > Math.max(8, 0.02 * head.length)) {
    throw new TextgraftError("data-invalid", {
      message: `${source} is no text file: ${even + odd} of its first ${head.length} bytes are zero.`,
      fix: "Give a CSV, TSV, JSON or Parquet file; if it is text, name its encoding with --encoding.",
    });
  }
  const { characters, invalid } = countUtf8(head);
  return { name: invalid === 0 || characters > invalid ? "utf-8" : "windows-1252", marked: false };
}

/** The text of a stream, piece by piece, with `INVALID` for each sequence of bytes that isn't any; without its mark. */
export async function* decoded(bytes: AsyncIterable<Uint8Array>, { name }: Encoding): AsyncGenerator<string> {
  const decode = name === "utf-8" ? utf8Decoder() : otherDecoder(name);
  let isFirst = true;
  const unmarked = (text: string): string => {
    if (!isFirst || text === "") return text;
    isFirst = false;
    return text.startsWith("\uFEFF") ? text.slice(1) : text;
  };
  for await (const chunk of bytes) yield unmarked(decode(chunk, false));
  yield unmarked(decode(new Uint8Array(0), true));
}

/** Decodes what it is given, and keeps a last character that isn't complete for the next call. */
type Decode = (bytes: Uint8Array, last: boolean) => string;

/** A strict decoder of whole pieces is several times as fast as one that has to mark what is wrong. */
function utf8Decoder(): Decode {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let rest: Uint8Array = new Uint8Array(0);
  return (bytes, last) => {
    const piece = rest.length === 0 ? bytes : joinBytes([rest, bytes]);
    const end = last ? piece.length : piece.length - unfinished(piece);
    rest = piece.slice(end);
    const whole = piece.subarray(0, end);
    try {
      return strict.decode(whole);
    } catch {
      return lines(whole).map(markedLine).join("");
    }
  };

  function markedLine(line: Uint8Array): string {
    try {
      return strict.decode(line);
    } catch {
      return new TextDecoder("utf-8", { ignoreBOM: true }).decode(line).replaceAll("\uFFFD", INVALID);
    }
  }
}

function otherDecoder(name: string): Decode {
  const decoder = new TextDecoder(name, { ignoreBOM: true });
  return (bytes, last) => decoder.decode(bytes, { stream: !last }).replaceAll("\uFFFD", INVALID);
}

/** Bytes at the end that begin a UTF-8 character and lack the rest of it. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < utf8Length(byte) ? back : 0;
  }
  return 0;
}

const utf8Length = (lead: number): number => (lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2);

/** Each line with its break: no UTF-8 character spans one. */
function lines(bytes: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(LINE_FEED, start) + 1 || bytes.length;
    found.push(bytes.subarray(start, end));
    start = end;
  }
  return found;
}

const LINE_FEED = 10;

function markOf(head: Uint8Array): string | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le";
  if (head[0] === 0xfe && head[1] === 0xff) return "utf-16be";
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return "utf-8";
  return undefined;
}

function nameOf(wanted: string): string {
  try {
    return new TextDecoder(wanted).encoding;
  } catch (cause) {
    throw new TextgraftError("option-invalid", {
      message: `--encoding ${wanted} is no encoding that is known here.`,
      fix: "For example --encoding utf-8, utf-16le, windows-1252 (Latin-1), windows-1251, shift_jis, gb18030.",
      cause,
    });
  }
}

/** How many bytes at even and at odd places are zero. */
function zeroBytes(head: Uint8Array): [even: number, odd: number] {
  const counts: [number, number] = [0, 0];
  for (let i = 0; i < head.length; i++) if (head[i] === 0) counts[i & 1]!++;
  return counts;
}

/** Characters of several bytes, and bytes that belong to none. */
function countUtf8(head: Uint8Array): { characters: number; invalid: number } {
  const text = new TextDecoder().decode(head.subarray(0, head.length - unfinished(head)));
  let [characters, invalid] = [0, 0];
  for (const [character] of text.matchAll(/[^\0-\x7f]/gu)) {
    if (character === "\uFFFD") invalid++;
    else characters++;
  }
  return { characters, invalid };
}
