import { createReadStream } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { buffer } from "node:stream/consumers";
import { closest, TextgraftError } from "../../base/errors.js";
import { peek, startsWith } from "./bytes.js";
import { compressionOf, unpacked } from "./compression-node.js";
import { HEAD, type Named, openText, type ReadOptions } from "./open-text.js";
import { readFolder } from "./read-folder-node.js";
import { linesOf } from "./read-lines.js";
import { type ByteRange, readParquet } from "./read-parquet.js";
import type { RowSource } from "./row-source.js";
import { textPieces } from "./text-pieces.js";

/** What rows from there have as their source. */
export const standardInput = "standard input";

/** Bytes that are read at a time. */
const BLOCK = 2 ** 20;

/**
 * Rows of a file or a folder, or of standard input for `-`. Formats are told by content: gzip, zstd and Parquet by their
 * first bytes, JSON by its first character, and else by the name: `.txt` has one text a line, `.tsv` tabs, and all others
 * are CSV. Standard input with `plainLines` is one text a line unless it begins with a header or a column is named.
 * @throws TextgraftError file-missing, or data-invalid for what is no table.
 */
export async function openRows(path: string, options: ReadOptions = {}): Promise<RowSource> {
  try {
    if (path === "-") return await openBytes(process.stdin, standardInput, options);
    const found = await stat(path);
    if (found.isDirectory()) return await readFolder(path, options.encoding);
    if (found.isFile()) {
      const file = fileRange(path, found.size);
      if (isParquet(new Uint8Array(await file.slice(0, 4)))) return await readParquet(file, path);
    }
    const stream = createReadStream(path, { highWaterMark: BLOCK });
    return await openBytes(stream, path, { ...options, plainLines: false });
  } catch (error) {
    throw await explained(error, path);
  }
}

/** One text a line of standard input, whatever it looks like; blank lines are left out. */
export async function openLines(): Promise<string[]> {
  const text = await textPieces(await peek(process.stdin, HEAD), standardInput);
  const lines: string[] = [];
  for await (const found of linesOf(text)) lines.push(...found.map(({ text }) => text));
  return lines;
}

async function openBytes(
  bytes: AsyncIterable<Uint8Array>,
  source: string,
  options: ReadOptions,
): Promise<RowSource> {
  const packed = await peek(bytes, 4);
  const compression = compressionOf(packed.head);
  if (compression === undefined) return await openUnpacked(packed.all, { source, name: source }, options);
  const name = source.replace(/\.(gz|gzip|zst|zstd)$/i, "");
  const opened = await openUnpacked(unpacked(packed.all, compression, source), { source, name }, options);
  return { ...opened, format: `${opened.format}, ${compression}` };
}

async function openUnpacked(
  bytes: AsyncIterable<Uint8Array>,
  { source, name }: Named,
  options: ReadOptions,
): Promise<RowSource> {
  const peeked = await peek(bytes, HEAD);
  if (isParquet(peeked.head)) return await readParquet(rangeOf(await buffer(peeked.all)), source);
  return await openText(peeked, { source, name }, options);
}

const isParquet = (head: Uint8Array): boolean => startsWith(head, "PAR1");

const rangeOf = (bytes: Uint8Array): ByteRange => ({
  byteLength: bytes.length,
  slice: (start, end) => new Uint8Array(bytes.subarray(start, end)).buffer,
});

/** Opens the file for each part that is read: nothing has to be closed. */
const fileRange = (path: string, size: number): ByteRange => ({
  byteLength: size,
  slice: async (start, end = size) => {
    const file = await open(path);
    try {
      const part = new Uint8Array(end - start);
      const { bytesRead } = await file.read(part, 0, part.length, start);
      return bytesRead === part.length ? part.buffer : part.buffer.slice(0, bytesRead);
    } finally {
      await file.close();
    }
  },
});

async function explained(error: unknown, path: string): Promise<unknown> {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR": {
      const similar = closest(basename(path), await readdir(dirname(path)).catch(() => []));
      return new TextgraftError("file-missing", {
        message: `There is no file ${path}.`,
        fix:
          similar === undefined ? "Check the names of the file and its folder." : `Did you mean ${similar}?`,
        cause: error,
      });
    }
    case "EACCES":
      return new TextgraftError("file-missing", {
        message: `${path} may not be read by this user.`,
        fix: "Change its permissions or copy it.",
        cause: error,
      });
    default:
      return error;
  }
}
