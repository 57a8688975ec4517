import fc from "fast-check";
import { expect, test } from "vitest";
import { coverageCurve } from "../../src/run/answered.js";
import { answerOf } from "../../src/run/decision.js";
import type { Judged } from "../../src/run/events.js";

/** Answers with few different probabilities, so that many are equally sure. */
const texts = fc.array(
  fc.record({ truth: fc.integer({ min: 0, max: 2 }), masses: fc.tuple(...[1, 1, 1].map(() => fc.nat(4))) }),
  { minLength: 1, maxLength: 40 },
);

test.each(["single_label", "multi_label"] as const)(
  "with %s, each point is what its probability as the threshold gives",
  (problem) => {
    fc.assert(
      fc.property(texts, (rows) => {
        const judge = (unknownBelow: number) =>
          rows.map(({ truth, masses }): Judged => {
            const sum = masses.reduce((a, b) => a + b, 3);
            const probabilities = masses.map((mass) =>
              problem === "multi_label" ? mass / 4 : (mass + 1) / sum,
            );
            const { labelIds, unknown } = answerOf(problem, probabilities, { unknownBelow });
            const answer = { text: "", row: 1, labelIds: [truth], predictedIds: labelIds, probabilities };
            return { ...answer, ...(unknown && { unknown }) };
          });
        const curve = coverageCurve(judge(0), problem);
        for (const { probability, answered, right } of curve) {
          const given = judge(probability).filter(({ unknown }) => !unknown);
          expect(answered).toBe(given.length);
          expect(right).toBe(
            given.filter(({ labelIds, predictedIds }) => `${predictedIds}` === `${labelIds}`).length,
          );
        }
        expect(curve.at(-1)!.answered).toBe(rows.length);
        const answered = curve.map((point) => point.answered);
        expect(answered).toEqual([...new Set(answered)].sort((a, b) => a - b));
      }),
    );
  },
);
