import { readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { expect, test } from "vitest";
import { random, shuffled } from "../../src/base/random.js";
import { atOnce } from "../../src/base/steps.js";
import { findFloors, majorityLabelId, naiveBayes } from "../../src/run/floors.js";
import { smsAbsent, smsFile } from "../support/sms.js";

test("the majority label is the commonest, the first of equals", () => {
  expect(majorityLabelId([2, 0, 2, 1, 2], 3)).toBe(2);
  expect(majorityLabelId([2, 1, 2, 1], 3)).toBe(1);
});

test("floors answer every test text with a labelId", () => {
  const train = { texts: ["win a prize", "see you soon", "see you"], labelIds: [1, 0, 0] };
  expect(atOnce(findFloors(train, ["a prize for you to win", "soon"], 2))).toEqual([
    { name: "the majority label", predictions: [0, 0] },
    { name: "naive Bayes", predictions: [1, 0] },
  ]);
});

test("naive Bayes agrees with the formula written out by hand", () => {
  // Label 0: "a b" (grams a, b, a b), label 1: "b" and "c!" (b, c, !, c !). Of 6 grams, label 0 has 3 and label 1 has 4.
  const predict = naiveBayes({ texts: ["a b", "b", "c!"], labelIds: [0, 1, 1] }, 2);
  const p = (label: 0 | 1, ...counts: number[]) =>
    (label === 0 ? 1 / 3 : 2 / 3) *
    counts.reduce((product, count) => product * ((count + 0.3) / ((label === 0 ? 3 : 4) + 0.3 * 6)), 1);
  const cases: [string, number, number][] = [
    ["a", p(0, 1), p(1, 0)],
    ["b", p(0, 1), p(1, 1)],
    ["B b B", p(0, 1), p(1, 1)], // a set: case and repetition change nothing, "b b" is unknown
    ["a c", p(0, 1, 0), p(1, 0, 1)],
    ["b a", p(0, 1, 1), p(1, 1, 0)], // the order counts: "b a" is unknown
    ["a! c", p(0, 1, 0, 0), p(1, 0, 1, 1)],
    ["unknown", p(0), p(1)],
    ["", p(0), p(1)],
  ];
  for (const [text, ham, spam] of cases) expect([text, predict(text)]).toEqual([text, ham > spam ? 0 : 1]);
});

test("naive Bayes agrees with counting grams in the joined texts", () => {
  const text = fc
    .array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 6 })
    .map((w) => w.join(" "));
  const texts = fc.array(text, { minLength: 1, maxLength: 5 });
  const alphabet = ["a", "b", "c"];
  const pairs = alphabet.flatMap((x) => alphabet.map((y) => `${x} ${y}`));
  const allGrams = [...alphabet, ...pairs];
  const holds = (where: string, gram: string) => ` ${where} `.includes(` ${gram} `);
  fc.assert(
    fc.property(texts, texts, text, (hams, spams, question) => {
      const known = allGrams.filter((gram) => [...hams, ...spams].some((where) => holds(where, gram)));
      const likelihood = (own: string[]) => {
        const times = (gram: string) => own.filter((where) => holds(where, gram)).length;
        const total = known.reduce((sum, gram) => sum + times(gram), 0);
        return known
          .filter((gram) => holds(question, gram))
          .reduce((p, gram) => (p * (times(gram) + 0.3)) / (total + 0.3 * known.length), own.length);
      };
      const odds = likelihood(hams) / likelihood(spams);
      fc.pre(Math.abs(odds - 1) > 1e-9);
      const labelIds = [...hams.map(() => 0), ...spams.map(() => 1)];
      expect(naiveBayes({ texts: [...hams, ...spams], labelIds }, 2)(question)).toBe(odds > 1 ? 0 : 1);
    }),
  );
});

test("a label without training texts is never predicted", () => {
  const predict = naiveBayes({ texts: ["a", "b"], labelIds: [0, 2] }, 3);
  expect(["a", "b", "c"].map(predict)).not.toContain(1);
});

test.skipIf(smsAbsent)("on the SMS set naive Bayes has an accuracy near 0.986", () => {
  const rows = parse(readFileSync(smsFile), { columns: true }) as { label: string; text: string }[];
  const unique = [...new Map(rows.map((row) => [row.text, row])).values()];
  const examples = shuffled(unique, random(0));
  const trainSize = Math.round(0.8 * examples.length);
  const [train, rest] = [examples.slice(0, trainSize), examples.slice(trainSize)];
  const [majority, bayes] = atOnce(
    findFloors(
      { texts: train.map(({ text }) => text), labelIds: train.map(({ label }) => Number(label)) },
      rest.map(({ text }) => text),
      2,
    ),
  );
  const accuracy = (predictions: number[]) =>
    rest.filter(({ label }, i) => predictions[i] === Number(label)).length / rest.length;
  expect(accuracy(bayes!.predictions)).toBeGreaterThanOrEqual(0.98);
  expect(Math.abs(accuracy(majority!.predictions) - 0.87)).toBeLessThan(0.03);
});
