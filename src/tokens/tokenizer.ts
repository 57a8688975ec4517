import { Tokenizer as Library } from "@huggingface/tokenizers";
import { TextgraftError } from "../base/errors.js";
import { hash32 } from "../base/random.js";
import { fill, type Layout, readLayout } from "./layout.js";
import { longestFirst, roomFor } from "./truncate.js";
import { type Json, wordPieceJson } from "./wordpiece.js";

/** A text (or a pair) as the model reads it: special tokens included, not padded. Both arrays are [length]. */
export interface Encoding {
  inputIds: Int32Array;
  tokenTypeIds: Int32Array;
}

/** One token for display. */
export interface Piece {
  /** As it stands in the vocabulary, for example `##ing`. */
  piece: string;
  id: number;
  special: boolean;
}

/** The contents of a model's tokenizer files. */
export interface TokenizerFiles {
  readonly tokenizerJson?: string | undefined;
  readonly tokenizerConfigJson?: string | undefined;
  readonly specialTokensMapJson?: string | undefined;
  /** Of old BERT checkpoints; read only where there is no tokenizer.json. */
  readonly vocabTxt?: string | undefined;
}

/** Turns text into the ids that a model was pretrained with. */
export interface Tokenizer {
  /**
   * The ids of a text, or of a pair of texts; an empty text has only special tokens. Beyond `maxLength` (tokens
   * with the special ones; default: no limit) the ends of the texts are cut, of a pair the longer text first, and
   * all special tokens stay. Throws `option-invalid` where `maxLength` has no room for those.
   */
  encode(text: string, maxLength?: number, pair?: string): Encoding;
  /** All tokens of a text, special ones included, uncut. */
  pieces(text: string): Piece[];
  readonly padId: number;
  /** One more than the largest id. */
  readonly vocabSize: number;
  /** What tokenizer_config.json says; undefined where it sets no limit. */
  readonly modelMaxLength: number | undefined;
  /** How many special tokens are put around a single text. */
  readonly specialTokens: { readonly before: number; readonly after: number };
  /** Of what the ids depend on: 16 hexadecimal digits. The same on every machine. */
  readonly fingerprint: string;
  /** The content of tokenizer.json, made from vocab.txt where there was none. */
  readonly json: string;
}

/**
 * A tokenizer from a model's files; reads no files itself. What tokenizer.json says about truncation and padding is
 * ignored: callers say it. Throws `file-missing` where there is neither tokenizer.json nor vocab.txt, and
 * `model-invalid` where they can't be used.
 */
export function createTokenizer(files: TokenizerFiles): Tokenizer {
  const config = {
    ...parseObject(files.specialTokensMapJson ?? "{}", "special_tokens_map.json"),
    ...parseObject(files.tokenizerConfigJson ?? "{}", "tokenizer_config.json"),
  };
  const definition = readDefinition(files, config);
  const library = openLibrary(definition, config);
  const padId = padIdOf(library, definition, config);
  const added = library.get_added_tokens_decoder();
  const layouts = { single: readLayout(library, false), pair: readLayout(library, true) };
  const special = new Set([...added.values()].filter((token) => token.special).map((token) => token.id));
  for (const { id } of layouts.single) if (id !== undefined) special.add(id);

  const encode = (text: string, maxLength?: number, pair?: string): Encoding => {
    const layout = pair === undefined ? layouts.single : layouts.pair;
    const texts = { text: idsOf(library, text), pair: pair === undefined ? [] : idsOf(library, pair) };
    return fill(layout, maxLength === undefined ? texts : cut(texts, roomFor(maxLength, layout)));
  };
  const text = JSON.stringify(definition);
  const hashes = [0, 1].map((salt) => hash32(`${salt} ${padId} ${text}`));
  const at = layouts.single.findIndex(({ id }) => id === undefined);
  return {
    encode,
    pieces: (text) =>
      Array.from(encode(text).inputIds, (id) => ({
        piece: library.id_to_token(id) ?? "",
        id,
        special: special.has(id),
      })),
    padId,
    vocabSize: vocabSizeOf(library),
    modelMaxLength: maxLengthOf(config),
    specialTokens: { before: at, after: layouts.single.length - at - 1 },
    fingerprint: hashes.map((hash) => hash.toString(16).padStart(8, "0")).join(""),
    json: files.tokenizerJson ?? `${JSON.stringify(definition, null, 2)}\n`,
  };
}

function readDefinition({ tokenizerJson, vocabTxt }: TokenizerFiles, config: Json): Json {
  if (tokenizerJson !== undefined) {
    // All but the model is optional in the format; the library wants to see it.
    const absent = { added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null };
    return { ...absent, ...parseObject(tokenizerJson, "tokenizer.json") };
  }
  if (vocabTxt !== undefined) return wordPieceJson(vocabTxt, config);
  throw new TextgraftError("file-missing", {
    message: "The model has neither tokenizer.json nor vocab.txt.",
    fix: "Download tokenizer.json too, or write it once in Python: transformers.AutoTokenizer.from_pretrained(folder).save_pretrained(folder).",
  });
}

function parseObject(text: string, file: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid(`${file} is not valid JSON.`, cause);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw invalid(`${file} has to hold a JSON object.`);
}

/** The library throws plain errors, sometimes only when it first tokenizes. */
function openLibrary(definition: Json, config: Json): Library {
  try {
    const library = new Library(definition, config);
    library.encode("a");
    return library;
  } catch (cause) {
    throw invalid(`tokenizer.json can't be used: ${(cause as Error).message}.`, cause);
  }
}

/** Ids of a text without special tokens. */
function idsOf(library: Library, text: string): number[] {
  const { ids, tokens } = library.encode(text, { add_special_tokens: false });
  const unknown = ids.indexOf(undefined as unknown as number);
  if (unknown === -1) return ids;
  throw invalid(`tokenizer.json has no id for ${JSON.stringify(tokens[unknown])} and none for unknown tokens.`);
}

function cut({ text, pair }: { text: number[]; pair: number[] }, room: number) {
  const [first, second] = longestFirst(text.length, pair.length, room);
  return { text: text.slice(0, first), pair: pair.slice(0, second) };
}

function padIdOf(library: Library, { padding }: Json, config: Json): number {
  const named = tokenOf(config.pad_token) ?? tokenOf((padding as Json | null | undefined)?.pad_token);
  const id = named === undefined ? library.token_to_id("[PAD]") : library.token_to_id(named);
  if (id !== undefined) return id;
  throw invalid(`The tokenizer has no token for padding (${named ?? "[PAD]"}).`);
}

/** Special tokens are saved as strings or as objects. */
const tokenOf = (value: unknown): string | undefined => {
  const content = typeof value === "object" ? (value as Json | null)?.content : value;
  return typeof content === "string" ? content : undefined;
};

function vocabSizeOf(library: Library): number {
  let size = 0;
  for (const id of library.get_vocab().values()) size = Math.max(size, id + 1);
  return size;
}

/** Transformers writes 1e30 where a tokenizer sets no limit. */
function maxLengthOf({ model_max_length: length }: Json): number | undefined {
  return typeof length === "number" && length > 0 && length <= 1e6 ? Math.floor(length) : undefined;
}

const invalid = (message: string, cause?: unknown): TextgraftError =>
  new TextgraftError("model-invalid", {
    message,
    fix: "Download the tokenizer's files again, from where the weights came from.",
    cause,
  });

export type { Layout };
