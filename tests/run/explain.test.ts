import { join } from "node:path";
import { load, type TextClassifier } from "textgraft";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inventedRows } from "../support/tiny-model.js";
import { tinyOptions, tinyWorkplace, trained } from "./train-tiny.js";

/** Texts of all topics; what decides is the word "whale" alone. */
const rows = inventedRows(400).map(({ text }, i) => {
  const words = text.split(" ").filter((word) => word !== "whale");
  if (i % 2 === 0) words.splice((7 * i) % words.length, 0, "whale");
  return { text: words.join(" "), label: i % 2 === 0 ? "yes" : "no" };
});

describe("a model that looks for one word", async () => {
  const { folder, model } = await tinyWorkplace();
  const output = join(folder, "model");
  let classifier: TextClassifier;
  beforeAll(async () => {
    await trained({ ...tinyOptions, model, output, data: rows, epochs: 6 });
    classifier = await load(output, { threads: 2 });
  });
  afterAll(() => classifier.close());

  test("gives that word the most, and it speaks for yes", async () => {
    const text = "We saw the old WHALE, and two small ships.";
    const answer = await classifier.predict(text);
    const found = await classifier.explain(text, { label: "yes" });
    expect(answer.label).toBe("yes");
    expect(found.probability).toBeCloseTo(answer.scores.yes!, 5);
    expect(found.words.map((word) => word.text).join(" ")).toBe(
      "We saw the old WHALE , and two small ships .",
    );
    for (const { text: word, start, end } of found.words) expect(text.slice(start, end)).toBe(word);
    const [first, second] = [...found.words].sort((a, b) => Math.abs(b.score) - Math.abs(a.score));
    expect(first).toMatchObject({ text: "WHALE", start: 15, end: 20 });
    expect(first!.score).toBeGreaterThan(3 * Math.abs(second!.score));
  });

  test("words have what their tokens have, and all together what the words change", async () => {
    for (const method of ["integrated", "gradient"] as const) {
      const found = await classifier.explain("my whale-bee and the 2 ships", { method });
      const sum = (scores: readonly { score: number }[]): number =>
        scores.reduce((all, { score }) => all + score, 0);
      expect(sum(found.words)).toBeCloseTo(sum(found.tokens), 10);
      expect(sum(found.tokens)).toBeCloseTo(found.logOdds - found.baseline.logOdds + found.gap, 10);
      expect(found.words.map((word) => word.text)).toEqual(["my", "whale-bee", "and", "the", "2", "ships"]);
      expect(found.tokens.map(({ piece }) => piece)).toEqual(
        ["my", "whale", "-", "bee", "and", "the", "2", "ships"].map((word) =>
          ["-", "2", "ships"].includes(word) ? "[UNK]" : word,
        ),
      );
      const { probability, logOdds, baseline } = found;
      expect(logOdds).toBeCloseTo(Math.log(probability / (1 - probability)), 6);
      expect(baseline.logOdds).toBeCloseTo(Math.log(baseline.probability / (1 - baseline.probability)), 6);
    }
  });

  test("explains the answer if no label is named, and the same in a list as alone", async () => {
    const texts = ["the old whale", "", "new soup and bread", "we saw"];
    const together = await classifier.explain(texts);
    const answers = await classifier.predict(texts);
    expect(together.map(({ label }) => label)).toEqual(answers.map(({ label }) => label));
    for (const [i, text] of texts.entries()) expect(await classifier.explain(text)).toEqual(together[i]);
    expect(together[1]).toMatchObject({ words: [], tokens: [], gap: 0 });
  });

  test("explains the answer that a threshold gives", async () => {
    const strict = await load(output, { threads: 2, threshold: "yes: 0.9999999" });
    const text = "the old whale again";
    const [answer, found] = [await strict.predict(text), await strict.explain(text)];
    await strict.close();
    expect((await classifier.predict(text)).label).toBe("yes");
    expect(found.label).toBe("no");
    expect(answer).toMatchObject({ label: "no", score: expect.closeTo(found.probability, 5) as number });
  });

  test("a label against it has the opposite scores", async () => {
    const [yes, no] = await Promise.all(
      ["yes", "no"].map((label) => classifier.explain("the old whale again", { label, steps: 8 })),
    );
    expect(yes!.steps).toBe(8);
    for (const [i, { score }] of yes!.words.entries()) expect(no!.words[i]!.score).toBeCloseTo(-score, 3);
  });
});

describe("of texts that are longer than the model reads", async () => {
  const { folder, model } = await tinyWorkplace();
  const words = Array.from({ length: 10 }, (_, i) => `${["the", "old", "wave", "and", "my"][i % 5]}`);
  const text = words.join(" ");

  test.each([
    ["head", [0, 1, 2, 3, 4, 5]],
    ["tail", [4, 5, 6, 7, 8, 9]],
    ["head+tail", [0, 1, 2, 7, 8, 9]],
    ["windows", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
  ] as const)("--long %s: what is read has scores", async (long, read) => {
    const output = join(folder, long);
    await trained({ ...tinyOptions, model, output, data: inventedRows(90), maxLength: 8, long, epochs: 2 });
    const classifier = await load(output, { threads: 2 });
    const [found, answer] = [await classifier.explain(text), await classifier.predict(text)];
    await classifier.close();
    const starts = read.map((word) => words.slice(0, word).join(" ").length + (word > 0 ? 1 : 0));
    expect(found.words.map(({ start }) => start)).toEqual(starts);
    expect(found.words.map((word) => word.text)).toEqual(read.map((word) => words[word]));
    expect(found.unread).toBe(10 - read.length);
    expect(found.probability).toBeCloseTo(answer.score, 5);
    expect(Math.abs(found.gap)).toBeLessThan(0.05);
    expect(found.words.every(({ score }) => score !== 0)).toBe(true);
  });
});
