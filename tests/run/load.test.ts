import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { load } from "textgraft";
import { afterAll, describe, expect, test } from "vitest";
import { inventedRows } from "../support/tiny-model.js";
import { readJson, tinyOptions, tinyWorkplace, trained } from "./train-tiny.js";

const rows = inventedRows(120);
const { folder, model } = await tinyWorkplace();
const output = join(folder, "model");
const { result } = await trained({ ...tinyOptions, model, output, data: rows, maxLength: 16 });
const classifier = await load(output, { threads: 2 });
afterAll(() => classifier.close());
const texts = inventedRows(70, undefined, 1).map(({ text }) => text);

describe("a loaded classifier", () => {
  test("knows its labels, its length and where it lies", () => {
    const { labels, maxLength, folder: path, tokenizer } = classifier;
    expect({ labels, maxLength, path }).toEqual({
      labels: ["garden", "kitchen", "sea"],
      maxLength: 16,
      path: output,
    });
    expect(tokenizer.encode("the old whale").inputIds).toHaveLength(5);
  });

  test("answers as the model did that was trained", async () => {
    const { judged } = result.test;
    const predictions = await classifier.predict(judged.map(({ text }) => text));
    for (const [i, { text, predictedIds, probabilities }] of judged.entries()) {
      expect(predictions[i]).toMatchObject({ text, label: classifier.labels[predictedIds[0]!] });
      for (const [id, label] of classifier.labels.entries())
        expect(Math.abs(predictions[i]!.scores[label]! - probabilities[id]!)).toBeLessThan(1e-5);
    }
  });

  test("gives each text its probabilities, in the order of the texts", async () => {
    const predictions = await classifier.predict(texts);
    expect(predictions.map(({ text }) => text)).toEqual(texts);
    for (const { label, score, scores } of predictions) {
      expect(Object.keys(scores)).toEqual(classifier.labels);
      expect(Object.values(scores).reduce((a, b) => a + b)).toBeCloseTo(1, 10);
      expect(score).toBe(Math.max(...Object.values(scores)));
      expect(scores[label!]).toBe(score);
    }
  });

  test.each<[unknown, string]>([
    [undefined, "Text 1 of those given is undefined; it must be a string."],
    [["sea", null], "Text 2 of those given is null; it must be a string."],
    [["sea", 7], "Text 2 of those given is a number; it must be a string."],
    [{ text: "sea" }, "Text 1 of those given is an object with text; it must be a string."],
    [{ text: "sea", pair: "land" }, 'This model reads single texts, but "sea" comes with a second one.'],
  ])("refuses %j, which JavaScript may give, with its place", async (given, message) => {
    for (const verb of ["predict", "explain"] as const)
      await expect(classifier[verb](given as string)).rejects.toMatchObject({
        code: "option-invalid",
        message,
      });
  });

  test("answers the same for one text and for many", async () => {
    const many = await classifier.predict(texts);
    for (const [i, text] of texts.slice(0, 10).entries()) {
      const one = await classifier.predict(text);
      expect(one.label).toBe(many[i]!.label);
      for (const label of classifier.labels)
        expect(Math.abs(one.scores[label]! - many[i]!.scores[label]!)).toBeLessThan(1e-6);
    }
    expect(await classifier.predict([])).toEqual([]);
    expect(await classifier.predict([texts[0]!])).toHaveLength(1);
  });

  test("answers several at a time", async () => {
    const wanted = await classifier.predict(texts);
    const found = await Promise.all(texts.slice(0, 5).map((text) => classifier.predict(text)));
    expect(found.map(({ label }) => label)).toEqual(wanted.slice(0, 5).map(({ label }) => label));
  });

  test("cuts what is longer than its length, and reads nothing into empty texts", async () => {
    const words = "wave soup rose the old ship with salt and bread in my garden today again small".split(" ");
    const long = words.join(" ");
    const cut = words.slice(0, 14).join(" "); // and the two special tokens
    expect((await classifier.predict(long)).scores).toEqual((await classifier.predict(cut)).scores);
    const nothing = await classifier.predict("");
    expect((await classifier.predict(" \n")).scores).toEqual(nothing.scores);
  });

  test("tells how far it is", async () => {
    const told: [number, number][] = [];
    await classifier.predict(texts, { onProgress: (done, total) => told.push([done, total]) });
    expect(told.at(-1)).toEqual([70, 70]);
    expect(told.length).toBeGreaterThan(1);
    expect(told.map(([done]) => done)).toEqual(told.map(([done]) => done).toSorted((a, b) => a - b));
  });
});

