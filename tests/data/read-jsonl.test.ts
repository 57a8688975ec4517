import { expect, test } from "vitest";
import { readTable } from "../../src/data/read.js";
import { errorOf } from "./support.js";

test("objects become rows under all their keys; what is no text becomes JSON", () => {
  const file = '\uFEFF{"text":"a \\"b\\"","label":1}\n\n{"label":true,"extra":{"x":[1]},"text":"c\\nd"}\n';
  expect(readTable(file, "t.JSONL")).toEqual({
    source: "t.JSONL",
    columns: ["text", "label", "extra"],
    rows: [
      ['a "b"', "1", ""],
      ["c\nd", "true", '{"x":[1]}'],
    ],
    lines: [1, 3],
    delimiter: ",",
    hasLists: true,
  });
});

test.each([
  ['{"text":"a"}\n\n{"text":', 'data-invalid: t.ndjson, line 3 is no JSON: "{\\"text\\":".'],
  ['{"text":"a"}\n["b"]\n', 'data-invalid: t.ndjson, line 2 has "[\\"b\\"]", expected an object.'],
  ["\n \n", "data-invalid: t.ndjson has no rows of data."],
])("%j is refused", (file, message) => {
  expect(errorOf(() => readTable(file, "t.ndjson"))).toBe(message);
});
