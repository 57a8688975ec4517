import fc from "fast-check";
import { expect, test } from "vitest";
import { TextNumbers } from "../../src/data/text-numbers.js";

test("texts are numbered as by a map of the texts themselves", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom("a", "b", "é", "\u0000"), maxLength: 4 })),
      (texts) => {
        const numbers = new TextNumbers();
        const plain = new Map<string, number>();
        for (const text of texts) {
          expect(numbers.find(text)).toBe(plain.get(text));
          if (!plain.has(text)) plain.set(text, plain.size);
          expect(numbers.numberOf(text)).toBe(plain.get(text));
        }
        expect(numbers.count).toBe(plain.size);
      },
    ),
  );
});

test("300,000 texts that differ in one place or in their order keep apart", () => {
  const numbers = new TextNumbers();
  const texts = Array.from({ length: 100_000 }, (_, i) => String(i));
  for (const text of texts) for (const made of [text, `${text}a`, `a${text}`]) numbers.numberOf(made);
  expect(numbers.count).toBe(300_000);
  for (const [i, text] of texts.entries()) expect(numbers.find(text)).toBe(3 * i);
});