test("what a folder lacks or has wrong is told", async () => {
  await expect(load(join(folder, "none"))).rejects.toMatchObject({ code: "file-missing" });
  await expect(load(model)).rejects.toMatchObject({
    code: "model-invalid",
    message: expect.stringContaining("no textgraft.json"),
    fix: expect.stringContaining(`textgraft train DATA --model ${model}`),
  });
  const copy = join(folder, "copy");
  const facts = await readJson(output, "textgraft.json");
  for (const [change, message] of [
    [{ formatVersion: 2 }, "formatVersion is 2; it must be 1"],
    [{ head: "cnn" }, 'head is "cnn"'],
    [{ problem: "regression" }, 'problem is "regression"'],
    [{ labels: ["one"] }, "labels is"],
    [{ labels: [1, 2, 3] }, "labels is"],
    [{ maxLength: "long" }, 'maxLength is "long"'],
    [{ maxLength: 65 }, "maxLength is 65, but the model has only 64 positions"],
  ] as const) {
    await cp(output, copy, { recursive: true });
    await writeFile(join(copy, "textgraft.json"), JSON.stringify({ ...facts, ...change }));
    await expect(load(copy)).rejects.toMatchObject({
      code: "model-invalid",
      message: expect.stringContaining(message),
    });
  }
  // Weights of another head than the one that is named.
  await writeFile(join(copy, "textgraft.json"), JSON.stringify({ ...facts, head: "mlp" }));
  await expect(load(copy)).rejects.toMatchObject({
    code: "weights-invalid",
    message: expect.stringContaining("fc1"),
  });
  await writeFile(join(copy, "textgraft.json"), JSON.stringify({ ...facts, labels: ["a", "b"] }));
  await expect(load(copy)).rejects.toMatchObject({ code: "weights-invalid" });
  await rm(copy, { recursive: true });
});

test("after close nothing is answered, and closing again does no harm", async () => {
  const closed = await load(output);
  expect(await closed.predict(texts)).toHaveLength(70);
  await closed.close();
  await expect(closed.predict("too late")).rejects.toThrow(/closed/);
  await closed.close();
});

describe("a process ends by itself", () => {
  /** Runs a program that imports the package. */
  const runProgram = async (body: string) => {
    const program = `
      import { load, train } from ${JSON.stringify(import.meta.resolve("textgraft"))};
      const [output, model] = ${JSON.stringify([output, model])};
      ${body}
    `;
    const args = ["--input-type=module", "--eval", program];
    return promisify(execFile)(process.execPath, args, { timeout: 60_000 });
  };

  test.each([
    ["after close", "await classifier.close();"],
    ["although nobody closes", ""],
  ])("%s", async (_name, end) => {
    const { stdout } = await runProgram(`
      const classifier = await load(output);
      const { label } = await classifier.predict(${JSON.stringify(texts[0])});
      ${end}
      console.log(label);
    `);
    expect(stdout.trim()).toBe((await classifier.predict(texts[0]!)).label);
  });

  test("but not before a training that nobody awaits has saved its model", async () => {
    const options = { ...tinyOptions, epochs: 1, data: rows.slice(0, 60) };
    const saved = join(folder, "unwatched");
    await runProgram(`train({ ...${JSON.stringify(options)}, model, output: ${JSON.stringify(saved)} });`);
    expect(existsSync(join(saved, "model.safetensors"))).toBe(true);
    expect(await readFile(join(saved, "config.json"), "utf8")).toContain("garden");
  });
});
