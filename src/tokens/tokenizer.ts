import { TextgraftError } from "../base/errors.js";
import { hash32 } from "../base/random.js";
import { invalidTokenizer, type Json, type Library, openLibrary } from "./library.js";
import { rangeFinder, type TokenRange } from "./ranges.js";
import { assemble, type Encoding, placesIn, readLayout, specialCount } from "./sequence.js";
import { tokenOf, wordPieceJson } from "./wordpiece.js";

/** One token for display. */
export interface Piece {
  /** As it stands in the vocabulary, for example `##ing`. */
  piece: string;
  id: number;
  special: boolean;
}

/** The contents of a model's tokenizer files; undefined where there is none. */
export interface TokenizerFiles {
  readonly tokenizerJson?: string | undefined;
  readonly tokenizerConfigJson?: string | undefined;
  readonly specialTokensMapJson?: string | undefined;
  /** Of old BERT checkpoints; read only where there is no tokenizer.json. */
  readonly vocabTxt?: string | undefined;
}

/** Turns texts into the ids that a model was pretrained with. */
export interface Tokenizer {
  /**
   * The ids of a text, or of a pair of texts; an empty text has only special tokens. `maxLength` counts special
   * tokens, too (default: no limit). Where it is exceeded, the ends of the texts are cut, of a pair the longer text
   * first, and all special tokens stay; `option-invalid` where it has no room for those.
   */
  encode(text: string, maxLength?: number, pair?: string): Encoding;
  /** What `encode` makes of a pair, from what it made of each of the two texts alone, uncut. */
  pairOf(text: Encoding, pair: Encoding, maxLength?: number): Encoding;
  /**
   * Where in what `encode` makes of a pair the tokens of each of its texts stand, and how many, from the numbers of tokens that
   * the texts have without special ones.
   */
  pairPlaces(lengths: readonly [number, number], maxLength?: number): { start: number; length: number }[];
  /** A token as it stands in the vocabulary, for example `##ing`. */
  pieceOf(id: number): string;
  /** All tokens of a text, special ones included, not cut. */
  pieces(text: string): Piece[];
  /**
   * Where the tokens of a text stand in it, without special ones, not cut; undefined where that can't be known.
   */
  ranges(text: string): TokenRange[] | undefined;
  readonly padId: number;
  /** The token that stands for any word in pretraining; undefined where the vocabulary has none. */
  readonly maskId: number | undefined;
  /** One more than the largest id. */
  readonly vocabSize: number;
  /** What tokenizer_config.json says; undefined where it sets no limit. */
  readonly modelMaxLength: number | undefined;
  /** How many special tokens stand around a single text. */
  readonly specialTokens: { readonly before: number; readonly after: number };
  /** How many special tokens a pair has. */
  readonly pairTokens: number;
  /** Hash of what the ids depend on: 16 hexadecimal digits, the same on every machine. */
  readonly fingerprint: string;
  /** The content of tokenizer.json, made from vocab.txt where there was none. */
  readonly json: string;
}

/**
 * A tokenizer from the contents of a model's files. What tokenizer.json says about truncation and padding is
 * ignored: callers decide. Throws `file-missing` where there is neither tokenizer.json nor vocab.txt, and
 * `model-invalid` where the files can't be used.
 */
