import type { Tokenizer } from "./tokenizer.js";

/** The ids of many texts, one after the other in one piece of memory. */
export class Encodings {
  private readonly ids: Int32Array;
  private readonly ends: Uint32Array;

  constructor(texts: readonly Int32Array[]) {
    let end = 0;
    this.ends = Uint32Array.from(texts, ({ length }) => {
      end += length;
      return end;
    });
    this.ids = new Int32Array(end);
    for (const [i, text] of texts.entries()) this.ids.set(text, this.ends[i]! - text.length);
  }

  /** Ids of text `i`, special tokens included: a view, not a copy. */
  idsOf = (i: number): Int32Array => this.ids.subarray(this.ends[i - 1] ?? 0, this.ends[i]);
  lengthOf = (i: number): number => this.ends[i]! - (this.ends[i - 1] ?? 0);
}

/** Texts between two breaths of the event loop. */
const CHUNK = 64;

/** Encodes many texts, each cut to `maxLength` ids; lets other work go on now and then. */
export async function encodeAll(
  tokenizer: Tokenizer,
  texts: readonly string[],
  maxLength: number,
  onProgress?: (done: number, total: number) => void,
): Promise<Encodings> {
  const encoded: Int32Array[] = [];
  for (const [i, text] of texts.entries()) {
    if (i % CHUNK === 0) {
      onProgress?.(i, texts.length);
      await new Promise((resolve) => setTimeout(resolve));
    }
    encoded.push(tokenizer.encode(text, maxLength).inputIds);
  }
  onProgress?.(texts.length, texts.length);
  return new Encodings(encoded);
}
