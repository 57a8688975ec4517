import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { encodeAll } from "../../src/tokens/encode-all.js";
import { miniTokenizer } from "../support/mini.js";

const tokenizer = miniTokenizer();

afterEach(() => void vi.restoreAllMocks());

test("texts get the encodings that they get alone, also where the pool has to grow", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.lorem({ maxCount: 60 })),
      fc.option(fc.integer({ min: 2, max: 50 }), { nil: undefined }),
      async (texts, maxLength) => {
        const encodings = await encodeAll(tokenizer, texts, maxLength);
        expect(encodings.count).toBe(texts.length);
        for (const [i, text] of texts.entries()) {
          const alone = tokenizer.encode(text, maxLength);
          expect(encodings.at(i)).toEqual(alone);
          expect(encodings.lengthOf(i)).toBe(alone.inputIds.length);
        }
      },
    ),
    { numRuns: 40 },
  );
});

test("long texts keep what stood before them", async () => {
  const texts = ["first", "word ".repeat(300), "", "many more words ".repeat(1000), "last"];
  const encodings = await encodeAll(tokenizer, texts);
  expect(texts.map((_, i) => encodings.at(i))).toEqual(texts.map((text) => tokenizer.encode(text)));
});

test("fitting afterwards gives what tokenizing with the limit gives", async () => {
  const texts = ["", "one", "words that make a text of some length", "a, b; c. d!"];
  const whole = await encodeAll(tokenizer, texts);
  for (const maxLength of [2, 3, 5, 8, 100]) {
    const fitted = whole.fitted({ maxLength, long: "head", stride: 0 });
    const expected = texts.map((text) => tokenizer.encode(text, maxLength));
    expect(texts.map((_, i) => fitted.at(i))).toEqual(expected);
    expect(texts.map((_, i) => fitted.lengthOf(i))).toEqual(expected.map(({ inputIds }) => inputIds.length));
    expect(texts.map((_, i) => [...fitted.of(i), fitted.textOf(i)])).toEqual(texts.map((_, i) => [i, i]));
  }
  expect(texts.map((_, i) => whole.at(i))).toEqual(texts.map((text) => tokenizer.encode(text)));
  expect(() => whole.fitted({ maxLength: 1, long: "head", stride: 0 })).toThrow(
    expect.objectContaining({ code: "option-invalid" }),
  );
});

test("other work of the thread runs in between, and progress is told", async () => {
  let clock = 0;
  vi.spyOn(performance, "now").mockImplementation(() => (clock += 20));
  const seen: string[] = [];
  const tick = setInterval(() => seen.push("other work"));
  await encodeAll(tokenizer, Array(7).fill("a text"), undefined, (done, total) =>
    seen.push(`${done} of ${total}`),
  );
  clearInterval(tick);
  const told = seen.filter((entry) => entry !== "other work");
  expect(told).toEqual(["3 of 7", "6 of 7", "7 of 7"]);
  expect(seen.indexOf("other work")).toBeGreaterThan(0);
  expect(seen.indexOf("other work")).toBeLessThan(seen.indexOf("7 of 7"));
});
