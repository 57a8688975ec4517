import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import { explainMistakes, markedText, SHOWN } from "../../src/report/html/explained-mistakes.js";
import { html } from "../../src/report/html/markup.js";
import { trainingPage } from "../../src/report/html/training-page.js";
import { mistakesOf } from "../../src/report/mistakes.js";
import type { Explain, Explanation } from "../../src/run/explain.js";
import { imbalanced, inventedExplanation, inventedResult, multiLabel } from "./invented-results.js";

const shown = (explanation: Explanation, longest = 1000) =>
  parseHTML(
    `<!doctype html><html><body>${html`<p>${markedText(explanation, longest)}</p>`.text}</body></html>`,
  ).document.querySelector("p")!;

test("words are marked by how strongly they speak for or against, and the text stays as it is", () => {
  const text = "win <b>cash</b>\n  now or  never ";
  const found = shown(inventedExplanation(text, "spam", [3, -1.5, 0.4, 0.1, 0]));
  expect(found.textContent).toBe(text);
  expect([...found.querySelectorAll("mark")].map((mark) => [mark.textContent, mark.className])).toEqual([
    ["win", "for s3"],
    ["<b>cash</b>", "against s2"],
  ]);
  expect(shown(inventedExplanation("no word counts", "spam", [0])).querySelectorAll("mark")).toHaveLength(0);
  expect(shown(inventedExplanation("", "spam", [1])).textContent).toBe("");
});

test("of a pair the words of both texts are marked, with a line break between", () => {
  const { words, ...explanation } = inventedExplanation("pay now", "scam", [3, 0]);
  const pair = "never tell";
  const second = inventedExplanation(pair, "scam", [0.1, -2.5]).words.map((word) => ({
    ...word,
    pair: true as const,
  }));
  const found = shown({ ...explanation, pair, words: [...words, ...second] });
  expect(found.textContent).toBe("pay now\nnever tell");
  expect([...found.querySelectorAll("mark")].map((mark) => [mark.textContent, mark.className])).toEqual([
    ["pay", "for s3"],
    ["tell", "against s3"],
  ]);
});

test("a long text is cut", () => {
  expect(shown(inventedExplanation("one two three four", "spam", [1]), 9).textContent).toBe("one two t…");
  expect(shown(inventedExplanation("one two", "spam", [1]), 7).textContent).toBe("one two");
});

test("the first mistakes are explained by the label that made them wrong, and the page shows it", async () => {
  const result = inventedResult(imbalanced);
  const { labels } = result.data;
  const { judged } = result.test;
  const explain: Explain = async ({ text }, { label }) => inventedExplanation(text, label, [1, -0.5]);
  const explanations = await explainMistakes({ labels, judged }, explain, result.model);
  const first = mistakesOf(judged).slice(0, SHOWN);
  expect([...explanations.keys()]).toEqual(first);
  expect([...explanations.values()].map(({ label }) => label)).toEqual(
    first.map(({ predictedIds }) => labels[predictedIds[0]!]),
  );
  const { document } = parseHTML(trainingPage(result, explanations));
  const texts = [...document.querySelectorAll(".mistakes blockquote")];
  expect(texts[0]!.textContent).toBe(first[0]!.text);
  expect(texts.slice(0, SHOWN).every((text) => text.querySelector("mark.for.s3") !== null)).toBe(true);
  expect(texts.slice(SHOWN).some((text) => text.querySelector("mark") !== null)).toBe(false);
});

test("of several wrong labels the surest is explained, a missed one only where none is wrongly given", async () => {
  const { data, model } = inventedResult(multiLabel);
  const answer = { text: "a", row: 1, labelIds: [0, 3], probabilities: [0.1, 0.7, 0.8, 0.4, 0.1] };
  const asked: string[] = [];
  const explain: Explain = async ({ text }, { label }) => {
    asked.push(label);
    return inventedExplanation(text, label, [1]);
  };
  const judged = [
    { ...answer, predictedIds: [1, 2] },
    { ...answer, predictedIds: [] },
  ];
  await explainMistakes({ labels: data.labels, judged }, explain, model);
  expect(asked.sort()).toEqual([data.labels[2], data.labels[3]].sort());
});

test.each([
  ["a small model explains all that are shown", { layers: 4, hiddenSize: 256 }, SHOWN],
  // 256 tokens of BERT-base: the third of 100 each is begun with 56 left.
  ["BERT-base", { layers: 12, hiddenSize: 768 }, 3],
  // 12·768² / (24·1024²) of 256 are 72 tokens.
  ["BERT-large", { layers: 24, hiddenSize: 1024 }, 1],
])("how many are explained depends on sizes alone: %s", async (_name, size, texts) => {
  const text = Array.from({ length: 100 }, (_, i) => `word${i}`).join(" ");
  const judged = Array.from({ length: 12 }, (_, row) => ({
    text,
    row,
    labelIds: [0],
    predictedIds: [1],
    probabilities: [0.1 + row / 1000, 0.9 - row / 1000],
  }));
  const result = inventedResult(imbalanced);
  const steps = new Set<number>();
  const explain: Explain = async ({ text: asked }, options) => {
    steps.add(options.steps);
    return inventedExplanation(asked, options.label, [1, -0.5]);
  };
  const found = await explainMistakes({ labels: ["a", "b"], judged }, explain, size);
  expect([...found.keys()].map(({ row }) => row)).toEqual(Array.from({ length: texts }, (_, row) => row));
  expect(steps.size).toBe(1); // more for some texts would be work that nobody counts
  const test = { ...result.test, judged };
  const section = parseHTML(trainingPage({ ...result, test }, found)).document.querySelector("#mistakes")!;
  const told = texts === 1 ? "Only the first text has marks." : `Only the first ${texts} texts have marks.`;
  expect(section.textContent).toContain(told); // twelve are open to see
  expect(
    [...section.querySelectorAll("blockquote")].filter((shown) => shown.querySelector("mark")),
  ).toHaveLength(texts);
});
