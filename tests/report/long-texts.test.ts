import { expect, test } from "vitest";
import { longTextsLine } from "../../src/report/long-texts.js";

test.each([
  ["head", "mean", "Texts longer than 64 tokens are cut: 12.5 % of the training texts."],
  [
    "tail",
    "mean",
    "Of the tokens of texts with more than 64, the last 64 are read (--long tail): 12.5 % of the training texts.",
  ],
  [
    "windows",
    "max",
    "Of the tokens of texts with more than 64, all are read, in windows of 64 that share 15 (--long windows); " +
      "a text's probabilities are the largest of its windows': 12.5 % of the training texts.",
  ],
] as const)("what a training says about long texts: %s, %s", (long, windowPooling, expected) => {
  expect(longTextsLine({ maxLength: 64, long, stride: 15, windowPooling }, 0.125)).toBe(expected);
});
