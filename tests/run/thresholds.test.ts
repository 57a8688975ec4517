import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { random } from "../../src/base/random.js";
import { choose } from "../../src/run/choose.js";
import { answerOf } from "../../src/run/decision.js";
import { macroF1Weights } from "../../src/run/label-weights.js";
import { classificationMetrics, confusionMatrix } from "../../src/run/metrics/confusion.js";
import { parseThresholds } from "../../src/run/threshold-aims.js";
import { chooseThreshold, chooseUnknown, type Wanted } from "../../src/run/thresholds.js";

/** Scores with many ties, and 0 or 1. */
const texts = fc
  .array(fc.record({ score: fc.integer({ min: 0, max: 20 }).map((n) => n / 20), truth: fc.nat(1) }), {
    minLength: 1,
    maxLength: 40,
  })
  .map((rows) => ({ scores: rows.map(({ score }) => score), truth: rows.map(({ truth }) => truth) }));

function outcome(scores: readonly number[], truth: readonly number[], threshold: number) {
  const count = (has: number, gets: boolean) =>
    truth.filter((y, i) => y === has && scores[i]! >= threshold === gets).length;
  const [tp, fp, fn, tn] = [count(1, true), count(0, true), count(1, false), count(0, false)];
  const share = (a: number, b: number) => (b === 0 ? 0 : a / b);
  const f1 = share(2 * tp, 2 * tp + fp + fn);
  const other = share(2 * tn, 2 * tn + fp + fn);
  return {
    tp,
    fp,
    fn,
    precision: share(tp, tp + fp),
    recall: share(tp, tp + fn),
    f1,
    macro: (f1 + other) / 2,
  };
}

/** Everything that a threshold can do; 1.01 gives the label to none. */
const everyThreshold = [...Array.from({ length: 41 }, (_, i) => i / 40), 1.01];

/** What the best of all thresholds gets, by plain search; undefined where none meets the aim. */
function bruteForce(scores: readonly number[], truth: readonly number[], aim: Wanted): number | undefined {
  const tried = everyThreshold
    .filter((threshold) => threshold <= 1 || !scores.includes(1))
    .map((threshold) => outcome(scores, truth, threshold));
  const most = (values: number[]) => (values.length === 0 ? undefined : Math.max(...values));
  switch (aim.kind) {
    case "f1":
      return most(tried.map(({ f1 }) => f1));
    case "macro-f1":
      return most(tried.map(({ macro }) => macro));
    case "precision":
      return most(tried.filter(({ precision }) => precision >= aim.atLeast).map(({ recall }) => recall));
    case "recall":
      return most(tried.filter(({ recall }) => recall >= aim.atLeast).map(({ precision }) => precision));
    case "costs":
      return most(tried.map(({ fn, fp }) => -(aim.missed * fn + aim.wrong * fp)));
  }
}

describe("the threshold of a label", () => {
  test.each<[Wanted]>([
    [{ kind: "f1" }],
    [{ kind: "macro-f1" }],
    [{ kind: "precision", atLeast: 0.75 }],
    [{ kind: "precision", atLeast: 1 }],
    [{ kind: "recall", atLeast: 0.9 }],
    [{ kind: "costs", missed: 1, wrong: 1 }],
    [{ kind: "costs", missed: 1, wrong: 50 }],
    [{ kind: "costs", missed: 7.5, wrong: 2 }],
  ])("for %j is as good as the best of all", (aim) => {
    fc.assert(
      fc.property(texts, ({ scores, truth }) => {
        const { best, reached } = chooseThreshold(scores, truth, aim);
        const found = outcome(scores, truth, best.threshold);
        expect([best.truePositives, best.falsePositives, best.falseNegatives]).toEqual([
          found.tp,
          found.fp,
          found.fn,
        ]);
        const wanted = bruteForce(scores, truth, aim);
        expect(reached).toBe(wanted !== undefined);
        if (wanted === undefined) return;
        const value = {
          f1: found.f1,
          "macro-f1": found.macro,
          precision: found.recall,
          recall: found.precision,
          costs: aim.kind === "costs" ? -(aim.missed * found.fn + aim.wrong * found.fp) : 0,
        }[aim.kind];
        expect(value).toBeCloseTo(wanted, 12);
        if (aim.kind === "precision" || aim.kind === "recall")
          expect(found[aim.kind]).toBeGreaterThanOrEqual(aim.atLeast);
      }),
      { numRuns: 300 },
    );
  });

  test("that can't be reached says what comes nearest", () => {
    const { best, reached } = chooseThreshold([0.9, 0.8, 0.7, 0.2], [0, 1, 1, 0], {
      kind: "precision",
      atLeast: 0.9,
    });
    expect(reached).toBe(false);
    expect(best).toMatchObject({ truePositives: 2, falsePositives: 1 }); // 2/3, with all that have it
    expect(best.threshold).toBeCloseTo(0.45, 12);
  });

  test("lies between two probabilities, and of equally good places nearest to 0.5", () => {
    const { best } = chooseThreshold([0.9, 0.6, 0.4, 0.1], [1, 1, 0, 0], { kind: "f1" });
    expect(best.threshold).toBeCloseTo(0.5, 12);
  });
});

