import { TextgraftError } from "../base/errors.js";
import type { Json } from "./library.js";

/** Special tokens by their names in tokenizer_config.json, and what they are in BERT. */
const SPECIAL_TOKENS = {
  pad_token: "[PAD]",
  unk_token: "[UNK]",
  cls_token: "[CLS]",
  sep_token: "[SEP]",
  mask_token: "[MASK]",
};

/**
 * The tokenizer.json of a BERT checkpoint that has only vocab.txt (one word piece a line, in the order of ids). The
 * settings and defaults are those of BertTokenizer in transformers: `do_lower_case` true, `strip_accents` as
 * `do_lower_case`, `tokenize_chinese_chars` true. Throws `model-invalid` where a special token is missing.
 */
export function wordPieceJson(vocabTxt: string, config: Json): Json {
  const lines = vocabTxt.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  const ids = new Map(lines.map((piece, id) => [piece, id]));
  const tokens = Object.entries(SPECIAL_TOKENS).map(([name, usual]) => tokenOf(config[name]) ?? usual);
  const [, unknown, opening, closing, mask] = tokens;
  for (const token of tokens) if (token !== mask) requireToken(ids, token);
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: tokens
      .filter((token) => ids.has(token))
      .map((content) => ({ id: ids.get(content)!, content, ...PLAIN, special: true })),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: config.tokenize_chinese_chars ?? true,
      strip_accents: config.strip_accents ?? null,
      lowercase: config.do_lower_case ?? true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: [special(opening!, 0), text("A", 0), special(closing!, 0)],
      pair: [special(opening!, 0), text("A", 0), special(closing!, 0), text("B", 1), special(closing!, 1)],
      special_tokens: Object.fromEntries(
        [opening!, closing!].map((token) => [token, { id: token, ids: [ids.get(token)!], tokens: [token] }]),
      ),
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: unknown!,
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(ids),
    },
  };
}

/**
 * What tokenizer_config.json has to say so that BertTokenizer of transformers, which lowercases by default, reads texts as
 * this tokenizer.json does; nothing where that has no BertNormalizer.
 */
export function bertSettings({ normalizer }: { readonly normalizer?: unknown }): Json {
  if ((normalizer as Json | null)?.type !== "BertNormalizer") return {};
  const { lowercase, strip_accents: accents, handle_chinese_chars: chinese } = normalizer as Json;
  return {
    do_lower_case: lowercase === true,
    strip_accents: accents ?? null,
    tokenize_chinese_chars: chinese === true,
  };
}

/** A special token's text: files hold strings or, where it has flags, objects. */
export function tokenOf(value: unknown): string | undefined {
  const content = typeof value === "object" && value !== null ? (value as Json).content : value;
  return typeof content === "string" ? content : undefined;
}

const PLAIN = { single_word: false, lstrip: false, rstrip: false, normalized: false };

const special = (id: string, typeId: number) => ({ SpecialToken: { id, type_id: typeId } });

const text = (id: "A" | "B", typeId: number) => ({ Sequence: { id, type_id: typeId } });

function requireToken(ids: ReadonlyMap<string, number>, token: string): void {
  if (ids.has(token)) return;
  throw new TextgraftError("model-invalid", {
    message: `vocab.txt has ${ids.size} word pieces, but no line ${JSON.stringify(token)}.`,
    fix: "Use the vocab.txt that came with the weights; special tokens with other names stand in tokenizer_config.json.",
  });
}
