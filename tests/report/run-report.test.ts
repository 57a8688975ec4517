import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { expect, test } from "vitest";
import { evaluationData, trainingData } from "../../src/report/data.js";
import { dataLines } from "../../src/report/facts.js";
import { mistakesCsv } from "../../src/report/mistakes.js";
import { clock, columns, oneLine, percent } from "../../src/report/plain.js";
import { evaluationReport, trainingReport } from "../../src/report/run-report.js";
import type { DataFacts, EpochFacts, Judged, TrainResult } from "../../src/run/events.js";
import { judgementOf } from "../../src/run/judgement.js";
import { resolveOptions } from "../../src/run/options.js";
import { lengthStatistics } from "../../src/tokens/lengths.js";
import { environment } from "./invented-results.js";

const labels = ["ham", "spam"];

/** Six texts, two of them wrong. */
const judged: Judged[] = [
  [11, "see you at five", 0, 0.9],
  [12, "ok", 0, 0.8],
  [13, "the invoice\nis  \u001b[31mattached", 0, 0.3],
  [14, "free money", 1, 0.1],
  [15, 'so "cheap", really', 1, 0.95],
  [16, "win now", 1, 0.2],
].map(([row, text, labelId, ham]) => ({
  row: row as number,
  text: text as string,
  labelIds: [labelId as number],
  predictedIds: [(ham as number) >= 0.5 ? 0 : 1],
  probabilities: [ham as number, 1 - (ham as number)],
}));

const judgement = (answers: readonly Judged[]) => judgementOf(answers, "single_label");

const { metrics } = judgement(judged);

const epoch = (number: number, validationLoss: number): EpochFacts => ({
  epoch: number,
  trainLoss: 0.5 / number,
  validationLoss,
  validation: metrics,
  best: true,
  seconds: 61,
});

const data: DataFacts = {
  source: "mail.csv",
  textColumn: "v2",
  labelColumn: "v1",
  guessed: ["v2", "v1"],
  problem: "single_label",
  labels,
  unlabelled: 0,
  parts: {
    train: { rows: 1000, byLabel: [900, 100] },
    validation: { rows: 8, byLabel: [6, 2] },
    test: { rows: 6, byLabel: [3, 3] },
  },
  exactDuplicates: 40,
  nearDuplicates: 3,
  leaks: { exact: 0, near: 0 },
};

const result: TrainResult = {
  folder: "models/mail",
  options: resolveOptions({}),
  data,
  conflicts: { texts: 0, first: [] },
  lengths: lengthStatistics([3, 5, 30]),
  model: {
    model: "mini",
    parameters: 5_000_000,
    trainedParameters: 1_234,
    layers: 3,
    hiddenSize: 48,
    head: "mlp",
    frozenStages: 5,
    maxLength: 25,
    long: "head",
    stride: 0,
    windowPooling: "mean",
    trainPassages: 1_000,
    cutShare: 0.4217,
    learningRate: 0.001,
    steps: 99,
    classWeights: [0.57743559, 3.72848948],
    fresh: { encoder: [], head: ["classifier.dense.weight"] },
    unused: [],
  },
  epochs: [epoch(1, 0.25), epoch(2, 0.125), epoch(3, 0.2)],
  bestEpoch: 2,
  steps: [],
  stillFalling: false,
  stopped: null,
  test: {
    loss: 0.5,
    ...judgement(judged),
    floors: [
      { name: "the majority label", predictedIds: [], metrics: judgement(judged.slice(0, 4)).metrics },
    ],
  },
  environment,
  decision: { texts: 0, decision: {}, thresholds: [] },
  seconds: 200,
};

const changed = (change: Partial<TrainResult>): string => trainingReport({ ...result, ...change });

test("each column is told as guessed or not", () => {
  const told = (guessed: string[]) => dataLines({ ...data, guessed })[0];
  expect(told([])).toBe('Read mail.csv; texts in column "v2", labels in "v1".');
  expect(told(["v2"])).toBe(
    'Read mail.csv; texts in column "v2" (guessed; --text chooses another), labels in "v1".',
  );
  expect(told(["v1"])).toBe(
    'Read mail.csv; texts in column "v2", labels in "v1" (guessed; --label chooses another).',
  );
});

test("a test file of one's own is named with its texts", () => {
  expect(trainingReport(result)).toContain("\nTest on 6 texts\n");
  expect(changed({ options: resolveOptions({ test: "new.csv" }) })).toContain(
    "\nTest on 6 texts of new.csv\n",
  );
});

test("the report of a training, word for word", () => {
  const [report, judgement] = split(trainingReport(result), "Test on 6 texts");
  expect(report).toBe(`Data
====
Read mail.csv; texts in column "v2", labels in "v1" (guessed; --text and --label choose others).
1,014 texts in all, by label: ham: 909 (89.6 %), spam: 105 (10.4 %).
Split: train 1,000, validation 8, test 6.
Duplicates: 43 rows repeat an earlier text (40 exactly, 3 nearly); no test text has a copy in the training rows.
        train  validation  test
  ham     900           6     3
  spam    100           2     3
  all   1,000           8     6

Training
========
Model: mini, 3 layers, hidden size 48, head mlp; 1,234 of 5,000,000 parameters train; frozen: the whole encoder.
Texts longer than 25 tokens are cut: 42.2 % of the training texts.
Learning rate 0.001, 99 steps.
Class weights: [0.57743559 3.72848948].
  epoch  train loss  validation loss  accuracy  macro F1  time
  1          0.5000           0.2500    0.6667    0.6667  1:01
  2          0.2500           0.1250    0.6667    0.6667  1:01  best
  3          0.1667           0.2000    0.6667    0.6667  1:01
The weights are those of epoch 2, the best by validation loss.
All in all 3:20.

`);
  expect(judgement).toContain("         ham       0.67      0.67      0.67         3\n");
  expect(judgement).toContain("true \\ predicted  ham  spam\n             ham    2     1\n");
  expect(judgement).toContain("Of 3 texts marked ham, 2 are ham; of 3 ham texts, 2 are found.");
  expect(judgement).toContain("the majority label");
  expect(judgement).toContain("It lies in models/mail. Classify texts: textgraft predict models/mail ");
  expect(judgement).toContain(`2 texts of 6 got a wrong label (33.3 %):
  row 15 is spam, taken for ham (95.0 %):
    so "cheap", really
  row 13 is ham, taken for spam (70.0 %):
    the invoice is [31mattached
`);
});

