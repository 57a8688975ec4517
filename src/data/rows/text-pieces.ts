import type { Peeked } from "./bytes.js";
import { decoded, type Encoding, encodingOf } from "./encoding.js";

/** A file of text, of which the beginning has been read. */
export interface TextPieces {
  encoding: Encoding;
  /** The beginning as text. */
  head: string;
  /** Whether `head` is all. */
  whole: boolean;
  /** Everything from the first character on; to be read once. */
  pieces: AsyncIterable<string>;
}

/** Bytes as text, in the encoding that their beginning shows or that the user `wanted`. */
export async function textPieces(bytes: Peeked, source: string, wanted?: string): Promise<TextPieces> {
  const encoding = encodingOf(bytes.head, source, wanted);
  let head = "";
  async function* once(): AsyncGenerator<Uint8Array> {
    yield bytes.head;
  }
  for await (const piece of decoded(once(), encoding)) head += piece;
  return { encoding, head, whole: bytes.whole, pieces: decoded(bytes.all, encoding) };
}

/** Only what isn't usual is worth a word. */
export const encodingText = ({ name, marked }: Encoding): string[] =>
  name !== "utf-8" ? [name] : marked ? ["utf-8 with a byte order mark"] : [];
