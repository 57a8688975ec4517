import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { load, type TextClassifier } from "textgraft";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inventedRows } from "../support/tiny-model.js";
import { readJson, tinyOptions, tinyWorkplace, trained } from "./train-tiny.js";

const { folder, model } = await tinyWorkplace();
const output = join(folder, "model");

/** The label says of what the second text is; the first could be of anything. */
const questions = inventedRows(120, ["kitchen", "sea", "garden"], 1);
const rows = inventedRows(120, ["sea", "garden"]).map(({ text, label }, i) => ({
  question: questions[i]!.text,
  answer: text,
  label,
}));
const file = join(folder, "pairs.jsonl");
const input = { ...tinyOptions, model, output, data: file, text: "question", text2: "answer", epochs: 6 };

/** The built command line, whose workers start from JavaScript. */
function cli(...args: string[]) {
  const program = new URL("../../dist/app/cli.js", import.meta.url).pathname;
  const { stdout, stderr, status } = spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });
  return { stdout, stderr, code: status };
}

let result: Awaited<ReturnType<typeof trained>>["result"];
beforeAll(async () => {
  await writeFile(file, rows.map((row) => JSON.stringify(row)).join("\n"));
  ({ result } = await trained(input));
});

test("a training on pairs reads both texts, and saves that it does", async () => {
  expect(result.test.metrics.accuracy).toBeGreaterThan(0.8); // the first texts tell nothing
  expect(result.data).toMatchObject({ textColumn: "question", pairColumn: "answer", labelColumn: "label" });
  expect(await readJson(output, "textgraft.json")).toMatchObject({ pairs: true });
  const { text, pair } = result.test.judged[0]!;
  expect(rows.find(({ question }) => question === text)?.answer).toBe(pair);
});

test("the saved model answers as the trained one, and wants pairs", async () => {
  const classifier = await load(output);
  try {
    expect(classifier.pairs).toBe(true);
    const answers = await classifier.predict(
      result.test.judged.map(({ text, pair }) => ({ text, pair: pair! })),
    );
    for (const [i, { scores, pair }] of answers.entries()) {
      const { probabilities, pair: judgedPair } = result.test.judged[i]!;
      expect(pair).toBe(judgedPair);
      for (const [id, label] of classifier.labels.entries())
        expect(scores[label]).toBeCloseTo(probabilities[id]!, 4);
    }
    const [swapped] = await classifier.predict([{ text: rows[0]!.answer, pair: rows[0]!.question }]);
    const [right] = await classifier.predict([{ text: rows[0]!.question, pair: rows[0]!.answer }]);
    expect(Math.abs(swapped!.score - right!.score)).toBeGreaterThan(1e-4);
    await expect(classifier.predict("alone")).rejects.toMatchObject({
      code: "option-invalid",
      message: 'This model reads pairs of texts, but "alone" stands alone.',
    });
    await expect(
      classifier.predict({ text: "alone", pair: undefined as unknown as string }),
    ).rejects.toMatchObject({
      code: "option-invalid",
      message: expect.stringContaining("it must be a pair of strings"),
    });
  } finally {
    await classifier.close();
  }
});

