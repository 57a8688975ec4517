import { describe, expect, test } from "vitest";
import { type Circumstances, collapseOf, collapseText } from "../../src/run/collapse.js";
import { multiLabel } from "../../src/run/multi-label.js";
import type { LabelIds, ProblemRules } from "../../src/run/problem.js";
import { singleLabel } from "../../src/run/single-label.js";

/** What validation tells of the same logits for every text, or of different ones. */
function epoch(
  rules: ProblemRules,
  labelIds: readonly LabelIds[],
  logits: (i: number) => number[],
  classWeights: readonly number[],
  probability: (row: number[]) => number[],
) {
  const rows = labelIds.map((_, i) => logits(i));
  return {
    validationLoss: rules.loss(rows, labelIds, classWeights),
    validation: rules.measure(labelIds, rows.map(probability)),
  };
}

const softmax = (row: number[]) => {
  const total = row.reduce((sum, x) => sum + Math.exp(x), 0);
  return row.map((x) => Math.exp(x) / total);
};
const sigmoids = (row: number[]) => row.map((x) => 1 / (1 + Math.exp(-x)));

describe("one label for a text", () => {
  const labelIds = Array.from({ length: 100 }, (_, i) => [i < 87 ? 0 : 1]);
  const of = (logits: (i: number) => number[], classWeights = [1, 1]) =>
    collapseOf(epoch(singleLabel, labelIds, logits, classWeights, softmax), classWeights);

  test("the best constant guess has the loss of chance, also with class weights", () => {
    for (const classWeights of [
      [1, 1],
      [0.57, 3.8],
      [1, 10],
    ]) {
      const masses = [87 * classWeights[0]!, 13 * classWeights[1]!];
      const found = of(() => masses.map(Math.log), classWeights)!;
      expect(found).toMatchObject({ kind: "constant", answer: [masses[0]! > masses[1]! ? 0 : 1] });
      expect(found.loss).toBeCloseTo(found.chance, 12);
      // No other constant is better.
      for (const x of [-2, -1, 0, 1, 2, 3])
        expect(
          epoch(singleLabel, labelIds, () => [x, 0], classWeights, softmax).validationLoss,
        ).toBeGreaterThanOrEqual(found.chance - 1e-12);
    }
  });

  test("the same answer for all is no collapse where the probabilities tell the texts apart", () => {
    expect(of((i) => [i < 87 ? 4 : 0.5, 0])).toBeUndefined();
  });

  test("different answers are no collapse, unless the loss is far worse than guessing", () => {
    expect(of((i) => [i < 87 ? 2 : -2, i % 10 === 0 ? 3 : 0])).toBeUndefined();
    const wild = of((i) => [i % 2 === 0 ? 1e6 : -1e6, 0])!;
    expect(wild.kind).toBe("wild");
    expect(wild.answer).toBeUndefined();
    expect(of(() => [-1e6, 0])).toMatchObject({ kind: "wild", answer: [1] });
  });

  test("where all texts have one label there is nothing to collapse to", () => {
    const same = labelIds.map(() => [0]);
    expect(
      collapseOf(
        epoch(singleLabel, same, () => [3, 0], [1, 1], softmax),
        [1, 1],
      ),
    ).toBeUndefined();
  });
});

describe("several labels for a text", () => {
  const labelIds: number[][] = Array.from({ length: 60 }, (_, i) => [
    ...(i % 3 === 0 ? [0] : []),
    ...(i % 5 < 4 ? [1] : []),
  ]);
  const of = (logits: (i: number) => number[], weights = [1, 1]) =>
    collapseOf(epoch(multiLabel, labelIds, logits, weights, sigmoids), weights);

  test("the best constant guess has the loss of chance, also with weights of the yes", () => {
    for (const weights of [
      [1, 1],
      [2, 0.25],
    ]) {
      const odds = [
        [20, 40],
        [48, 12],
      ].map(([yes, no], id) => Math.log((weights[id]! * yes!) / no!));
      const found = of(() => odds, weights)!;
      expect(found.kind).toBe("constant");
      expect(found.loss).toBeCloseTo(found.chance, 12);
      expect(found.answer).toEqual(odds.flatMap((x, id) => (x >= 0 ? [id] : [])));
    }
  });

  test("a label that is told apart is enough", () => {
    expect(of((i) => [i % 3 === 0 ? 2 : -2, 2])).toBeUndefined();
  });
});

describe("the message", () => {
  const usual: Circumstances = {
    labels: ["ham", "spam"],
    learningRate: 5e-4,
    usualRate: 5e-4,
    steps: 500,
    classWeights: [1, 1],
    headOnly: false,
  };
  const collapse = { kind: "constant", answer: [0], loss: 0.394, chance: 0.3943 } as const;
  const text = (facts: Partial<Circumstances>) => collapseText(collapse, { ...usual, ...facts });

  test("names what happened, and what may be wrong", () => {
    expect(text({})).toBe(
      "The training has collapsed: every validation text gets the same answer (ham) and the validation loss is that of " +
        "guessing: 0.3940, and 0.3943 is had by guessing from how common each label is. A learning rate that is too high " +
        "does this, too: try --learning-rate 0.00005. If nothing helps, labels may not follow from the texts: is --label " +
        "the right column, and --text?",
    );
  });

  test("calls a loss that of guessing only where it is near to that", () => {
    const said = (loss: number) => collapseText({ ...collapse, loss }, usual);
    for (const near of [0.385, 0.3943, 0.405])
      expect(said(near)).toContain("the validation loss is that of guessing");
    expect(collapseText({ ...collapse, loss: 0.64, chance: 0.43 }, usual)).toMatch(
      /^The training has collapsed: every validation text gets the same answer \(ham\) and the validation loss is worse than guessing: 0\.6400, and 0\.4300/,
    );
  });

  test("puts what is unusual about the training first", () => {
    expect(text({ learningRate: 0.1 })).toContain(
      "0.1, and 0.0005 is usual for this model: try --learning-rate 0.0005",
    );
    expect(text({ steps: 12 })).toContain("only 12 steps so far");
    expect(text({ learningRate: 1e-7 })).toContain("may be too low");
    expect(text({ classWeights: [1, 40] })).toContain("Class weights lie as far apart as 1.0000 and 40.0000");
    expect(text({ headOnly: true })).toContain("--freeze all");
    expect(collapseText({ kind: "wild", loss: 3.5e5, chance: 0.39 }, usual)).toMatch(
      /^The training goes wrong: the validation loss is worse than guessing: 3\.50e\+5, and 0\.3900/,
    );
  });
});
