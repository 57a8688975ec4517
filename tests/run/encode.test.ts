import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { type EncodeOptions, encodeTexts } from "#textgraft/run/encode-node.js";
import { random } from "../../src/base/random.js";
import { cacheFolder, listSets } from "../../src/run/cache-sets-node.js";
import { encodeAll } from "../../src/tokens/encode-all.js";
import { packed, packedLength, unpacked } from "../../src/tokens/packed.js";
import { createTokenizer } from "../../src/tokens/tokenizer.js";
import { miniFile } from "../support/mini.js";

const usual = process.env.TEXTGRAFT_CACHE;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "textgraft-encode-"));
  process.env.TEXTGRAFT_CACHE = folder;
});
afterEach(() => rmSync(folder, { recursive: true }));
afterAll(() => {
  process.env.TEXTGRAFT_CACHE = usual;
});

const files = {
  tokenizerJson: miniFile("tokenizer.json"),
  tokenizerConfigJson: miniFile("tokenizer_config.json"),
};
const tokenizer = createTokenizer(files);
const stream = random(1);
const words = ["spam", "Ham!", "unbelievable", "zürich", "free", "42", "😀", "a"];
/** Some are equal, some empty, and they fill several lists. */
const texts = Array.from({ length: 1300 }, () =>
  Array.from({ length: stream.int(9) }, () => words[stream.int(8)]!).join(" "),
);
const encode = (options: Partial<EncodeOptions> = {}) =>
  encodeTexts(texts, { tokenizer, files, small: 0, ...options });

async function expectSame(encodings: Awaited<ReturnType<typeof encode>>): Promise<void> {
  const expected = await encodeAll(tokenizer, texts);
  expect(encodings.count).toBe(texts.length);
  for (const i of texts.keys()) {
    expect(encodings.lengthOf(i)).toBe(expected.lengthOf(i));
    expect(encodings.at(i)).toEqual(expected.at(i));
  }
  const limit = { maxLength: 6, long: "windows" as const, stride: 1 };
  const [passages, wanted] = [encodings.fitted(limit), expected.fitted(limit)];
  expect(passages.count).toBe(wanted.count);
  for (let i = 0; i < wanted.count; i++) expect(passages.at(i)).toEqual(wanted.at(i));
}

test.each([
  ["one thread, for this run", { threads: 1 }],
  ["three threads, for this run", { threads: 3 }],
  ["two threads, kept", { threads: 2, cacheAs: "mini" }],
])("worker threads make the same tokens as this one: %s", async (_name, options) => {
  await expectSame(await encode(options));
  expect(listSets("tokens").map(({ facts, texts: kept }) => [facts, kept])).toEqual(
    "cacheAs" in options ? [[{ model: "mini" }, new Set(texts).size]] : [],
  );
});

/** A worker that is given no tokenizer fails: with it, all has to come from the cache. */
const withoutTokenizer = { files: {}, cacheAs: "mini" };

test("a later run tokenizes nothing but what is new, and another tokenizer's tokens aren't taken for its own", async () => {
  await encode({ cacheAs: "mini" });
  await expectSame(await encode(withoutTokenizer));
  const more = ["a new text", ...texts];
  await expect(encodeTexts(more, { tokenizer, small: 0, ...withoutTokenizer })).rejects.toMatchObject({
    code: "file-missing",
  });
  const cased = files.tokenizerJson.replace('"lowercase": true', '"lowercase": false');
  const other = createTokenizer({ ...files, tokenizerJson: cased });
  await expect(encode({ tokenizer: other, ...withoutTokenizer })).rejects.toThrow();
});

test("damaged tokens are made again, before and during a run", async () => {
  await encode({ cacheAs: "mini" });
  const set = join(cacheFolder(), "tokens", listSets("tokens")[0]!.name);
  const path = join(set, readdirSync(set).find((name) => name.endsWith(".tokens"))!);
  const damage = (): void => {
    const bytes = readFileSync(path);
    for (let at = 10; at < bytes.length; at += 500) bytes[at]! ^= 1;
    writeFileSync(path, bytes);
  };
  damage();
  await expectSame(await encode({ cacheAs: "mini" }));
  const encodings = await encode(withoutTokenizer); // repaired
  damage();
  await expectSame(encodings);
});

test("where the cache can't be written, tokens are kept for this run", async () => {
  writeFileSync(join(folder, "tokens"), "a file in its place");
  await expectSame(await encode({ cacheAs: "mini" }));
});

test("an encoding is packed and unpacked, with wide ids and token types, too", () => {
  for (const wide of [false, true]) {
    for (const length of [0, 1, 2, 5, 8]) {
      for (const types of [0, 1]) {
        const encoding = {
          inputIds: Int32Array.from({ length }, (_, i) => (wide ? 70_000 : 60_000) + 7 * i),
          tokenTypeIds: Int32Array.from({ length }, (_, i) => (i > 2 ? types : 0)),
        };
        const words = packed(encoding, wide);
        expect(packedLength(words)).toBe(length);
        expect(unpacked(words, wide)).toEqual(encoding);
      }
    }
  }
});
