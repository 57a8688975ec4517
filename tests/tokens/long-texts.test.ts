import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeAll } from "../../src/tokens/encode-all.js";
import type { LengthLimit } from "../../src/tokens/long-texts.js";
import { createTokenizer } from "../../src/tokens/tokenizer.js";
import { miniTokenizer } from "../support/mini.js";

const folder = join(import.meta.dirname, "../reference/tokenizers");
const read = (...path: string[]): string => readFileSync(join(folder, ...path), "utf8");
const texts = JSON.parse(read("texts.json")) as string[];
const families = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

test.each(families)("%s: windows are those of the Rust library", async (family) => {
  const tokenizer = createTokenizer({
    tokenizerJson: read(family, "tokenizer.json"),
    tokenizerConfigJson: read(family, "tokenizer_config.json"),
  });
  const { windows } = JSON.parse(read(family, "expected.json")) as {
    windows: { text: number; length: number; stride: number; ids: number[][] }[];
  };
  expect(windows.some(({ ids }) => ids.length > 5)).toBe(true);
  for (const { text, length, stride, ids } of windows) {
    const whole = await encodeAll(tokenizer, ["", texts[text]!, "a"]);
    const fitted = whole.fitted({ maxLength: length, long: "windows", stride });
    const numbers = fitted.of(1);
    expect(numbers.map((number) => [...fitted.at(number).inputIds])).toEqual(ids);
    expect(numbers.map((number) => fitted.lengthOf(number))).toEqual(ids.map((row) => row.length));
    expect(numbers.map((number) => fitted.textOf(number))).toEqual(ids.map(() => 1));
    expect([fitted.of(0), fitted.of(2)]).toEqual([[0], [1 + ids.length]]);
    expect(fitted.count).toBe(2 + ids.length);
  }
});

const mini = miniTokenizer();
const words = "the old boat came back at night with rope and salt and two small dogs".split(" ");
const limitsAndTexts = fc.record({
  texts: fc.array(fc.array(fc.constantFrom(...words), { maxLength: 40 }), { minLength: 1, maxLength: 5 }),
  maxLength: fc.integer({ min: 3, max: 30 }),
  overlap: fc.double({ min: 0, max: 0.999, noNaN: true }),
});

/** All ids of a text without the special tokens. */
const idsOf = (text: string): number[] => [...mini.encode(text).inputIds].slice(1, -1);

test.each<[LengthLimit["long"], (ids: number[], room: number) => number[]]>([
  ["head", (ids, room) => ids.filter((_, i) => i < room)],
  ["tail", (ids, room) => ids.filter((_, i) => i >= ids.length - room)],
  [
    "head+tail",
    (ids, room) => ids.filter((_, i) => ids.length <= room || i * 2 < room || (ids.length - i) * 2 <= room),
  ],
])("%s keeps these tokens of a text, between the special ones", async (long, kept) => {
  await fc.assert(
    fc.asyncProperty(limitsAndTexts, async ({ texts, maxLength }) => {
      const joined = texts.map((text) => text.join(" "));
      const fitted = (await encodeAll(mini, joined)).fitted({ maxLength, long, stride: 0 });
      expect(fitted.count).toBe(texts.length);
      for (const [i, text] of joined.entries()) {
        const [opening, closing] = mini.encode("").inputIds;
        const expected = [opening!, ...kept(idsOf(text), maxLength - 2), closing!];
        expect([...fitted.at(i).inputIds]).toEqual(expected);
        expect(fitted.at(i).tokenTypeIds).toEqual(new Int32Array(expected.length));
        expect(fitted.lengthOf(i)).toBe(expected.length);
      }
    }),
    { numRuns: 60 },
  );
});

test("windows have all of a text, share the overlap, and only the last is shorter", async () => {
  await fc.assert(
    fc.asyncProperty(limitsAndTexts, async ({ texts, maxLength, overlap }) => {
      const room = maxLength - 2;
      const stride = Math.floor(overlap * room);
      const joined = texts.map((text) => text.join(" "));
      const fitted = (await encodeAll(mini, joined)).fitted({ maxLength, long: "windows", stride });
      expect(joined.flatMap((_, i) => fitted.of(i))).toEqual(
        Array.from({ length: fitted.count }, (_, i) => i),
      );
      for (const [i, text] of joined.entries()) {
        const windows = fitted.of(i).map((number) => [...fitted.at(number).inputIds].slice(1, -1));
        const rebuilt = windows.flatMap((window, at) => window.slice(at === 0 ? 0 : stride));
        expect(rebuilt).toEqual(idsOf(text));
        for (const [at, window] of windows.entries()) {
          if (at > 0) expect(window.slice(0, stride)).toEqual(windows[at - 1]!.slice(room - stride));
          if (at < windows.length - 1) expect(window).toHaveLength(room);
          else if (at > 0) expect(window.length).toBeGreaterThan(stride);
        }
      }
    }),
    { numRuns: 100 },
  );
});
