import { expect, test } from "vitest";
import { calibrationLine, decisionLines } from "../../src/report/decision.js";
import { choose } from "../../src/run/choose.js";
import { answerOf } from "../../src/run/decision.js";
import type { DecisionFacts, ThresholdFacts } from "../../src/run/decision-facts.js";
import { parseThresholds } from "../../src/run/threshold-aims.js";

const nothing: DecisionFacts = { texts: 836, decision: {}, thresholds: [] };
const scores = {
  before: { logLoss: 0.0512, calibrationError: 0.01234 },
  after: { logLoss: 0.05, calibrationError: 0.004 },
};
const spam: ThresholdFacts = {
  label: "spam",
  aim: "precision>=0.95",
  reached: true,
  threshold: 0.8734,
  precision: 0.957,
  recall: 0.938,
  f1: 0.9474,
  support: 112,
};

test("nothing is said where nothing was chosen, or could be", () => {
  expect(decisionLines(nothing)).toEqual([]);
  expect(decisionLines({ ...nothing, texts: 0, decision: { unknownBelow: 0.7 } })).toEqual([]);
});

test("a temperature is told with what it does", () => {
  expect(decisionLines({ ...nothing, calibration: { temperature: 1.2345, ...scores } })).toEqual([
    "Calibration: logits are divided by 1.234, chosen on 836 validation texts: log loss 0.0512 before, 0.0500 after; " +
      "calibration error 0.0123 before, 0.0040 after.",
  ]);
  expect(calibrationLine(scores)).toBe(
    "Calibration: log loss 0.0512 before, 0.0500 after; calibration error 0.0123 before, 0.0040 after.",
  );
});

test("a threshold is told with its aim, what it gives, and how few texts that rests on", () => {
  const line = (facts: Partial<ThresholdFacts>) =>
    decisionLines({ ...nothing, thresholds: [{ ...spam, ...facts }] })[0];
  expect(line({ rivals: { usual: ["ham"], bound: 0 } })).toBe(
    'Threshold for "spam" (precision>=0.95): a text is called "spam" only if the probability of "spam" is at least 0.873, ' +
      'else "ham". On 836 validation texts "spam" has precision 0.957, recall 0.938, F1 0.947 (112 texts with the label).',
  );
  expect(line({ aim: "0.8734" })).not.toContain("(0.8734)");
  expect(line({ few: { there: 24, needed: 60 } })).toMatch(
    / That rests on 24 texts; about 60 are needed to be sure of it\.$/,
  );
  expect(line({ few: { there: 1, needed: Number.POSITIVE_INFINITY } })).toMatch(
    / That rests on 1 text; no number of them could make sure of it\.$/,
  );
  expect(line({ reached: false, threshold: 0.99871234, precision: 0.9, recall: 0.01 })).toBe(
    `Threshold for "spam": precision>=0.95 can't be reached on 836 validation texts, so "spam" keeps the usual rule. ` +
      "A probability of at least 0.998712 comes nearest: precision 0.900, recall 0.010, F1 0.947 (112 texts with the label).",
  );
});

type Rivals = ThresholdFacts["rivals"];

/** What is told of a threshold of "0", beside what `answerOf` makes of a text just above and just below it. */
test.each<[name: string, labels: string[], thresholds: (number | null)[], rivals: Rivals, told: string]>([
  [
    "low, of two labels: the other one is hard to get",
    ["0", "1"],
    [0.0088, null],
    { usual: ["1"], bound: 0 },
    'a text is called "1" only if the probability of "1" is above 0.991200, else "0"',
  ],
  [
    "high, of two labels",
    ["0", "1"],
    [0.9, null],
    { usual: ["1"], bound: 0 },
    'a text is called "0" only if the probability of "0" is at least 0.900, else "1"',
  ],
  [
    "both of two labels have one",
    ["0", "1"],
    [0.9, 0.8],
    { usual: [], bound: 1 },
    `a text is called "0" only if the probability of "0" is at least 0.900; one that reaches no label's threshold is unknown`,
  ],
  [
    "low, of three labels",
    ["0", "1", "2"],
    [0.2, null, null],
    { usual: ["1", "2"], bound: 0 },
    'a text is called "0" if the probability of "0" is at least 0.200, even where another label is more probable; ' +
      "else the most probable other label",
  ],
  [
    "high, of three labels",
    ["0", "1", "2"],
    [0.7, null, null],
    { usual: ["1", "2"], bound: 0 },
    'a text is called "0" only if the probability of "0" is at least 0.700, else the most probable other label',
  ],
])("a threshold that is %s", (_name, labels, thresholds, rivals, told) => {
  const threshold = thresholds[0]!;
  const facts = { ...spam, label: "0", aim: String(threshold), threshold, ...(rivals && { rivals }) };
  const [line] = decisionLines({ ...nothing, thresholds: [facts] });
  expect(line).toMatch(/^Threshold for "0": /);
  expect(line!.slice('Threshold for "0": '.length)).toContain(
    `${told}. On 836 validation texts "0" has precision`,
  );
  const answer = (p: number) => {
    const rest = (1 - p) / (labels.length - 1);
    const { labelIds, unknown } = answerOf("single_label", [p, ...labels.slice(1).map(() => rest)], {
      thresholds,
    });
    return unknown ? "unknown" : labels[labelIds[0]!];
  };
  expect([answer(threshold), answer(threshold - 0.001)]).toEqual(["0", rivals!.usual[0] ?? "unknown"]);
});