test("the command at the end gives a model of pairs two texts", () => {
  expect(changed({ data: { ...data, pairColumn: "answer" } })).toContain(
    'Classify pairs: textgraft predict models/mail "a text" "its second text"',
  );
});

test("what happened in a training is said in words", () => {
  expect(changed({ stillFalling: true, bestEpoch: 3 })).toContain(
    "Validation loss was still falling: train longer (--epochs 6).",
  );
  expect(changed({ bestEpoch: 3 })).not.toContain("The weights are those of");
  expect(changed({ stopped: "cancelled" })).toContain(
    "Stopped after 3 epochs: the weights are those of epoch 2.",
  );
  expect(changed({ stopped: "cancelled", epochs: [], bestEpoch: 0 })).toContain(
    "Stopped before the first epoch ended",
  );
  expect(changed({ data: { ...data, leaks: { exact: 2, near: 1 } } })).toContain(
    "Leaks: 3 of the 6 test texts also stand in the training rows (2 exactly, 1 nearly)",
  );
  const { classWeights: _, ...model } = result.model;
  expect(changed({ model })).not.toContain("Class weights");
});

test.each([
  [0, "parameters train.\n"],
  [1, "frozen: the embeddings.\n"],
  [2, "frozen: the embeddings and the first layer.\n"],
  [3, "frozen: the embeddings and the first 2 layers.\n"],
  [4, "frozen: the embeddings and all layers.\n"],
  [5, "frozen: the whole encoder.\n"],
])("%d frozen stages of three layers: %s", (frozenStages, told) => {
  expect(changed({ model: { ...result.model, frozenStages } })).toContain(told);
});

test("an evaluation is judged as a training's test is, but without floors", () => {
  const [, whole] = split(trainingReport(result), "Test on 6 texts");
  const report = evaluationReport(labels, judgement(judged));
  const [beforeFloors] = split(whole, "The model ");
  expect(report.startsWith(beforeFloors.trimEnd())).toBe(true);
  expect(report).not.toContain("majority");
});

test("numbers that are undefined are left out of the text and null in JSON", () => {
  const one = judged.filter(({ labelIds }) => labelIds[0] === 0);
  expect(evaluationReport(labels, judgement(one))).not.toContain("NaN");
  const json = JSON.parse(JSON.stringify(evaluationData(labels, judgement(one))));
  expect(json.rocAuc).toBeNull();
});

test("no mistake at all is said", () => {
  const right = judged.filter(({ labelIds, predictedIds }) => labelIds[0] === predictedIds[0]);
  expect(evaluationReport(labels, judgement(right))).toContain("None: every text got its label.");
});

test("JSON of a training has the scores but not the texts", () => {
  const json = JSON.parse(JSON.stringify(trainingData(result)));
  expect(json.test).toMatchObject({
    texts: 6,
    mistakes: 2,
    loss: 0.5,
    confusion: [
      [2, 1],
      [1, 2],
    ],
  });
  expect(json.test.report.spam).toMatchObject({ support: 3, recall: 2 / 3 });
  expect(json.test.floors[0]).toMatchObject({ name: "the majority label" });
  expect(JSON.stringify(json)).not.toContain("win now");
});

test("mistakes as CSV, read back by a CSV reader", () => {
  const rows = parse(mistakesCsv(labels, judged), { columns: true }) as Record<string, string>[];
  expect(rows).toEqual([
    {
      row: "15",
      text: 'so "cheap", really',
      label: "spam",
      predicted: "ham",
      score_ham: "0.95",
      score_spam: String(1 - 0.95),
    },
    {
      row: "13",
      text: "the invoice\nis  \u001b[31mattached",
      label: "ham",
      predicted: "spam",
      score_ham: "0.3",
      score_spam: "0.7",
    },
  ]);
});

test("one line never breaks, never exceeds its width and drives no terminal", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 1, max: 40 }), (text, width) => {
      const line = oneLine(text, width);
      expect([...line].length).toBeLessThanOrEqual(width);
      expect(line).not.toMatch(/[\p{Cc}\u2028\u2029\u202e]/u);
    }),
  );
  expect(oneLine("  a\tb\r\nc ")).toBe("a b c");
  expect(oneLine("abcdef", 4)).toBe("abc…");
});

test.each([
  [0, "0.0 %"],
  [0.0001, "under 0.1 %"],
  [0.1341, "13.4 %"],
  [0.9999, "over 99.9 %"],
  [1, "100.0 %"],
])("percent(%d)", (share, text) => {
  expect(percent(share)).toBe(text);
});

test("clock and columns", () => {
  expect([0, 59.6, 83, 3600, 4000].map(clock)).toEqual(["0:00", "1:00", "1:23", "1:00:00", "1:06:40"]);
  expect(
    columns(
      [
        ["", "n"],
        ["müll", "12"],
      ],
      "> ",
    ),
  ).toBe(">        n\n> müll  12\n");
});

/** A text before and from a mark that must occur. */
function split(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  expect(at).toBeGreaterThan(-1);
  return [text.slice(0, at), text.slice(at)];
}
