import { Tokenizer } from "@huggingface/tokenizers";
import { TextgraftError } from "../base/errors.js";

/** An object of a JSON file, not checked. */
export type Json = Readonly<Record<string, unknown>>;

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
  readonly post_processor: null | {
    readonly config: { readonly type: string };
    post_process(
      tokens: string[],
      pair: string[] | null,
      addSpecialTokens: boolean,
    ): { tokens: string[]; token_type_ids?: number[] };
  };
}

/** The library's tokenizer; `model-invalid` where tokenizer.json is broken or needs what the library lacks. */
export function openLibrary(tokenizerJson: Json, tokenizerConfig: Json): Library {
  const { vocab } = (tokenizerJson.model ?? {}) as Json;
  if (typeof vocab !== "object" || vocab === null)
    throw invalidTokenizer("tokenizer.json has no vocabulary.");
  try {
    const library: Library = new Tokenizer({ ...OPTIONAL, ...tokenizerJson }, tokenizerConfig);
    library.encode("a"); // some errors come only with a text
    return library;
  } catch (cause) {
    throw invalidTokenizer(`tokenizer.json can't be used: ${(cause as Error).message}.`, cause);
  }
}

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