test("a threshold where a text may have several labels", () => {
  expect(decisionLines({ ...nothing, thresholds: [{ ...spam, label: "0", threshold: 0.3 }] })[0]).toContain(
    '(precision>=0.95): a text is given "0" if the probability of "0" is at least 0.300. On 836',
  );
});

test("a rule for more than two labels is told beside the usual one", () => {
  expect(decisionLines({ ...nothing, rule: { aim: "costs", usual: 0.25, chosen: 0.03 } })).toEqual([
    "Threshold: answers are chosen for the least cost: a text is given the label with the least cost to be expected from its " +
      "probabilities. On 836 validation texts the mean cost of a text is 0.0300, 0.2500 by the usual rule.",
  ]);
  expect(decisionLines({ ...nothing, rule: { aim: "macro-f1", usual: 0.9, chosen: 0.91 } })).toEqual([
    "Threshold: answers are chosen for the highest macro F1: a text is given the label with the highest probability times its " +
      "weight. On 836 validation texts macro F1 is 0.9100, 0.9000 by the usual rule.",
  ]);
});

test.each([
  ["f1", "the highest macro F1"],
  ["ham>spam=50, spam>ham=1", "the least cost"],
  ["ham>spam=1, spam>ham=50", "the least cost"],
])("the threshold that %s chooses between two labels is told as that of one label is", (asked, goal) => {
  const labels = ["ham", "spam"];
  const spamProbabilities = [0.04, 0.1, 0.2, 0.15, 0.3, 0.8, 0.9, 0.95];
  const labelIds = [0, 0, 0, 1, 1, 0, 1, 1].map((id) => [id]);
  const probabilities = spamProbabilities.map((p) => [1 - p, p]);
  const { decision, rule } = choose(
    { problem: "single_label", labelIds, probabilities },
    {
      labels,
      thresholds: parseThresholds(asked, { labels, problem: "single_label" }),
      unknown: { kind: "never" },
    },
  );
  const [line] = decisionLines({ ...nothing, texts: 8, rule: rule! });
  expect(line).toContain(`answers are chosen for ${goal}: a text is called `);
  const [, only, limit, at, other] =
    /called "(\w+)" only if the probability of "\1" is (at least|above) ([\d.]+), else "(\w+)"\. On 8 /.exec(
      line!,
    ) ?? [];
  for (const p of spamProbabilities) {
    const ofOnly = only === "spam" ? p : 1 - p;
    const told = (limit === "above" ? ofOnly > Number(at) : ofOnly >= Number(at)) ? only : other;
    expect(told).toBe(labels[answerOf("single_label", [1 - p, p], decision).labelIds[0]!]);
  }
});

test("unknown answers are told with how many remain", () => {
  const line = (unknown: NonNullable<DecisionFacts["unknown"]>) => decisionLines({ ...nothing, unknown })[0];
  const some = { mostWrong: 0.01, reached: true, unknownBelow: 0.7, answered: 800, wrong: 8 };
  expect(line(some)).toBe(
    "Unknown: answers below 0.700 are withheld. Of 836 validation texts 800 are answered (95.7 %), 8 of them wrongly.",
  );
  expect(line({ ...some, unknownBelow: 0, answered: 836 })).toContain(
    "every text is answered: no more than 1.0 % of the answers are wrong",
  );
  expect(line({ ...some, reached: false, unknownBelow: 0, answered: 0, wrong: 0 })).toContain(
    "so every text is answered",
  );
});