export function createTokenizer(files: TokenizerFiles): Tokenizer {
  const config = {
    ...parseObject(files.specialTokensMapJson ?? "{}", "special_tokens_map.json"),
    ...parseObject(files.tokenizerConfigJson ?? "{}", "tokenizer_config.json"),
  };
  const definition = readDefinition(files, config);
  const library = openLibrary(definition);
  const [single, paired] = [readLayout(library, false), readLayout(library, true)];
  const special = new Set(single.flatMap((slot) => ("id" in slot ? [slot.id] : [])));
  for (const token of library.get_added_tokens_decoder().values()) if (token.special) special.add(token.id);
  const before = single.findIndex((slot) => "text" in slot);
  const padId = padIdOf(library, definition, config);

  const encode = (text: string, maxLength?: number, pair?: string): Encoding =>
    pair === undefined
      ? assemble(single, [idsOf(library, text)], maxLength)
      : assemble(paired, [idsOf(library, text), idsOf(library, pair)], maxLength);
  const describe = (id: number): Piece => ({ piece: library.id_to_token(id)!, id, special: special.has(id) });
  const after = single.length - before - 1;
  const bare = ({ inputIds }: Encoding): Int32Array => inputIds.subarray(before, inputIds.length - after);
  return {
    encode,
    pairOf: (text, pair, maxLength) => assemble(paired, [bare(text), bare(pair)], maxLength),
    pairPlaces: (lengths, maxLength) => placesIn(paired, lengths, maxLength),
    pairTokens: specialCount(paired),
    pieceOf: (id) => library.id_to_token(id)!,
    pieces: (text) => Array.from(encode(text).inputIds, describe),
    ranges: rangeFinder(library, definition),
    padId,
    maskId: maskIdOf(library, config),
    vocabSize: vocabSizeOf(library),
    modelMaxLength: limitOf(config),
    specialTokens: { before, after },
    fingerprint: hash64(`${padId} ${JSON.stringify(definition)}`),
    json: files.tokenizerJson ?? `${JSON.stringify(definition, null, 2)}\n`,
  };
}

function readDefinition({ tokenizerJson, vocabTxt }: TokenizerFiles, config: Json): Json {
  if (tokenizerJson !== undefined) return parseObject(tokenizerJson, "tokenizer.json");
  if (vocabTxt !== undefined) return wordPieceJson(vocabTxt, config);
  throw new TextgraftError("file-missing", {
    message: "The model has neither tokenizer.json nor vocab.txt.",
    fix: "Copy its tokenizer.json too; where it has none, transformers writes one: AutoTokenizer.from_pretrained(folder).save_pretrained(folder).",
  });
}

function parseObject(text: string, file: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalidTokenizer(`${file} is not valid JSON: ${(cause as Error).message}.`, cause);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw invalidTokenizer(`${file} has to hold a JSON object.`);
}

/** Ids of a text without special tokens. */
function idsOf(library: Library, text: string): number[] {
  const { ids, tokens } = library.encode(text, { add_special_tokens: false });
  // Broken files hold other things than ids, too, and negative ones would count from the vocabulary's end.
  const wrong = ids.findIndex((id) => !(Number.isInteger(id) && id! >= 0));
  if (wrong === -1) return ids as number[];
  const token = tokens[wrong];
  throw invalidTokenizer(
    `tokenizer.json has no id for ${token === undefined ? "a word" : JSON.stringify(token)}, nor one for unknown tokens.`,
  );
}

function padIdOf(library: Library, { padding }: Json, config: Json): number {
  const named = tokenOf(config.pad_token) ?? tokenOf((padding as Json | null)?.pad_token);
  const tokens = named === undefined ? PADDING : [named];
  const id = tokens.map((token) => library.token_to_id(token)).find((found) => found !== undefined);
  if (id !== undefined) return id;
  throw invalidTokenizer(`The tokenizer's vocabulary has no token ${tokens.join(" or ")} for padding.`);
}

function maskIdOf(library: Library, config: Json): number | undefined {
  const named = tokenOf(config.mask_token);
  const tokens = named === undefined ? MASKS : [named];
  return tokens.map((token) => library.token_to_id(token)).find((found) => found !== undefined);
}

const MASKS = ["[MASK]", "<mask>"];

/** The names that BERT and RoBERTa have for it: their published files don't say them. */
const PADDING = ["[PAD]", "<pad>"];

function vocabSizeOf(library: Library): number {
  let size = 0;
  for (const id of library.get_vocab().values()) size = Math.max(size, id + 1);
  return size;
}

/** Transformers writes 1e30 where a tokenizer sets no limit. */
function limitOf({ model_max_length: length }: Json): number | undefined {
  return typeof length === "number" && length > 0 && length <= 1e6 ? length : undefined;
}

const hash64 = (text: string): string =>
  ["low", "high"].map((half) => hash32(`${half} ${text}`).toString(16).padStart(8, "0")).join("");
