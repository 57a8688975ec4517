import { parse } from "csv-parse/sync";
import { expect, test } from "vitest";
import { atOnce } from "../../src/base/steps.js";
import { evaluationData } from "../../src/report/data.js";
import { dataLines } from "../../src/report/facts.js";
import { mistakesCsv, mistakesOf } from "../../src/report/mistakes.js";
import { evaluationReport } from "../../src/report/run-report.js";
import { floorSentence } from "../../src/report/sentences.js";
import { answerOf } from "../../src/run/decision.js";
import type { DataFacts, Judged } from "../../src/run/events.js";
import { judgementOf } from "../../src/run/judgement.js";
import { multiLabel } from "../../src/run/multi-label.js";

const labels = ["a|b", "garden", "sea"];

/** Five texts of any of three labels, three of them wrong. */
const judged: Judged[] = (
  [
    [1, "right", [1, 2], [0.1, 0.9, 0.5]],
    [2, "nothing, rightly", [], [0.1, 0.2, 0.3]],
    [3, "one missed", [0, 1], [0.05, 0.8, 0.2]],
    [4, "one too many", [2], [0.9, 0.1, 0.7]],
    [5, "one for another", [2], [0.1, 0.6, 0.4]],
  ] as const
).map(([row, text, labelIds, probabilities]) => ({
  row,
  text,
  labelIds,
  predictedIds: answerOf("multi_label", probabilities).labelIds,
  probabilities,
}));

const judgement = (answers: readonly Judged[]) => judgementOf(answers, "multi_label");

test("mistakes come with the surest first: labels wrongly given, or what was missed", () => {
  expect(mistakesOf(judged).map(({ row }) => row)).toEqual([3, 4, 5]);
});

// Scores by scikit-learn 1.9; counts and sentences by hand.
test("the judgement on several labels, word for word", () => {
  const report = evaluationReport(labels, judgement(judged));
  const [before, after] = report.split(/^ {20,}value +95 % interval\n(?:.+\n)+\n(?:.+\n)+/m);
  expect(before).toBe(
    `Test on 5 texts
===============
              precision    recall  f1-score   support

         a|b       0.00      0.00      0.00         1
      garden       0.67      1.00      0.80         2
         sea       1.00      0.67      0.80         3

   micro avg       0.67      0.67      0.67         6
   macro avg       0.56      0.56      0.53         6
weighted avg       0.72      0.67      0.67         6
 samples avg       0.50      0.50      0.47         6

        right  wrongly given  missed
a|b         0              1       1
garden      2              1       0
sea         2              0       1

Of 1 text marked "a|b", none is "a|b"; of 1 "a|b" text, none is found. With so few texts, other texts may give quite different numbers.
Of 3 texts marked garden, 2 are garden; of 2 garden texts, all are found. With so few texts, other texts may give quite different numbers.
Of 2 texts marked sea, all are sea; of 3 sea texts, 2 are found. With so few texts, other texts may give quite different numbers.

`,
  );
  // Wilson's interval by scipy; of resampled five texts the ends are left to tests/run/judgement.
  for (const line of [
    /^all labels of a text right {2}0\.400 {2}0\.118 to 0\.769$/m,
    /^Hamming loss +0\.267 {2}0\.\d{3} to 0\.\d{3}$/m,
    /^log loss +0\.649 {2}0\.\d{3} to \d\.\d{3}$/m,
    /^ROC AUC +0\.667 /m,
    /^average precision +0\.733 /m,
    /^samples avg +0\.500 \(.*\) +0\.500 \(.*\) +0\.467 \(.*\)$/m,
  ])
    expect(report).toMatch(line);
  expect(after).toBe(
    `
Other texts of the same kind would give other numbers; of 100 such intervals about 95 hold the one of all such texts.
No interval: ROC AUC. There are too few mistakes, or too few texts of a label, to tell one.
These 5 texts are too few to tell any two models apart.
What each number means: docs/evaluation.md in Textgraft's package.

Worst mistakes
==============
3 texts of 5 got a wrong label (60.0 %):
  row 3 is ["a|b","garden"], taken for garden (a|b 5.0 %):
    one missed
  row 4 is sea, taken for ["a|b","sea"] (a|b 90.0 %):
    one too many
  row 5 is sea, taken for garden (60.0 %):
    one for another
`,
  );
});

test("no label at all is told in words, and no mistake is, too", () => {
  const none: Judged = { row: 7, text: "t", labelIds: [], predictedIds: [1], probabilities: [0, 0.9, 0] };
  const report = evaluationReport(labels, judgement([none, ...judged]));
  expect(report).toContain("row 7 is without a label, taken for garden (garden 90.0 %):");
  const right = judged.slice(0, 2);
  expect(evaluationReport(labels, judgement(right))).toContain("None: every text got its label.");
});

test("mistakes as CSV have sets that can be read again", () => {
  const rows = parse(mistakesCsv(labels, judged), { columns: true }) as Record<string, string>[];
  expect(rows.map(({ row, label, predicted }) => [row, label, predicted])).toEqual([
    ["3", '["a|b","garden"]', "garden"],
    ["4", "sea", '["a|b","sea"]'],
    ["5", "sea", "garden"],
  ]);
  expect(rows[1]).toMatchObject({ "score_a|b": "0.9", score_garden: "0.1", score_sea: "0.7" });
});

test("the judgement as JSON has scikit-learn's rows for several labels", () => {
  const json = JSON.parse(JSON.stringify(evaluationData(labels, judgement(judged))));
  expect(json).toMatchObject({ texts: 5, mistakes: 3, accuracy: 0.4 });
  expect(json).not.toHaveProperty("samples"); // it is in the report, as all averages are
  expect(json.hammingLoss).toBeCloseTo(4 / 15, 12);
  expect(Object.keys(json.report)).toEqual([
    ...labels,
    "micro avg",
    "macro avg",
    "weighted avg",
    "samples avg",
  ]);
});

test("floors are compared by texts whose labels are all right", () => {
  const { metrics: model } = judgement(judged);
  const test = { texts: judged.map(({ text }) => text), labelIds: judged.map(({ labelIds }) => labelIds) };
  const nothing = atOnce(multiLabel.floors({ texts: ["x"], labelIds: [[]] }, test, labels))[0]!;
  expect(floorSentence(model, [nothing])).toBe(
    "The model beats the commonest set of labels (none): of 5 texts it has 2 entirely right (macro F1 0.533), " +
      "the commonest set of labels (none) 1 (0.000).",
  );
});

test("the data's line tells labels per text, and texts without one", () => {
  const facts: DataFacts = {
    source: "t.csv",
    textColumn: "text",
    labelColumn: "labels",
    guessed: [],
    problem: "multi_label",
    labels: ["x", "y"],
    unlabelled: 4,
    parts: {
      train: { rows: 6, byLabel: [4, 3] },
      validation: { rows: 2, byLabel: [1, 1] },
      test: { rows: 2, byLabel: [1, 1] },
    },
    exactDuplicates: 0,
    nearDuplicates: 0,
    leaks: { exact: 0, near: 0 },
  };
  expect(dataLines(facts)[1]).toBe(
    "10 texts in all with 1.10 labels on average, by label: x: 6 (60.0 %), y: 5 (50.0 %); no label: 4 (40.0 %).",
  );
});
