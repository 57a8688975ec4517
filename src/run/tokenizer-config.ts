import type { Tokenizer, TokenizerFiles } from "../tokens/tokenizer.js";
import { bertSettings, tokenOf } from "../tokens/wordpiece.js";

type Json = Readonly<Record<string, unknown>>;

/** What tokenizer_config.json has to say about a tokenizer besides what it said. */
export interface TokenizerUse {
  readonly tokenizer: Pick<Tokenizer, "json" | "padId" | "pieces">;
  /** Tokens of the longest text. */
  readonly positions: number;
  /** Whether the model reads token types. */
  readonly tokenTypes: boolean;
}

/**
 * The contents of tokenizer_config.json: what the starting checkpoint said, special tokens included, since
 * special_tokens_map.json isn't written any more. What it left to a class's defaults is read off tokenizer.json, so that
 * every loader makes the same ids of a text.
 */
export function tokenizerConfig(files: TokenizerFiles, use: TokenizerUse): Record<string, unknown> {
  const given: Json = { ...parsed(files.specialTokensMapJson), ...parsed(files.tokenizerConfigJson) };
  const definition = parsed(use.tokenizer.json) as TokenizerJson;
  const { tokenizer_class: name = GENERIC, model_max_length: length } = given;
  const settings = {
    ...specialTokens(definition, use.tokenizer),
    ...kept(given),
    ...normalization(definition),
    model_max_length: typeof length === "number" ? Math.min(length, use.positions) : use.positions,
  };
  const tokenizerClass = name === GENERIC ? classOf(definition, settings) : name;
  return { ...inputNames(tokenizerClass, use), ...settings, tokenizer_class: tokenizerClass };
}

/** Without the special tokens' flags, which are in tokenizer.json. */
const kept = (given: Json): Json =>
  Object.fromEntries(
    Object.entries(given)
      .filter(([key, value]) => !LEFTOVERS.includes(key) && !(key.endsWith("_token") && value === null))
      .map(([key, value]) => [
        key,
        Array.isArray(value) && key.endsWith("_tokens") ? value.map(plain) : plain(value),
      ]),
  );

const plain = (value: unknown): unknown => tokenOf(value) ?? value;

/** What the model is to be fed, where the class doesn't settle it or gives token types to a model that has none. */
function inputNames(tokenizerClass: unknown, { tokenTypes }: TokenizerUse): Json {
  const givesTypes = /^Bert/.test(String(tokenizerClass));
  if (tokenizerClass !== FROM_FILE && (tokenTypes || !givesTypes)) return {};
  return { model_input_names: ["input_ids", ...(tokenTypes ? ["token_type_ids"] : []), "attention_mask"] };
}

/** What transformers 5 calls a tokenizer that is all in tokenizer.json; transformers 4 doesn't know that name. */
const GENERIC = "TokenizersBackend";

/** The name that all versions know for it. They differ in whether it gives token types. */
const FROM_FILE = "PreTrainedTokenizerFast";

/** Of the machine or the code that wrote the source; loaders would look for what isn't there. */
const LEFTOVERS = [
  "auto_map",
  "is_local",
  "local_files_only",
  "name_or_path",
  "special_tokens_map_file",
  "tokenizer_file",
];

interface TokenizerJson {
  added_tokens?: { id: number; content: string }[];
  normalizer?: { type?: string };
  pre_tokenizer?: { type?: string; add_prefix_space?: boolean };
  post_processor?: { type?: string; trim_offsets?: boolean };
  model?: { type?: string; unk_token?: string | null; unk_id?: number | null; vocab?: unknown };
}

/**
 * The class that does what tokenizer.json says, whatever the family. transformers 5 builds the tokenizer of a named class
 * from the vocabulary and its own rules: for SentencePiece vocabularies these may differ, so they get the class that takes
 * tokenizer.json as it is.
 */
function classOf(
  { model, normalizer, pre_tokenizer, post_processor }: TokenizerJson,
  settings: Json,
): string {
  const bert = normalizer?.type === "BertNormalizer" && pre_tokenizer?.type === "BertPreTokenizer";
  if (model?.type === "WordPiece" && bert && settings.cls_token === "[CLS]") return "BertTokenizer";
  const roberta = pre_tokenizer?.type === "ByteLevel" && post_processor?.type === "RobertaProcessing";
  if (model?.type === "BPE" && !normalizer && roberta) return "RobertaTokenizer";
  return FROM_FILE;
}

/** Settings of classes that would else take their defaults for what tokenizer.json says. */
function normalization(definition: TokenizerJson): Json {
  const { pre_tokenizer } = definition;
  if (pre_tokenizer?.type !== "ByteLevel") return bertSettings(definition);
  return { add_prefix_space: pre_tokenizer.add_prefix_space ?? false };
}

/** The first and the last token around a text, and those for padding, unknown words and masked ones. */
function specialTokens(
  { added_tokens = [], model }: TokenizerJson,
  { pieces, padId }: TokenizerUse["tokenizer"],
): Json {
  const around = pieces("").map(({ piece }) => piece);
  const added = (...names: readonly string[]) =>
    names.find((name) => added_tokens.some(({ content }) => content === name));
  const unigram = Array.isArray(model?.vocab)
    ? (model.vocab as [string, number][])[model.unk_id ?? -1]?.[0]
    : undefined;
  const [first, last] = around.length > 1 ? [around[0], around.at(-1)] : [];
  const tokens = {
    bos_token: first === "<s>" ? first : undefined,
    cls_token: first,
    eos_token: last === "</s>" ? last : undefined,
    mask_token: added("[MASK]", "<mask>"),
    pad_token: added_tokens.find(({ id }) => id === padId)?.content ?? added("[PAD]", "<pad>"),
    sep_token: last,
    unk_token: model?.unk_token ?? unigram ?? added("<unk>", "[UNK]"),
  };
  return Object.fromEntries(Object.entries(tokens).filter(([, token]) => token !== undefined));
}

const parsed = (text: string | undefined): Json => JSON.parse(text ?? "{}") as Json;
