import fc from "fast-check";
import { expect, test } from "vitest";
import { elementSplitter } from "../../../src/data/rows/json-elements.js";
import { errorOf } from "../support.js";

const split = (pieces: readonly string[]) => {
  const splitter = elementSplitter("t.json");
  return [...pieces.flatMap((piece) => splitter(piece, false)), ...splitter("", true)];
};

test("any array is cut into its elements, wherever the text is cut", () => {
  const value = fc.object({
    key: fc.string({ unit: "grapheme" }),
    values: [fc.string(), fc.integer(), fc.boolean()],
  });
  const indent = fc.constantFrom(undefined, 2, "\t");
  fc.assert(
    fc.property(fc.array(value), indent, fc.array(fc.nat(500)), (elements, space, positions) => {
      const text = `\n ${JSON.stringify(elements, null, space)} \n`;
      const cuts = [0, ...positions.map((at) => Math.min(at, text.length)), text.length].sort(
        (a, b) => a - b,
      );
      const found = split(cuts.slice(0, -1).map((start, i) => text.slice(start, cuts[i + 1])));
      expect(found.map((element) => JSON.parse(element.text) as unknown)).toEqual(
        JSON.parse(JSON.stringify(elements)),
      );
    }),
    { numRuns: 300 },
  );
});

test("elements know their lines", () => {
  const text = '[\n  {"a": "x\\n[",\n   "b": 1},\n\n  {"a": 2}, {"a": 3}\n]\n';
  expect(split([text]).map(({ line }) => line)).toEqual([2, 5, 5]);
  expect(split([...text]).map(({ line }) => line)).toEqual([2, 5, 5]);
});

test.each([
  ["[{}", "line 1: the array is never closed."],
  ['[\n{"a": "}]', "line 2: the array is never closed."],
  ["[{}]\n[{}]", "line 2: something stands behind the end of the array."],
  ['{"a": 1}', "line 1: the file is no JSON array."],
  ["", "line 1: the array is never closed."],
])("%j is refused", (text, message) => {
  expect(errorOf(() => split([text]))).toBe(`data-invalid: t.json, ${message}`);
});
