import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Json, openLibrary } from "../../src/tokens/library.js";

/** What the Rust library's normalizers and pre-tokenizers make of some texts; make_parts.py there wrote it. */
const { texts, pre_tokenizers, normalizers } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../reference/tokenizers/parts.json"), "utf8"),
) as {
  texts: string[];
  pre_tokenizers: { config: Json; pieces: string[][] }[];
  normalizers: { config: Json; results: string[] }[];
};

const model = {
  type: "WordPiece",
  vocab: { "[UNK]": 0 },
  unk_token: "[UNK]",
  continuing_subword_prefix: "##",
};

test.each(pre_tokenizers)("pre-tokenizer $config", ({ config, pieces }) => {
  const { pre_tokenizer } = openLibrary({ model, pre_tokenizer: config });
  for (const [i, text] of texts.entries()) {
    const found = pre_tokenizer!(text, { section_index: 0 });
    expect(
      found.filter((piece) => piece !== ""),
      JSON.stringify(text),
    ).toEqual(pieces[i]);
  }
});

test.each(normalizers)("normalizer $config", ({ config, results }) => {
  const { normalizer } = openLibrary({ model, normalizer: config });
  for (const [i, text] of texts.entries()) expect(normalizer!(text), JSON.stringify(text)).toBe(results[i]);
});
