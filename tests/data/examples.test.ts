import fc from "fast-check";
import { expect, test } from "vitest";
import type { Example } from "../../src/data/example.js";
import { examplesBuilder, joined, textsOf, viewOf } from "../../src/data/examples.js";
import { openSpill } from "../../src/data/spill-node.js";

const someExample: fc.Arbitrary<Example> = fc
  .record(
    {
      text: fc.string({ unit: "binary" }),
      labels: fc.uniqueArray(fc.constantFrom("a", "b", "", "label"), { maxLength: 3 }),
      row: fc.integer({ min: 1, max: 2 ** 31 }),
      line: fc.integer({ min: 1, max: 2 ** 31 }),
      pair: fc.string({ unit: "grapheme" }),
      group: fc.constantFrom("", "g", "h", "+"),
      time: fc.integer(),
    },
    { requiredKeys: ["text", "labels", "row"] },
  )
  .map((example) => ({ ...example }));

test("examples come out as they went in, with all that they have and lack", () => {
  fc.assert(
    fc.property(fc.array(someExample, { maxLength: 30 }), (given) => {
      const builder = examplesBuilder(openSpill);
      for (const example of given) builder.add(example);
      const { examples } = builder;
      expect(examples.length).toBe(given.length);
      expect([...examples]).toEqual(given);
      expect(examples.map((example, index) => ({ ...example, index }))).toEqual(
        given.map((example, index) => ({ ...example, index })),
      );
      for (const index of [-1, 0, 5, given.length, -given.length - 1])
        expect(examples.at(index)).toEqual(given.at(index));
      expect(new Set(builder.labels)).toEqual(new Set(given.flatMap(({ labels }) => labels)));
    }),
  );
});

test("a byte order mark inside of a text stays, and a lone surrogate becomes U+FFFD", () => {
  const builder = examplesBuilder();
  for (const text of ["\ufeffmark", "broken \ud800 pair", "😀"]) builder.add({ text, labels: ["a"], row: 1 });
  expect(builder.examples.map(({ text }) => text)).toEqual(["\ufeffmark", "broken \ufffd pair", "😀"]);
});

test("views and joined parts show the examples that they are of", () => {
  const given = ["zero", "one", "two", "three"].map((text, i) => ({ text, labels: ["a"], row: i + 1 }));
  const view = viewOf(given, Uint32Array.of(2, 0, 3));
  expect([...view]).toEqual([given[2], given[0], given[3]]);
  expect([view.length, view.at(1), view.at(-1), view.at(3)]).toEqual([3, given[0], given[3], undefined]);
  const both = joined([view, [], given.slice(1, 2)]);
  expect(both.map(({ text }) => text)).toEqual(["two", "zero", "three", "one"]);
  const texts = textsOf(both);
  expect([texts.length, texts.at(0), texts.at(3), texts.at(4)]).toEqual([4, "two", "one", undefined]);
});

test("large data takes at most 8 bytes of memory a row, but for a fixed part", () => {
  const bytes = (rows: number): number => {
    const builder = examplesBuilder(openSpill);
    for (let row = 1; row <= rows; row++) {
      const text = `text number ${row} ${"of some length ".repeat(12)}`;
      builder.add({ text, labels: [row % 3 === 0 ? "spam" : "ham"], row, line: 2 * row });
    }
    expect(builder.examples.at(rows - 7)!.row).toBe(rows - 6);
    return builder.bytes;
  };
  const [few, many] = [bytes(200_000), bytes(400_000)]; // 39 and 78 MB of text: more than stays in memory
  expect((many - few) / 200_000).toBeLessThan(8);
});
