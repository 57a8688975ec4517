import fc from "fast-check";
import { expect, test } from "vitest";
import { createTokenizer } from "../../src/tokens/tokenizer.js";
import { bertSettings } from "../../src/tokens/wordpiece.js";
import { miniFile, miniTokenizer } from "../support/mini.js";

const VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "##b", "A", "é", "e"];

const pieces = (text: string, config: object, vocabulary = VOCABULARY): string[] =>
  createTokenizer({ vocabTxt: vocabulary.join("\n"), tokenizerConfigJson: JSON.stringify(config) })
    .pieces(text)
    .slice(1, -1)
    .map(({ piece }) => piece);

const whole = miniTokenizer();
const old = createTokenizer({
  vocabTxt: miniFile("vocab.txt"),
  tokenizerConfigJson: miniFile("tokenizer_config.json"),
});

test.each([
  { do_lower_case: true, strip_accents: null, tokenize_chinese_chars: true },
  { do_lower_case: false, strip_accents: true, tokenize_chinese_chars: false },
])("settings can be read off the tokenizer.json that they gave: %j", (settings) => {
  const { json } = createTokenizer({
    vocabTxt: VOCABULARY.join("\n"),
    tokenizerConfigJson: JSON.stringify(settings),
  });
  expect(bertSettings(JSON.parse(json) as object)).toEqual(settings);
  expect(bertSettings({ ...(JSON.parse(json) as object), normalizer: null })).toEqual({});
});

test("the embedded encoder's vocab.txt gives the same ids as its tokenizer.json", () => {
  expect(old.padId).toBe(whole.padId);
  expect(old.vocabSize).toBe(whole.vocabSize);
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), fc.lorem(), (odd, plain) => {
      for (const text of [odd, plain, `${plain}${odd}[MASK]`])
        expect(old.encode(text)).toEqual(whole.encode(text));
      expect(old.encode(plain, 7, odd)).toEqual(whole.encode(plain, 7, odd));
    }),
  );
});

test.each([
  "Crème Brûlée, Ångström, İstanbul, ΟΔΟΣ, Straße, e\u0301",
  "北京大学 is in 中国; \u{20000}\u{20001} かな カナ 한국어",
  "😀 👩\u200d👩\u200d👧 ❤\ufe0f \ud83d alone",
  `${"long".repeat(25)} ${"longer".repeat(25)}`,
  "nul \0 bell \x07 soft\u00adhyphen bom\ufeff zero\u200bwidth nbsp\u00a0 line\u2028 nel\x85 \ufffd",
  "“quotes” – dash … 5 € ½ ² ¿qué? x_y a@b.example #tag",
  "שלום مرحبا नमस्ते all say hello",
])("%j as vocab.txt and as tokenizer.json read it", (text) => {
  expect(old.pieces(text)).toEqual(whole.pieces(text));
  // Neither loses the text, nor takes all of it for unknown.
  expect(new Set(old.encode(text).inputIds).size).toBeGreaterThan(3);
});

test.each<[object, string[]]>([
  [{}, ["a", "##b", "e"]],
  [{ do_lower_case: false }, ["[UNK]", "é"]],
  [{ do_lower_case: false, strip_accents: true }, ["[UNK]", "e"]],
  [{ strip_accents: false }, ["a", "##b", "é"]],
])("settings %j are those of BertTokenizer", (config, expected) => {
  expect(pieces("AB é", config)).toEqual(expected);
});

test("Chinese characters stand alone, unless the settings keep them in words", () => {
  const vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "中", "a", "中a"];
  expect(pieces("中a", {}, vocabulary)).toEqual(["中", "a"]);
  expect(pieces("中a", { tokenize_chinese_chars: false }, vocabulary)).toEqual(["中a"]);
});

test("lines may end in CRLF, and special tokens have other names", () => {
  const renamed = ["<pad>", "<unk>", "<s>", "</s>", "a"];
  const tokenizer = createTokenizer({
    vocabTxt: `${renamed.join("\r\n")}\r\n`,
    specialTokensMapJson: JSON.stringify({ pad_token: "<pad>", unk_token: { content: "<unk>" } }),
    tokenizerConfigJson: JSON.stringify({ cls_token: "<s>", sep_token: "</s>" }),
  });
  expect([...tokenizer.encode("a x").inputIds]).toEqual([2, 4, 1, 3]);
  expect(tokenizer.vocabSize).toBe(5);
});

test("a vocabulary without a special token is refused by its name", () => {
  expect(() => pieces("a", {}, ["[PAD]", "[UNK]", "[CLS]"])).toThrow(/3 word pieces, but no line "\[SEP\]"/);
});

test("the made tokenizer.json can be read again", () => {
  const made = createTokenizer({ vocabTxt: VOCABULARY.join("\n") });
  const read = createTokenizer({ tokenizerJson: made.json });
  expect(read.fingerprint).toBe(made.fingerprint);
  expect(read.encode("ab b [SEP]")).toEqual(made.encode("ab b [SEP]"));
});
