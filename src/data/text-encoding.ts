import { TextgraftError } from "../base/errors.js";

/**
 * The text of a file: UTF-8, or UTF-16 where a byte order mark says so. The mark itself is dropped. Other
 * encodings are refused, because guessing wrong would train on garbled texts without a word.
 */
export function decodeText(bytes: Uint8Array, source: string): string {
  if (bytes.length > longestString) {
    throw new TextgraftError("data-invalid", {
      message: `${source} has ${bytes.length} bytes; at most ${longestString} can be read at once.`,
      fix: "Split it into several files.",
    });
  }
  const encoding = encodingOf(bytes);
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new TextgraftError("data-invalid", {
      message: `${source} is not ${encoding.toUpperCase()} text${encoding === "utf-8" ? ` (first seen in line ${badLine(bytes)})` : ""}.`,
      fix: `Save it as UTF-8; a table from Excel often is WINDOWS-1252: iconv -f WINDOWS-1252 -t UTF-8 ${source}`,
      cause,
    });
  }
}

/** Longest string of V8, in characters. */
const longestString = 2 ** 29 - 24;

function encodingOf(bytes: Uint8Array): "utf-8" | "utf-16le" | "utf-16be" {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  return "utf-8";
}

/** The first line that is not UTF-8, counted from 1. No UTF-8 character spans a line break. */
function badLine(bytes: Uint8Array): number {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for (let line = 1, start = 0; ; line++) {
    const found = bytes.indexOf(newline, start);
    const end = found === -1 ? bytes.length : found;
    try {
      decoder.decode(bytes.subarray(start, end));
    } catch {
      return line;
    }
    if (found === -1) return line;
    start = end + 1;
  }
}

const newline = 10;
