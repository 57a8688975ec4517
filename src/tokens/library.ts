import { Tokenizer } from "@huggingface/tokenizers";
import { TextgraftError } from "../base/errors.js";
import { type Normalizer, asInRust as normalizerAsInRust } from "./normalizers.js";
import { type PreTokenizer, asInRust as preTokenizerAsInRust } from "./pre-tokenizers.js";

/** An object of a JSON file, not checked. */
export type Json = Readonly<Record<string, unknown>>;

export interface Splitter {
  /** Parts that together are the text. */
  split(text: string): string[];
}

/** What is used of `@huggingface/tokenizers`; its own types don't resolve here (no file extensions in them). */
export interface Library {
  encode(
    text: string,
    options?: { add_special_tokens: boolean },
  ): { ids: (number | undefined)[]; tokens: (string | undefined)[] };
  token_to_id(token: string): number | undefined;
  id_to_token(id: number): string | undefined;
  get_vocab(): Map<string, number>;
  get_added_tokens_decoder(): Map<number, { id: number; special: boolean }>;
  readonly added_tokens_map: ReadonlyMap<string, { lstrip: boolean; rstrip: boolean }>;
  /** What cuts added tokens out of texts, and out of normalised ones. */
  readonly splitter_unnormalized: Splitter;
  readonly splitter_normalized: Splitter;
  normalizer: Normalizer | null;
  pre_tokenizer: PreTokenizer | null;
  readonly model: { _call(words: string[]): string[] };
  readonly post_processor: null | {
    readonly config: { readonly type: string };
    post_process(
      tokens: string[],
      pair: string[] | null,
      addSpecialTokens: boolean,
    ): { tokens: string[]; token_type_ids?: number[] };
  };
}

/**
 * The library's tokenizer, with the ids of the Rust library; `model-invalid` where tokenizer.json is broken or needs
 * what the library lacks. Nothing but tokenizer.json decides about ids, as there.
 */
export function openLibrary(tokenizerJson: Json): Library {
  const { vocab } = (tokenizerJson.model ?? {}) as Json;
  if (typeof vocab !== "object" || vocab === null)
    throw invalidTokenizer("tokenizer.json has no vocabulary.");
  refuseUnknownSettings(tokenizerJson);
  try {
    const definition = { ...OPTIONAL, ...tokenizerJson } as Json;
    const library: Library = new Tokenizer(definition, {});
    library.normalizer = normalizerAsInRust(library.normalizer, definition.normalizer as Json | null);
    library.pre_tokenizer = preTokenizerAsInRust(
      library.pre_tokenizer,
      definition.pre_tokenizer as Json | null,
    );
    library.model._call = wordByWord(library.model._call.bind(library.model));
    library.encode("a"); // some errors come only with a text
    return library;
  } catch (cause) {
    throw invalidTokenizer(`tokenizer.json can't be used: ${(cause as Error).message}.`, cause);
  }
}

/** One word at a time: unknown characters of two words are two unknown tokens. Words that occurred are remembered. */
function wordByWord(callModel: (words: string[]) => string[]): (words: string[]) => string[] {
  const known = new Map<string, string[]>();
  return (words) =>
    words.flatMap((word) => {
      const found = known.get(word);
      if (found) return found;
      const pieces = callModel([word]);
      if (known.size >= MOST_KNOWN) known.clear();
      if (word.length <= LONGEST_KNOWN) known.set(word, pieces);
      return pieces;
    });
}

const MOST_KNOWN = 50_000;
const LONGEST_KNOWN = 64; // UTF-16 units

/** What `@huggingface/tokenizers` would ignore without a word, so that ids would be wrong. */
function refuseUnknownSettings({ model, added_tokens: added }: Json): void {
  const { type, byte_fallback: bytes, continuing_subword_prefix: prefix } = model as Json;
  if (type === "Unigram" && bytes === true) throw unsupported("a Unigram model with byte_fallback");
  if (type === "BPE" && typeof prefix === "string" && prefix !== "")
    throw unsupported(`a BPE model with the prefix ${JSON.stringify(prefix)} inside of words`);
  const words = ((added ?? []) as Json[]).find((token) => token.single_word === true);
  if (words) throw unsupported(`${JSON.stringify(words.content)}, an added token for whole words only`);
}

const unsupported = (what: string): TextgraftError =>
  new TextgraftError("model-invalid", {
    message: `tokenizer.json has ${what}, which can't be read here.`,
    fix: "Use another model: the families in docs/models.md don't need it.",
  });

export const invalidTokenizer = (message: string, cause?: unknown): TextgraftError =>
  new TextgraftError("model-invalid", {
    message,
    fix: "Copy the tokenizer's files again, from where the weights came from.",
    cause,
  });

/** What the format may leave out, but the library wants to see. */
const OPTIONAL = {
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: null,
};
