import { availableParallelism } from "node:os";
import { pauses } from "../base/steps.js";
import type { Texts } from "../data/texts.js";
import { encodeAll, fitted, type TextEncodings } from "../tokens/encode-all.js";
import { packed, packedLength, unpacked } from "../tokens/packed.js";
import type { Tokenizer, TokenizerFiles } from "../tokens/tokenizer.js";
import { idOf } from "./segments-node.js";
import { openTokenSet } from "./token-sets-node.js";
import { type TokenizerPool, tokenizerPool } from "./tokenizer-pool-node.js";

export interface EncodeOptions {
  tokenizer: Tokenizer;
  /** What `tokenizer` was made of. */
  files: TokenizerFiles;
  /** Cuts texts that stay in memory; those on disk are whole. */
  maxLength?: number | undefined;
  /** Threads that tokenize much text; default: one for each core, at most 8. */
  threads?: number | undefined;
  /** Keep the tokens of much text for later runs, under this name of the model; undefined: until this run ends. */
  cacheAs?: string | undefined;
  /** UTF-16 units of text up to which all is done at once, in memory. Default: 4 million. */
  small?: number;
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Tokenizes texts. Much text is tokenized in worker threads, and its tokens lie on disk: in the user's cache by the
 * text's hash, where later runs find them, or in a temporary file. In memory a text takes 8 bytes, and about 20 more until
 * all are tokenized.
 */
export async function encodeTexts(texts: Texts, options: EncodeOptions): Promise<TextEncodings> {
  const { tokenizer, maxLength, onProgress } = options;
  if (isSmall(texts, options.small ?? 4 * 2 ** 20)) return encodeAll(tokenizer, texts, maxLength, onProgress);
  const threads = options.threads ?? Math.min(8, availableParallelism());
  const wide = tokenizer.vocabSize > 65_536;
  const pool = tokenizerPool({ files: options.files, wide }, threads);
  try {
    return await encodeMany(texts, { ...options, pool, wide, ahead: 2 * threads });
  } finally {
    await pool.close();
  }
}

function isSmall(texts: Texts, small: number): boolean {
  let units = 0;
  for (let i = 0; i < texts.length && units <= small; i++) units += texts.at(i)!.length;
  return units <= small;
}

/** Texts of one message to a worker. */
const LIST_TEXTS = 512;
const LIST_UNITS = 2 ** 18;

/** Texts that have to be tokenized: their numbers, hashes, and the texts themselves. */
interface List {
  numbers: number[];
  ids: Buffer[];
  texts: string[];
  units: number;
}

interface Work extends EncodeOptions {
  pool: TokenizerPool;
  wide: boolean;
  /** Lists that may be under way. */
  ahead: number;
}

async function encodeMany(texts: Texts, work: Work): Promise<TextEncodings> {
  const { tokenizer, onProgress, pool, wide, ahead } = work;
  const store = openTokenSet(tokenizer, work.cacheAs);
  const entries = new Uint32Array(texts.length);
  const lengths = new Uint32Array(texts.length);
  const note = (text: number, entry: number | undefined, words: Uint32Array) => {
    entries[text] = entry ?? NOWHERE;
    lengths[text] = packedLength(words);
  };
  const keep = async ({ numbers, ids, texts }: List): Promise<void> => {
    const encodings = await pool.encode(texts);
    for (const [i, words] of encodings.entries()) {
      const found = store.has(ids[i]!) ? store.find(ids[i]!) : undefined; // put meanwhile
      note(numbers[i]!, found?.entry ?? store.put(ids[i]!, words), words);
    }
  };

  const underWay: Promise<void>[] = [];
  const pause = pauses();
  const emptyList = (): List => ({ numbers: [], ids: [], texts: [], units: 0 });
  let list = emptyList();
  try {
    for (let i = 0; i < texts.length; i++) {
      const text = texts.at(i)!;
      const id = idOf(text);
      const found = store.find(id);
      if (found) note(i, found.entry, found.words);
      else {
        list.numbers.push(i);
        list.ids.push(id);
        list.texts.push(text);
        list.units += text.length;
      }
      if (list.texts.length === LIST_TEXTS || list.units > LIST_UNITS) {
        underWay.push(begun(keep(list)));
        list = emptyList();
        if (underWay.length > ahead) await underWay.shift();
      }
      await pause(() => onProgress?.(i + 1, texts.length));
    }
    if (list.texts.length > 0) underWay.push(begun(keep(list)));
    await Promise.all(underWay);
  } catch (error) {
    await Promise.allSettled(underWay);
    store.close();
    throw error;
  }
  onProgress?.(texts.length, texts.length);
  store.finish();
  const whole = {
    count: texts.length,
    lengthOf: (text: number) => lengths[text]!,
    at(text: number) {
      const entry = entries[text]!;
      const words = entry === NOWHERE ? undefined : store.read(entry);
      // What was damaged meanwhile, or had no room, is tokenized again.
      return unpacked(words ?? packed(tokenizer.encode(texts.at(text)!), wide), wide);
    },
  };
  return { ...whole, fitted: (limit) => fitted(whole, tokenizer.specialTokens, limit) };
}

/** A promise that is looked at later: that it fails is no surprise then. */
function begun<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

const NOWHERE = 0xffff_ffff;