test("answers are withheld as rarely as a share of wrong ones allows", () => {
  fc.assert(
    fc.property(texts, fc.constantFrom(0, 0.01, 0.2, 0.5), ({ scores, truth }, mostWrong) => {
      const right = truth.map((y) => y === 1);
      const { unknownBelow, answered, wrong } = chooseUnknown(scores, right, mostWrong);
      const tried = everyThreshold.map((from) => {
        const given = scores.flatMap((score, i) => (score >= from ? [right[i]!] : []));
        return { answered: given.length, wrong: given.filter((isRight) => !isRight).length };
      });
      const fitting = tried.filter((one) => one.answered > 0 && one.wrong <= mostWrong * one.answered);
      expect(answered).toBe(Math.max(0, ...fitting.map((one) => one.answered)));
      if (unknownBelow === undefined) expect(fitting).toEqual([]);
      else expect(scores.filter((score) => score >= unknownBelow)).toHaveLength(answered);
      expect(wrong).toBeLessThanOrEqual(mostWrong * answered);
    }),
  );
});

describe("weights for the macro F1", () => {
  const macroF1 = (labelIds: number[], rows: number[][], weights: number[]) => {
    const given = rows.map((row) => {
      const weighted = row.map((p, id) => p * weights[id]!);
      return weighted.indexOf(Math.max(...weighted));
    });
    return classificationMetrics(confusionMatrix(labelIds, given, 3)).macro.f1;
  };

  /** Three labels, the last of them rare and underrated. */
  const sample = (seed: number) => {
    const draw = random(seed);
    const labelIds = Array.from({ length: 60 }, () => [0, 0, 0, 0, 1, 1, 1, 2][draw.int(8)]!);
    const rows = labelIds.map((labelId) => {
      const powers = [1, 0.5, 0].map((bias, id) =>
        Math.exp(bias + (id === labelId ? 1 : 0) + 0.7 * draw.normal()),
      );
      const total = powers.reduce((a, b) => a + b);
      return powers.map((power) => power / total);
    });
    return { labelIds, rows };
  };

  test("are no worse than equal ones, and as good as a fine grid but for local peaks", () => {
    const grid = Array.from({ length: 61 }, (_, i) => Math.exp((i - 30) / 10));
    for (const seed of [1, 2, 3]) {
      const { labelIds, rows } = sample(seed);
      const found = macroF1(labelIds, rows, macroF1Weights(labelIds, rows));
      const best = Math.max(...grid.flatMap((b) => grid.map((c) => macroF1(labelIds, rows, [1, b, c]))));
      expect(found).toBeGreaterThan(macroF1(labelIds, rows, [1, 1, 1]));
      expect(found).toBeGreaterThan(best - 0.03);
    }
  });

  test("become costs that give the same answers", () => {
    const { labelIds, rows } = sample(1);
    const weights = macroF1Weights(labelIds, rows);
    const { decision, rule } = choose(
      { problem: "single_label", labelIds: labelIds.map((id) => [id]), probabilities: rows },
      { labels: ["a", "b", "c"], thresholds: { kind: "macro-f1" }, unknown: { kind: "never" } },
    );
    expect(rule!.usual).toBeCloseTo(macroF1(labelIds, rows, [1, 1, 1]), 12);
    expect(rule!.chosen).toBeCloseTo(macroF1(labelIds, rows, weights), 12);
    for (const row of rows) {
      const weighted = row.map((p, id) => p * weights[id]!);
      expect(answerOf("single_label", row, decision).labelIds).toEqual([
        weighted.indexOf(Math.max(...weighted)),
      ]);
    }
  });
});

