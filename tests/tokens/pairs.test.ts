import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeAll } from "../../src/tokens/encode-all.js";
import { bothTexts, pairEncodings } from "../../src/tokens/pairs.js";
import { errorOf } from "../data/support.js";
import { miniTokenizer } from "../support/mini.js";

const tokenizer = miniTokenizer();
const words = fc.array(fc.constantFrom("hello", "unbelievable", "[SEP]", "wörld", "a", "😀"), {
  maxLength: 12,
});
const pair = fc.record({
  text: words.map((list) => list.join(" ")),
  pair: words.map((list) => list.join(" ")),
});

test("pairs made of the encodings of their texts are what the tokenizer makes of them, whole and cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(pair, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 3, max: 30 }),
      async (pairs, maxLength) => {
        const list = { length: pairs.length, at: (i: number) => pairs[i]! };
        const whole = pairEncodings(await encodeAll(tokenizer, bothTexts(list)), tokenizer);
        const cut = whole.fitted({ maxLength, long: "head", stride: 0 });
        expect([whole.count, cut.count]).toEqual([pairs.length, pairs.length]);
        for (const [i, { text, pair }] of pairs.entries()) {
          expect(whole.at(i)).toEqual(tokenizer.encode(text, undefined, pair));
          expect(whole.lengthOf(i)).toBe(whole.at(i).inputIds.length);
          expect(cut.at(i)).toEqual(tokenizer.encode(text, maxLength, pair));
          expect(cut.lengthOf(i)).toBe(cut.at(i).inputIds.length);
          expect([cut.of(i), cut.textOf(i)]).toEqual([[i], i]);
          // Each token stands where ranges and starts say, and all others are special ones.
          const [own, second] = [text, pair].map((each) => tokenizer.encode(each).inputIds.slice(1, -1));
          const all = [...own!, ...second!];
          const { inputIds } = cut.at(i);
          const starts = cut.startsOf(i);
          const placed = cut.rangesOf(i).map(([from, to], part) => {
            expect([...inputIds.slice(starts[part], starts[part]! + to - from)]).toEqual(all.slice(from, to));
            return to - from;
          });
          expect(cut.rangesOf(i).map(([from]) => from)).toEqual([0, own!.length]);
          expect(placed[0]! + placed[1]!).toBe(inputIds.length - tokenizer.pairTokens);
        }
      },
    ),
    { numRuns: 50 },
  );
});

test("of long pairs only the beginnings are read", async () => {
  const list = { length: 1, at: () => ({ text: "a", pair: "b" }) };
  const whole = pairEncodings(await encodeAll(tokenizer, bothTexts(list)), tokenizer);
  expect(errorOf(() => whole.fitted({ maxLength: 8, long: "windows", stride: 2 }))).toMatch(
    /^option-invalid: --long is windows, but the texts are pairs/,
  );
  expect(errorOf(() => whole.fitted({ maxLength: 2, long: "head", stride: 0 }))).toMatch(/^option-invalid/);
});
