import { expect, test } from "vitest";
import { longTextsLine } from "../../src/report/long-texts.js";

test.each([
  ["head", "mean", "Texts longer than 64 tokens are cut: 12.5 % of the training texts."],
  [
    "tail",
    "mean",
    "12.5 % of the training texts have more than 64 tokens: of these, the last 64 are read (--long tail).",
  ],
  [
    "windows",
    "max",
    "12.5 % of the training texts have more than 64 tokens: of these, all are read, in windows of 64 that share 15 " +
      "(--long windows), 1,234 passages in all; a text's probabilities are the largest of its windows'.",
  ],
] as const)("what a training says about long texts: %s, %s", (long, windowPooling, expected) => {
  expect(longTextsLine({ maxLength: 64, long, stride: 15, windowPooling, trainPassages: 1234 }, 0.125)).toBe(
    expected,
  );
});
