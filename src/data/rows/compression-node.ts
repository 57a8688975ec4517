import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { Decompress } from "fzstd";
import { TextgraftError } from "../../base/errors.js";

/** How a stream is packed. */
export type Compression = "gzip" | "zstd";

/** What the first bytes say. RFC 1952, RFC 8878 */
export function compressionOf(head: Uint8Array): Compression | undefined {
  const startsWith = (...magic: number[]) => magic.every((byte, i) => head[i] === byte);
  if (startsWith(0x1f, 0x8b)) return "gzip";
  if (startsWith(0x28, 0xb5, 0x2f, 0xfd)) return "zstd";
  return undefined;
}

/** The unpacked bytes, as they come. Throws `data-invalid` where the stream is damaged or ends early. */
export async function* unpacked(
  bytes: AsyncIterable<Uint8Array>,
  compression: Compression,
  source: string,
): AsyncGenerator<Uint8Array> {
  try {
    yield* compression === "gzip" ? gunzipped(bytes) : zstdUnpacked(bytes);
  } catch (cause) {
    if (cause instanceof TextgraftError || (cause instanceof Error && "syscall" in cause)) throw cause;
    throw new TextgraftError("data-invalid", {
      message: `${source} can't be unpacked as ${compression}: ${(cause as Error).message}.`,
      fix: "Copy the file again: it is damaged, or a part of it is missing.",
      cause,
    });
  }
}

async function* gunzipped(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const input = Readable.from(bytes, { objectMode: false });
  const gunzip = createGunzip({ chunkSize: 2 ** 18 });
  input.on("error", (error) => gunzip.destroy(error));
  try {
    yield* input.pipe(gunzip);
  } finally {
    input.destroy();
  }
}

async function* zstdUnpacked(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const found: Uint8Array[] = [];
  const stream = new Decompress((chunk) => found.push(chunk));
  for await (const chunk of bytes) {
    stream.push(chunk);
    yield* found.splice(0);
  }
  stream.push(new Uint8Array(0), true);
  yield* found.splice(0);
}
