import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTokenizer, type Tokenizer } from "../../src/tokens/tokenizer.js";

/** Tokenizers of the families and what the Rust library makes of some texts; make.py there wrote them. */
const folder = join(import.meta.dirname, "../reference/tokenizers");

interface Expected {
  pad_id: number;
  vocab_size: number;
  ids: number[][];
  pairs: { texts: [number, number]; ids: number[]; types: number[] }[];
  cut: { length: number; ids: number[][] }[];
}

const read = (...path: string[]): string => readFileSync(join(folder, ...path), "utf8");
const texts = JSON.parse(read("texts.json")) as string[];
const families = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }): [string, Tokenizer, Expected] => {
    const tokenizerJson = read(name, "tokenizer.json");
    const tokenizerConfigJson = read(name, "tokenizer_config.json");
    const expected = JSON.parse(read(name, "expected.json")) as Expected;
    return [name, createTokenizer({ tokenizerJson, tokenizerConfigJson }), expected];
  });

test("the families are there", () => {
  expect(families.map(([name]) => name)).toEqual([
    "albert",
    "bert-cased",
    "bert-uncased",
    "camembert",
    "deberta-v2-split",
    "deberta-v3",
    "modernbert",
    "mpnet",
    "roberta",
    "xlm-roberta",
  ]);
});

test.each(families)("%s: every text gets the ids of the Rust library", (_name, tokenizer, { ids }) => {
  expect(ids).toHaveLength(texts.length);
  for (const [i, text] of texts.entries()) {
    expect([...tokenizer.encode(text).inputIds], JSON.stringify(text)).toEqual(ids[i]);
  }
});

test.each(families)(
  "%s: pairs have the ids and token types of the Rust library",
  (_name, tokenizer, { pairs }) => {
    for (const { texts: numbers, ids, types } of pairs) {
      const [text, pair] = numbers.map((number) => texts[number]!);
      const { inputIds, tokenTypeIds } = tokenizer.encode(text!, undefined, pair);
      expect([...inputIds]).toEqual(ids);
      expect([...tokenTypeIds]).toEqual(types);
    }
  },
);

test.each(families)(
  "%s: cut texts keep the special tokens, as in the Rust library",
  (_name, tokenizer, { cut }) => {
    for (const { length, ids } of cut) {
      for (const [i, wanted] of ids.entries()) {
        expect([...tokenizer.encode(texts[i]!, length).inputIds]).toEqual(wanted);
      }
    }
  },
);

test.each(families)("%s: padding token and size of the vocabulary", (_name, tokenizer, expected) => {
  expect(tokenizer.padId).toBe(expected.pad_id);
  expect(tokenizer.vocabSize).toBe(expected.vocab_size);
});

/** A family's tokenizer.json with some parts changed. */
const changed = (
  family: string,
  change: (json: { model: object; added_tokens: object[] }) => void,
): string => {
  const json = JSON.parse(read(family, "tokenizer.json")) as { model: object; added_tokens: object[] };
  change(json);
  return JSON.stringify(json);
};

test.each<[string, string]>([
  ["byte_fallback", changed("xlm-roberta", ({ model }) => Object.assign(model, { byte_fallback: true }))],
  ["##", changed("roberta", ({ model }) => Object.assign(model, { continuing_subword_prefix: "##" }))],
  [
    "<mask>",
    changed("roberta", ({ added_tokens }) => Object.assign(added_tokens[4]!, { single_word: true })),
  ],
])("what would give other ids without a word is refused: %s", (what, tokenizerJson) => {
  expect(() => createTokenizer({ tokenizerJson })).toThrow(
    expect.objectContaining({ code: "model-invalid", message: expect.stringContaining(what) as string }),
  );
});

test("old files say add_prefix_space where new ones have a scheme", () => {
  const old = (add_prefix_space: boolean): Tokenizer =>
    createTokenizer({
      tokenizerJson: changed("xlm-roberta", (json) =>
        Object.assign(json, { pre_tokenizer: { type: "Metaspace", replacement: "▁", add_prefix_space } }),
      ),
    });
  const [, , { ids }] = families.find(([name]) => name === "xlm-roberta")!;
  expect([...old(true).encode(texts[0]!).inputIds]).toEqual(ids[0]);
  const first = (text: string): string => old(false).pieces(text)[1]!.piece;
  expect(first("boats")[0]).toBe("b");
});

test("settings of tokenizer_config.json that only Python's slow tokenizers had change nothing", () => {
  const tokenizerJson = read("roberta", "tokenizer.json");
  const tokenizerConfigJson = '{"remove_space": true, "do_lowercase_and_remove_accent": true}';
  const [, , { ids }] = families.find(([name]) => name === "roberta")!;
  const tokenizer = createTokenizer({
    tokenizerJson,
    tokenizerConfigJson,
    specialTokensMapJson: '{"pad_token": "<pad>"}',
  });
  for (const [i, text] of texts.entries()) expect([...tokenizer.encode(text).inputIds]).toEqual(ids[i]);
});

test("a character map sees graphemes as they are, however long a text or one of them is", () => {
  const [, tokenizer] = families.find(([name]) => name === "xlm-roberta")!;
  const each = "é ".normalize("NFD"); // the map has e with its accent, but no accent alone
  const ids = tokenizer.encode(each.repeat(1000)).inputIds;
  expect(ids).toHaveLength(2 + 1000 * (tokenizer.encode(each).inputIds.length - 2));
  const marks = "\u{e0100}".repeat(300); // all belong to one letter, across slices of the text
  expect(tokenizer.pieces(`${"a".repeat(255)}${marks}b`).at(-2)!.piece).toBe("b");
});
