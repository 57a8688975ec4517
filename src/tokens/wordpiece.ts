/** What a vocabulary alone doesn't say. Defaults are those of uncased BERT. */
export interface WordPieceOptions {
  lowercase?: boolean;
  /** `null`: as `lowercase` says. */
  stripAccents?: boolean | null;
  chineseCharacters?: boolean;
}

/**
 * The `tokenizer.json` of a BERT checkpoint that has only `vocab.txt`: one word piece a line, the line is its id.
 * WordPiece: https://arxiv.org/abs/1609.08144
 */
export function wordPieceTokenizer(vocabulary: readonly string[], options: WordPieceOptions = {}): object {
  const { lowercase = true, stripAccents = null, chineseCharacters = true } = options;
  const vocab = Object.fromEntries(vocabulary.map((piece, id) => [piece, id]));
  const special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].filter((token) => token in vocab);
  const token = (id: string, type_id: number) => ({ SpecialToken: { id, type_id } });
  const text = (id: string, type_id: number) => ({ Sequence: { id, type_id } });
  return {
    version: "1.0",
    added_tokens: special.map((content) => ({
      id: vocab[content],
      content,
      special: true,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
    })),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: chineseCharacters,
      strip_accents: stripAccents,
      lowercase,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab,
    },
    post_processor: {
      type: "TemplateProcessing",
      single: [token("[CLS]", 0), text("A", 0), token("[SEP]", 0)],
      pair: [token("[CLS]", 0), text("A", 0), token("[SEP]", 0), text("B", 1), token("[SEP]", 1)],
      special_tokens: Object.fromEntries(
        ["[CLS]", "[SEP]"].map((id) => [id, { id, ids: [vocab[id]], tokens: [id] }]),
      ),
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
  };
}
