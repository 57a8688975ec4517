import { expect, test } from "vitest";
import { wordsOf } from "../../src/tokens/words.js";

/** A token for each part of the text that stands between bars. */
function tokens(parts: string): { text: string; ranges: { start: number; end: number }[] } {
  let text = "";
  const ranges = parts.split("|").map((part) => {
    const start = text.length;
    text += part;
    return { start, end: text.length };
  });
  return { text, ranges };
}

test.each<[parts: string, words: string]>([
  ["Broke| after| two| day|s|.", "Broke=0 after=1 two=2 days=3,4 .=5"],
  ["don|'|t| send| e|-|mail|!!|!", "don't=0,1,2 send=3 e-mail=4,5,6 !!!=7,8"],
  ["1|,|250|.|75| euros", "1,250.75=0,1,2,3,4 euros=5"],
  ["'|it|'|s| fine|'", "'=0 it's=1,2,3 fine=4 '=5"],
  ["a|  |b| ", "a=0 b=1,2,3"],
  [" | ", "  =0,1"],
  ["老渔夫|清晨|出|海", "老渔夫=0 清晨=1 出=2 海=3"],
  ["ab| cd, e|f.", "ab=0 cd, ef.=1,2"],
])("%s", (parts, expected) => {
  const { text, ranges } = tokens(parts);
  const found = wordsOf(text, ranges);
  expect(found.map((word) => `${word.text}=${word.tokens.join(",")}`).join(" ")).toBe(expected);
  for (const { text: word, start, end } of found) expect(text.slice(start, end)).toBe(word);
  expect(found.flatMap((word) => word.tokens)).toEqual(ranges.map((_, i) => i));
});

test("words that no token is of are left out", () => {
  expect(wordsOf("one two three", [{ start: 4, end: 7 }]).map(({ text }) => text)).toEqual(["two"]);
  expect(wordsOf("one", [])).toEqual([]);
});
