import { expect, test } from "vitest";
import { calibrationLine, decisionLines } from "../../src/report/decision.js";
import type { DecisionFacts, ThresholdFacts } from "../../src/run/decision-facts.js";

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
  expect(line({})).toBe(
    "Threshold: spam is answered from a probability of 0.873 on (precision>=0.95): precision 0.957, recall 0.938, " +
      "F1 0.947 (112 texts with the label) on 836 validation texts.",
  );
  expect(line({ aim: "0.8734" })).not.toContain("(0.8734)");
  expect(line({ few: { there: 24, needed: 60 } })).toMatch(
    / That rests on 24 texts; about 60 are needed to be sure of it\.$/,
  );
  expect(line({ few: { there: 1, needed: Number.POSITIVE_INFINITY } })).toMatch(
    / That rests on 1 text; no number of them could make sure of it\.$/,
  );
  expect(line({ reached: false, threshold: 0.99871234, precision: 0.9, recall: 0.01 })).toBe(
    "Threshold: spam: precision>=0.95 can't be reached on 836 validation texts, so spam keeps the usual rule. " +
      "Nearest comes from a probability of 0.998712 on: precision 0.900, recall 0.010, F1 0.947 (112 texts with the label).",
  );
});

test("a rule for all labels is told beside the usual one", () => {
  expect(decisionLines({ ...nothing, rule: { aim: "costs", usual: 0.25, chosen: 0.03 } })).toEqual([
    "Threshold: answers are chosen for the least cost: on 836 validation texts the mean cost of a text is 0.0300, 0.2500 by the usual rule.",
  ]);
  expect(decisionLines({ ...nothing, rule: { aim: "macro-f1", usual: 0.9, chosen: 0.91 } })[0]).toContain(
    "for the highest macro F1: on 836 validation texts macro F1 is 0.9100, 0.9000 by the usual rule.",
  );
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
