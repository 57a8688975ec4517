import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exportOnnx, load } from "textgraft";
import { describe, expect, test } from "vitest";
import { random } from "../../src/base/random.js";
import { inventedRows } from "../support/tiny-model.js";
import { readJson, tinyOptions, tinyWorkplace, trained } from "./train-tiny.js";

const { folder, model } = await tinyWorkplace();
/** Texts of 6 to 19 words: some are longer than what is read at once. */
const rows = inventedRows(120);
const wordsOf = (text: string): string[] => text.split(" ");
const long = rows.map(({ text }) => text).filter((text) => wordsOf(text).length >= 14);

describe.each([
  { long: "tail", parts: (words: string[]) => [words.slice(-8)] },
  { long: "head+tail", parts: (words: string[]) => [[...words.slice(0, 4), ...words.slice(-4)]] },
  {
    long: "windows",
    stride: 3,
    parts: (words: string[]) => {
      const windows: string[][] = [];
      for (let start = 0; ; start += 5) {
        windows.push(words.slice(start, start + 8));
        if (start + 8 >= words.length) return windows;
      }
    },
  },
] as const)("--long $long", async ({ parts, ...options }) => {
  const output = join(folder, options.long);
  const input = { ...tinyOptions, ...options, model, output, data: rows, maxLength: 10, epochs: 2 };
  const { result } = await trained(input);
  const facts = await readJson(output, "textgraft.json");
  const stride = options.long === "windows" ? 3 : 0;

  test("is saved with the model and told", () => {
    expect(facts).toMatchObject({ maxLength: 10, long: options.long, stride, windowPooling: "mean" });
    const { model: told, data, options: used } = result;
    expect(told).toMatchObject({ maxLength: 10, long: options.long, stride });
    expect(used.long).toBe(options.long);
    const { rows: texts } = data.parts.train;
    if (options.long === "windows") expect(told.trainPassages).toBeGreaterThan(texts);
    else expect(told.trainPassages).toBe(texts);
    expect(told.steps).toBe(2 * Math.ceil(told.trainPassages / 16));
  });

  test("doesn't keep a model from being exported", async () => {
    expect((await exportOnnx(output)).largestDifference).toBeLessThan(1e-4);
  });

  test("is what a loaded model does by itself: its answers are the mean over what is read", async () => {
    const classifier = await load(output, { threads: 2 });
    try {
      expect(classifier.long).toBe(options.long);
      expect(long.length).toBeGreaterThan(5);
      const whole = await classifier.predict(long);
      for (const [i, text] of long.entries()) {
        const pieces = parts(wordsOf(text)).map((words) => words.join(" "));
        const answers = await classifier.predict(pieces);
        for (const label of classifier.labels) {
          const mean = answers.reduce((sum, { scores }) => sum + scores[label]!, 0) / answers.length;
          expect(whole[i]!.scores[label]!).toBeCloseTo(mean, 5);
        }
      }
      // Nothing else than in the training, too.
      const judged = await classifier.predict(result.test.judged.map(({ text }) => text));
      for (const [i, { probabilities }] of result.test.judged.entries()) {
        for (const [id, label] of classifier.labels.entries())
          expect(judged[i]!.scores[label]!).toBeCloseTo(probabilities[id]!, 5);
      }
    } finally {
      await classifier.close();
    }
  });
});

describe("where only the end of a text tells its label", () => {
  const filler = "the a and old new with in my we saw two small again today".split(" ");
  const draw = random(9);
  const neutral = (count: number): string =>
    Array.from({ length: count }, () => filler[draw.int(filler.length)]).join(" ");
  const data = inventedRows(180, ["sea", "garden"], 5).map(({ text, label }) => ({
    text: `${neutral(12 + draw.int(9))} ${wordsOf(text).slice(0, 6).join(" ")}`,
    label,
  }));
  const accuracyOf = async (long: "head" | "tail" | "windows"): Promise<number> => {
    const output = join(folder, `end-${long}`);
    const input = { ...tinyOptions, model, output, data, maxLength: 10, epochs: 6, split: "plain" as const };
    return (await trained({ ...input, long })).result.test.metrics.accuracy;
  };

  test("its first tokens don't help, its last tokens and windows do", async () => {
    expect(await accuracyOf("head")).toBeLessThan(0.7);
    expect(await accuracyOf("tail")).toBeGreaterThan(0.8);
    expect(await accuracyOf("windows")).toBeGreaterThan(0.75);
  });
});

test("folders of before there was a choice read the first tokens; what can't be understood is told", async () => {
  const source = join(folder, "tail");
  const {
    long: _long,
    stride: _stride,
    windowPooling: _pooling,
    ...facts
  } = await readJson(source, "textgraft.json");
  const copy = join(folder, "old");
  await cp(source, copy, { recursive: true });
  const write = (changes: object) =>
    writeFile(join(copy, "textgraft.json"), JSON.stringify({ ...facts, ...changes }));
  const [text] = long;
  await write({});
  const classifier = await load(copy, { threads: 2 });
  try {
    expect(classifier.long).toBe("head");
    const first = wordsOf(text!).slice(0, 8).join(" ");
    expect((await classifier.predict(text!)).scores).toEqual((await classifier.predict(first)).scores);
  } finally {
    await classifier.close();
  }
  await write({ long: "windows", stride: 9 });
  const still = await load(copy, { threads: 2 });
  await expect(still.predict(text!)).rejects.toMatchObject({
    message: "--stride is 9, but a window of 10 tokens has only 8 of the text.",
  });
  await still.close();
  for (const [changes, message] of [
    [{ long: "middle" }, 'long is "middle"'],
    [{ long: "windows", stride: 10 }, "stride is 10"],
    [{ long: "windows", stride: -1 }, "stride is -1"],
    [{ windowPooling: "min" }, 'windowPooling is "min"'],
  ] as const) {
    await write(changes);
    await expect(load(copy)).rejects.toMatchObject({
      code: "model-invalid",
      message: expect.stringContaining(message) as string,
    });
  }
});