describe("explanations", () => {
  let classifier: TextClassifier;
  beforeAll(async () => {
    classifier = await load(output);
  });
  afterAll(() => classifier.close());
  const sum = (words: readonly { score: number }[]): number =>
    words.reduce((total, { score }) => total + score, 0);

  test("scores add up to what the words of both texts change, beside both texts masked", async () => {
    const { question: text, answer: pair } = rows[1]!;
    const found = await classifier.explain({ text, pair });
    const answer = await classifier.predict({ text, pair });
    expect(found).toMatchObject({ text, pair, label: answer.label, unread: 0 });
    const masked = (words: string) => words.replaceAll(/\S+/g, "[MASK]");
    const baseline = await classifier.predict({ text: masked(text), pair: masked(pair) });
    const logOdds = (p: number) => Math.log(p / (1 - p));
    const p = answer.scores[found.label]!;
    const p0 = baseline.scores[found.label]!;
    expect(found.baseline.probability).toBeCloseTo(p0, 4);
    expect(Math.abs(sum(found.words) - (logOdds(p) - logOdds(p0)))).toBeLessThan(0.06);
    expect(sum(found.tokens)).toBeCloseTo(sum(found.words), 10);
  });

  test("words stand in the text that they are of, and count where the model looks", async () => {
    const shown = await classifier.explain({
      text: "my whale and tide",
      pair: "we saw two old whales, wave",
    });
    const words = (second: boolean) => shown.words.filter(({ pair }) => (pair ?? false) === second);
    expect(words(false).map(({ text }) => text)).toEqual(["my", "whale", "and", "tide"]);
    expect(words(true).map(({ text }) => text)).toEqual(["we", "saw", "two", "old", "whales", ",", "wave"]);
    for (const { text, start, end, pair } of shown.words)
      expect((pair ? shown.pair! : shown.text).slice(start, end)).toBe(text);
    // The label says of what the second text is.
    const [sea, garden] = ["the wave and the anchor saw a whale", "the rose and the tulip saw a hedge"];
    for (const [text, pair, sign] of [
      [sea, garden, -1],
      [garden, sea, 1],
    ] as const) {
      const { words: all } = await classifier.explain({ text, pair }, { label: "sea" });
      const second = sum(all.filter((word) => word.pair));
      expect(sign * second).toBeGreaterThan(0.3);
    }
  });

  test("of long pairs what was read has scores, in both texts", async () => {
    const text = Array(40).fill("wave").join(" ");
    const pair = "the rose we saw";
    const found = await classifier.explain({ text, pair });
    expect(found.words.filter((word) => word.pair).map((word) => word.text)).toEqual(pair.split(" "));
    const room = classifier.maxLength - classifier.tokenizer.pairTokens;
    expect(found.words).toHaveLength(room);
    expect(found.unread).toBe(44 - room);
    expect(found.words.every(({ score }) => score !== 0)).toBe(true);
  });

  test("the command shows both texts; a text alone is refused", async () => {
    const args = ["the old kettle", "my whale and tide"];
    const { stdout, code } = cli("explain", output, ...args, "--label", "sea");
    expect(code).toBe(0);
    expect(stdout).toMatch(/\ntext 1: .*kettle.*\ntext 2: .*whale .*tide.*\n\nFor sea +score +share +in\n/);
    expect(stdout).toMatch(/^ {2}(whale|tide) +\+\d\.\d\d +\d+\.\d % +text 2$/m);
    const json = cli("explain", output, ...args, "--json");
    expect(JSON.parse(json.stdout)).toEqual(await classifier.explain({ text: args[0]!, pair: args[1]! }));
    const columns = cli(
      "explain",
      output,
      "--input",
      file,
      "--text",
      "answer",
      "--text2",
      "question",
      "--method",
      "gradient",
      "--json",
    );
    const [first] = columns.stdout.split("\n", 1);
    expect(JSON.parse(first!)).toMatchObject({ text: rows[0]!.answer, pair: rows[0]!.question });
    const one = cli("explain", output, "alone");
    expect(one.stderr).toContain("This model reads pairs of texts, and there is 1 text as arguments.");
    expect(one.code).toBe(2);
    await expect(classifier.explain("alone")).rejects.toMatchObject({ code: "option-invalid" });
  });
});

test("predict and evaluate find the columns that the model was trained with", async () => {
  const labelled = join(folder, "labelled.csv");
  const predicted = cli("predict", output, "--input", file, "--output", labelled);
  expect(predicted).toMatchObject({ code: 0 });
  expect(predicted.stderr).toContain('Texts are in column "question" and "answer" (guessed;');
  const found = parse(await readFile(labelled), { columns: true }) as Record<string, string>[];
  expect(found.map(({ question, answer, label }) => ({ question, answer, label }))).toEqual(rows);
  const evaluated = cli("evaluate", output, file, "--json");
  expect(evaluated.code).toBe(0);
  const right = found.filter(({ label, predicted_label }) => label === predicted_label).length;
  expect(JSON.parse(evaluated.stdout)).toMatchObject({ texts: rows.length, accuracy: right / rows.length });
});

test("arguments come in twos", () => {
  const { question, answer } = rows[0]!;
  const both = cli("predict", output, question, answer, "--json");
  expect(JSON.parse(both.stdout)).toMatchObject({ text: question, pair: answer });
  const one = cli("predict", output, question);
  expect(one.stderr).toContain("This model reads pairs of texts, and there is 1 text as arguments.");
  expect(one.code).toBe(2);
});

test("rows of a program may be pairs; other ways to read long texts are refused", async () => {
  const data = rows.map(({ question, answer, label }) => ({ text: question, pair: answer, label }));
  const again = await trained({ ...tinyOptions, model, output: join(folder, "again"), data, epochs: 6 });
  expect(again.result.test.judged.map(({ pair }) => pair)).toEqual(
    result.test.judged.map(({ pair }) => pair),
  );
  expect(again.result.test.loss).toBe(result.test.loss);
  for (const given of [{ data }, { text: "question", text2: "answer" }]) {
    await expect(
      trained({ ...input, output: join(folder, "none"), ...given, long: "windows" }),
    ).rejects.toMatchObject({
      code: "option-invalid",
      message: expect.stringContaining("--long is windows, but the texts are pairs"),
    });
  }
  const lacking = [...data, { text: "alone", label: "sea" }];
  await expect(trained({ ...input, output: join(folder, "none"), data: lacking })).rejects.toMatchObject({
    code: "data-invalid",
    message: expect.stringContaining("row 121: pair is undefined"),
  });
});
