import { expect, test } from "vitest";
import { doubtLabels } from "../../src/run/confident-learning.js";
import { readReference } from "../support/reference.js";

interface Case {
  given: number[];
  probabilities: number[][];
  thresholds: number[];
  joint: number[][];
  estimated_errors: number;
  likely: number[];
  order: number[];
  margins: number[];
  suggested: number[];
}

test.each(readReference<Case[]>("confident_learning.json"))(
  "thresholds, confident joint and ranking are those of numpy ($joint)",
  (expected) => {
    const { given, probabilities } = expected;
    const found = doubtLabels(given, probabilities);
    for (const [id, threshold] of found.thresholds.entries())
      expect(threshold).toBeCloseTo(expected.thresholds[id]!, 12);
    expect(found.joint).toEqual(expected.joint);
    expect(found.estimatedErrors).toBeCloseTo(expected.estimated_errors, 9);
    expect(found.ranking.map(({ example }) => example)).toEqual(expected.order);
    const likely = found.ranking.filter((doubt) => doubt.likely).map(({ example }) => example);
    expect(likely.sort((a, b) => a - b)).toEqual(expected.likely);
    for (const { example, margin, suggested, probability, given: label } of found.ranking) {
      expect(margin).toBeCloseTo(expected.margins[example]!, 12);
      expect([label, suggested]).toEqual([given[example], expected.suggested[example]]);
      expect(probability).toBe(probabilities[example]![suggested]);
    }
  },
);

test("by hand: a rare label that the model is never sure of is doubted less than a common one", () => {
  // t = [(0.9 + 0.8 + 0.4) / 3, (0.5 + 0.1) / 2] = [0.7, 0.3]
  const probabilities = [
    [0.9, 0.1],
    [0.8, 0.2],
    [0.4, 0.6],
    [0.5, 0.5],
    [0.9, 0.1],
  ];
  const { thresholds, joint, ranking } = doubtLabels([0, 0, 0, 1, 1], probabilities);
  expect(thresholds[0]).toBeCloseTo(0.7, 12);
  expect(thresholds[1]).toBeCloseTo(0.3, 12);
  expect(joint).toEqual([
    [2, 1],
    [1, 1],
  ]);
  expect(ranking.filter(({ likely }) => likely).map(({ example }) => example)).toEqual([4, 2]);
});
