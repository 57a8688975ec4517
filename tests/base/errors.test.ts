import { expect, test } from "vitest";
import { closest } from "../../src/base/errors.js";

test.each<[string, string[], string | undefined]>([
  ["mesages.csv", ["latin.csv", "messages.csv"], "messages.csv"],
  ["Sentiment", ["text", "sentiment"], "sentiment"],
  ["epoch", ["epochs", "patience"], "epochs"],
  ["spma", ["ham", "spam"], "spam"], // two neighbours that changed places
  ["abcdef", ["abcd"], "abcd"], // 2 edits of 6
  ["abcdef", ["abc"], undefined], // 3 of 6
  ["data.json", ["latin.csv"], undefined],
  ["", ["tg", "a"], undefined],
  ["x", ["y"], undefined],
  ["x", [], undefined],
])("closest to %j of %j is %j", (word, candidates, expected) => {
  expect(closest(word, candidates)).toBe(expected);
});
