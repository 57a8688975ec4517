import { parentPort, workerData } from "node:worker_threads";
import { packed } from "../tokens/packed.js";
import { createTokenizer, type Tokenizer, type TokenizerFiles } from "../tokens/tokenizer.js";
import { type SentError, sent } from "./protocol.js";

/** What a worker is started with. */
export interface TokenizerWork {
  files: TokenizerFiles;
  wide: boolean;
}

/** Packed encodings one after the other, and where each ends; or why there are none. */
export type TokenizerReply = { words: Uint32Array; ends: Uint32Array } | { error: SentError };

// A thread that turns lists of texts into lists of packed encodings, in the order in which they come.
const { files, wide } = workerData as TokenizerWork;
let tokenizer: Tokenizer | undefined;
parentPort!.on("message", (texts: readonly string[]) => {
  try {
    tokenizer ??= createTokenizer(files);
    const { encode } = tokenizer;
    const encodings = joined(texts.map((text) => packed(encode(text), wide)));
    parentPort!.postMessage(encodings, [encodings.words.buffer, encodings.ends.buffer]);
  } catch (error) {
    parentPort!.postMessage({ error: sent(error) } satisfies TokenizerReply);
  }
});

function joined(encodings: readonly Uint32Array<ArrayBuffer>[]) {
  const ends = new Uint32Array(encodings.length);
  const words = new Uint32Array(encodings.reduce((total, { length }) => total + length, 0));
  let end = 0;
  for (const [i, encoding] of encodings.entries()) {
    words.set(encoding, end);
    end += encoding.length;
    ends[i] = end;
  }
  return { words, ends };
}