describe("costs", () => {
  const labelIds = [0, 0, 0, 1, 1, 0, 1, 0];
  const spam = [0.1, 0.2, 0.6, 0.9, 0.7, 0.95, 0.3, 0.4];
  const probabilities = spam.map((p) => [1 - p, p]);
  const facts = { labels: ["ham", "spam"], problem: "single_label" } as const;
  const chosen = (threshold: string) =>
    choose(
      { problem: "single_label", labelIds: labelIds.map((id) => [id]), probabilities },
      { labels: facts.labels, thresholds: parseThresholds(threshold, facts), unknown: { kind: "never" } },
    );

  test("of two labels give the cheapest threshold on the texts at hand", () => {
    for (const [ham, missed] of [
      [50, 1],
      [1, 1],
      [1, 10],
    ] as const) {
      const { rule, decision } = chosen(`ham>spam=${ham}, spam>ham=${missed}`);
      const cost = (threshold: number) =>
        labelIds.reduce(
          (sum, id, i) => sum + (spam[i]! >= threshold ? (id === 0 ? ham : 0) : id === 1 ? missed : 0),
          0,
        );
      const every = Array.from({ length: 101 }, (_, i) => cost(i / 100));
      expect(rule!.chosen).toBeCloseTo(Math.min(...every) / labelIds.length, 12);
      expect(cost(decision.thresholds![1]!)).toBe(Math.min(...every));
      expect(rule!.usual).toBeCloseTo(cost(0.5) / labelIds.length, 12);
    }
  });

  test("are the same as those of missing a label and wrongly giving it", () => {
    expect(chosen("spam: missed=1, wrong=50").decision).toEqual(chosen("ham>spam=50").decision);
  });
});

describe("choosing", () => {
  const labels = ["a", "b"];
  const probabilities = [
    [0.9, 0.1],
    [0.8, 0.2],
    [0.55, 0.45],
    [0.4, 0.6],
    [0.3, 0.7],
    [0.05, 0.95],
  ];
  const labelIds = [[0], [0], [1], [0], [1], [1]];
  const chosen = (threshold: string, unknown: Parameters<typeof choose>[1]["unknown"] = { kind: "never" }) =>
    choose(
      { problem: "single_label", labelIds, probabilities },
      { labels, thresholds: parseThresholds(threshold, { labels, problem: "single_label" }), unknown },
    );

  test("keeps the usual rule of a label whose aim can't be reached, and says so", () => {
    const reversed = choose(
      {
        problem: "single_label",
        labelIds: [[1], [0]],
        probabilities: [
          [0.9, 0.1],
          [0.1, 0.9],
        ],
      },
      {
        labels,
        thresholds: { kind: "labels", aims: [null, { kind: "precision", atLeast: 0.9 }] },
        unknown: { kind: "never" },
      },
    );
    expect(reversed.decision).toEqual({});
    expect(reversed.thresholds).toMatchObject([{ label: "b", reached: false, precision: 0.5, recall: 1 }]);
  });

  test("says how few texts an aim rests on", () => {
    const { thresholds } = chosen("b: precision>=0.9; a: recall>=0.5");
    expect(thresholds.map(({ label, few }) => [label, few])).toEqual([
      ["a", { there: 3, needed: 6 }],
      ["b", { there: 2, needed: 30 }],
    ]);
    expect(chosen("b: 0.6").thresholds[0]!.few).toBeUndefined();
    expect(chosen("b: precision>=1").thresholds[0]!.few!.needed).toBe(Number.POSITIVE_INFINITY);
  });

  test("withholds answers by a given probability, or by the share of wrong ones", () => {
    expect(chosen("none", { kind: "below", probability: 0.65 })).toMatchObject({
      decision: { unknownBelow: 0.65 },
      unknown: { reached: true, answered: 4, wrong: 0 },
    });
    const { decision, unknown } = chosen("none", { kind: "wrong", mostWrong: 0.01 });
    expect(unknown).toMatchObject({ reached: true, answered: 4, wrong: 0, few: { there: 4, needed: 300 } });
    expect(decision.unknownBelow).toBeCloseTo(0.65, 12); // between 0.6, which is wrong, and 0.7
    expect(chosen("none", { kind: "wrong", mostWrong: 0.5 })).toMatchObject({
      decision: {},
      unknown: { unknownBelow: 0, answered: 6, wrong: 2 },
    });
  });
});
