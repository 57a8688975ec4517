import fc from "fast-check";
import { expect, test } from "vitest";
import { floorSentence, labelSentences } from "../../src/report/sentences.js";
import { classificationMetrics } from "../../src/run/metrics/confusion.js";

const spamSentence = (confusion: number[][], label = "spam") =>
  labelSentences(["ham", label], classificationMetrics(confusion))[1];
const caution = " With so few texts, other texts may give quite different numbers.";

test.each<[string, number[][], string]>([
  [
    "per hundred, where there are more",
    [
      [720, 4],
      [9, 103],
    ],
    "Of 100 texts marked spam, 96 are spam; of 100 spam texts, 92 are found.",
  ],
  [
    "true counts, where there are fewer",
    [
      [720, 4],
      [9, 41],
    ],
    "Of 45 texts marked spam, 41 are spam; of 50 spam texts, 41 are found.",
  ],
  [
    "no perfection by rounding",
    [
      [720, 1],
      [1, 9999],
    ],
    "Of 100 texts marked spam, more than 99 are spam; of 100 spam texts, more than 99 are found.",
  ],
  [
    "no failure by rounding",
    [
      [720, 999],
      [999, 1],
    ],
    "Of 100 texts marked spam, fewer than 1 is spam; of 100 spam texts, fewer than 1 is found.",
  ],
  [
    "all",
    [
      [720, 0],
      [0, 300],
    ],
    "Of 100 texts marked spam, all are spam; of 100 spam texts, all are found.",
  ],
  [
    "none",
    [
      [720, 30],
      [40, 0],
    ],
    "Of 30 texts marked spam, none is spam; of 40 spam texts, none is found.",
  ],
  [
    "never marked",
    [
      [720, 0],
      [112, 0],
    ],
    "No text was marked spam; of 100 spam texts, none is found.",
  ],
  [
    "never there",
    [
      [720, 25],
      [0, 0],
    ],
    "Of 25 texts marked spam, none is spam; no text here is spam, so nothing is known about how many would be found.",
  ],
  [
    "a handful",
    [
      [720, 1],
      [2, 1],
    ],
    `Of 2 texts marked spam, 1 is spam; of 3 spam texts, 1 is found.${caution}`,
  ],
  [
    "a single one",
    [
      [720, 0],
      [0, 1],
    ],
    `Of 1 text marked spam, that one is spam; of 1 spam text, that one is found.${caution}`,
  ],
])("a label's sentence: %s", (_, confusion, sentence) => {
  expect(spamSentence(confusion)).toBe(sentence);
});

test("a label that is no word stands in quotes", () => {
  expect(
    spamSentence(
      [
        [720, 4],
        [9, 103],
      ],
      "1",
    ),
  ).toBe('Of 100 texts marked "1", 96 are "1"; of 100 "1" texts, 92 are found.');
  expect(
    spamSentence(
      [
        [720, 4],
        [9, 103],
      ],
      "not sure",
    ),
  ).toContain('marked "not sure"');
});

test("numbers per hundred are right to half a text, and all or none is said only where it is true", () => {
  const count = fc.integer({ min: 0, max: 5000 });
  fc.assert(
    fc.property(count, count, (right, missed) => {
      fc.pre(right + missed > 100);
      const found = /of 100 spam texts, (.+) found\./.exec(
        spamSentence([
          [1, 0],
          [missed, right],
        ])!,
      )![1]!;
      const percent = (100 * right) / (right + missed);
      if (found === "all are") expect(missed).toBe(0);
      else if (found === "none is") expect(right).toBe(0);
      else if (found.startsWith("more")) expect(percent > 99 && percent < 100).toBe(true);
      else if (found.startsWith("fewer")) expect(percent > 0 && percent < 1).toBe(true);
      else {
        expect(Math.abs(Number.parseInt(found, 10) - percent)).toBeLessThanOrEqual(0.5);
        expect(found).toMatch(/^(1 is|\d\d? are)$/);
      }
    }),
  );
});

const ofConfusion = (name: string, confusion: number[][]) => ({
  name,
  metrics: classificationMetrics(confusion),
});
const majority = ofConfusion("the majority label", [
  [724, 0],
  [112, 0],
]);
const bayes = ofConfusion("naive Bayes", [
  [721, 3],
  [9, 103],
]);

test.each<[string, number[][], string]>([
  [
    "both",
    [
      [722, 2],
      [5, 107],
    ],
    "The model beats the majority label and naive Bayes: of 836 texts it has 829 right (macro F1 0.982), the majority label 724 (0.464), naive Bayes 824 (0.968).",
  ],
  [
    "one",
    [
      [700, 24],
      [5, 107],
    ],
    "The model beats the majority label, but does not beat naive Bayes: of 836 texts it has 807 right (macro F1 0.930), the majority label 724 (0.464), naive Bayes 824 (0.968).",
  ],
  [
    "none",
    [
      [0, 724],
      [0, 112],
    ],
    "The model does not beat the majority label or naive Bayes: of 836 texts it has 112 right (macro F1 0.118), the majority label 724 (0.464), naive Bayes 824 (0.968).",
  ],
  [
    "only for the rare label",
    [
      [600, 124],
      [2, 110],
    ],
    "The model beats the majority label by macro F1 only, but does not beat naive Bayes",
  ],
  [
    "equal is not better",
    [
      [721, 3],
      [9, 103],
    ],
    "does not beat naive Bayes",
  ],
])("the comparison with the floors: %s", (_, confusion, sentence) => {
  expect(floorSentence(classificationMetrics(confusion), [majority, bayes])).toContain(sentence);
});
