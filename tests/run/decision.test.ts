import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { answerOf, type Decision } from "../../src/run/decision.js";
import { readDecision, savedDecision } from "../../src/run/saved-decision.js";

describe("one label for a text", () => {
  const answer = (probabilities: number[], decision?: Decision) =>
    answerOf("single_label", probabilities, decision);

  test("is the most probable one by the usual rule, the first of equals", () => {
    expect(answer([0.2, 0.5, 0.3])).toEqual({ labelIds: [1], probability: 0.5, unknown: false });
    expect(answer([0.4, 0.4, 0.2]).labelIds).toEqual([0]);
  });

  test("with a threshold is given from that probability on, however probable others are", () => {
    const decision = { thresholds: [null, 0.1, null] };
    expect(answer([0.6, 0.1, 0.3], decision)).toEqual({ labelIds: [1], probability: 0.1, unknown: false });
    expect(answer([0.5, 0.09, 0.41], decision).labelIds).toEqual([0]);
    expect(answer([0.2, 0.7, 0.1], { thresholds: [null, 0.8, null] })).toMatchObject({
      labelIds: [0],
      probability: 0.2,
    });
  });

  test("of two labels, a threshold of one says when the other is given", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (p, t) => {
          expect(answer([1 - p, p], { thresholds: [null, t] }).labelIds).toEqual([p >= t ? 1 : 0]);
        },
      ),
    );
  });

  test("is unknown where each label has a threshold and none reaches it", () => {
    const decision = { thresholds: [0.9, 0.8] };
    expect(answer([0.85, 0.15], decision)).toEqual({ labelIds: [0], probability: 0.85, unknown: true });
    expect(answer([0.9, 0.1], decision).unknown).toBe(false);
    expect(answer([0.1, 0.9], decision)).toMatchObject({ labelIds: [1], unknown: false });
  });

  test("with costs is the one that costs least if the probabilities hold", () => {
    const square = (n: number) =>
      fc.array(fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: n, maxLength: n }), {
        minLength: n,
        maxLength: n,
      });
    fc.assert(
      fc.property(square(3), fc.tuple(fc.nat(50), fc.nat(50), fc.nat(50)), (costs, weights) => {
        const total = weights.reduce((a, b) => a + b, 0) || 1;
        const p = weights.map((weight) => weight / total);
        const expected = [0, 1, 2].map(
          (given) => p[0]! * costs[0]![given]! + p[1]! * costs[1]![given]! + p[2]! * costs[2]![given]!,
        );
        const [given] = answer(p, { costs }).labelIds;
        expect(expected[given!]! - Math.min(...expected)).toBeLessThan(1e-9);
      }),
    );
  });

  test("is withheld below a probability", () => {
    expect(answer([0.3, 0.7], { unknownBelow: 0.7 }).unknown).toBe(false);
    expect(answer([0.31, 0.69], { unknownBelow: 0.7 })).toEqual({
      labelIds: [1],
      probability: 0.69,
      unknown: true,
    });
  });
});

describe("several labels for a text", () => {
  const answer = (probabilities: number[], decision?: Decision) =>
    answerOf("multi_label", probabilities, decision);

  test("are those from 0.5 or their thresholds on", () => {
    expect(answer([0.5, 0.49, 0.9])).toEqual({ labelIds: [0, 2], probability: 0.5, unknown: false });
    expect(answer([0.5, 0.49, 0.9], { thresholds: [0.6, 0.4, null] }).labelIds).toEqual([1, 2]);
    expect(answer([0.1, 0.2, 0.3])).toMatchObject({ labelIds: [], probability: 0.7 });
  });

  test("are withheld where one yes or no is less probable", () => {
    expect(answer([0.95, 0.25], { unknownBelow: 0.8 })).toEqual({
      labelIds: [0],
      probability: 0.75,
      unknown: true,
    });
    expect(answer([0.95, 0.15], { unknownBelow: 0.8 }).unknown).toBe(false);
    // The label is given at 0.3, so it is as probable as that.
    expect(answer([0.3, 0], { thresholds: [0.2, null] }).probability).toBe(0.3);
  });
});

describe("textgraft.json", () => {
  const labels = ["ham", "spam", "odd: one"];
  const facts = { labels, problem: "single_label" } as const;
  const read = (json: unknown, as = facts) =>
    readDecision(json, as, (key, value, wanted) => new Error(`${key} ${JSON.stringify(value)} ${wanted}`));

  test.each<[Decision]>([
    [{}],
    [{ thresholds: [null, 0.25, 0.9] }],
    [{ thresholds: [0.1, null, null], unknownBelow: 0.7 }],
    [{ unknownBelow: 0.99 }],
    [
      {
        costs: [
          [0, 50, 1],
          [1, 0, 1],
          [2, 2, 0],
        ],
      },
    ],
  ])("keeps %j", (decision) => {
    const saved = savedDecision(decision, labels);
    expect(read(saved === undefined ? undefined : JSON.parse(JSON.stringify(saved)))).toEqual(decision);
    if (Object.keys(decision).length === 0) expect(saved).toBeUndefined();
  });

  test.each<[string, unknown]>([
    ["decision", 5],
    ["decision", []],
    ["decision.cost", { cost: 1 }],
    ["decision.thresholds", { thresholds: [0.5] }],
    ["decision.thresholds", { thresholds: { eggs: 0.5 } }],
    ["decision.thresholds", { thresholds: { ham: 1.5 } }],
    ["decision.thresholds", { thresholds: { ham: null } }],
    [
      "decision.costs",
      {
        costs: [
          [0, 1],
          [1, 0],
        ],
      },
    ],
    [
      "decision.costs",
      {
        costs: [
          [0, 1, 1],
          [1, 0, 1],
          [1, -1, 0],
        ],
      },
    ],
    [
      "decision.costs",
      {
        costs: [
          [0, 1, 1],
          [1, 0, 1],
          [1, 1, 0],
        ],
        thresholds: { ham: 0.5 },
      },
    ],
    ["decision.unknownBelow", { unknownBelow: "0.7" }],
    ["decision.unknownBelow", { unknownBelow: 2 }],
  ])("naming %s, refuses %j", (key, json) => {
    expect(() => read(json)).toThrowError(new RegExp(`^${key.replace(".", "\\.")} `));
  });
});
