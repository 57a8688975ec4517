import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { load } from "textgraft";
import { expect, test } from "vitest";
import { tinyOptions, tinyWorkplace, trained } from "../run/train-tiny.js";
import { inventedRows } from "../support/tiny-model.js";
import { runBuilt } from "./run-in-process.js";

const { folder, model } = await tinyWorkplace();
const output = join(folder, "model");
await trained({ ...tinyOptions, model, output, data: inventedRows(60), epochs: 1 });

/** More rows than are predicted together, of different lengths. */
const texts = inventedRows(4500).map(({ text }) => text);
const input = join(folder, "in.csv");
await writeFile(input, ["id,text", ...texts.map((text, i) => `${i},"${text}"`)].join("\n"));
const labelled = join(folder, "out.csv");

test("many rows come out in their order, each with the answer that it gets alone", async () => {
  const run = await runBuilt("predict", output, "--input", input, "--output", labelled);
  expect(run).toMatchObject({ code: 0, stdout: "" });
  expect(run.stderr).toContain(`Wrote 4,500 rows to ${labelled}.`);
  const rows = parse(await readFile(labelled), { columns: true }) as Record<string, string>[];
  expect(rows.map(({ id }) => id)).toEqual(texts.map((_, i) => String(i)));
  expect(rows.map(({ text }) => text)).toEqual(texts);
  const classifier = await load(output);
  try {
    for (const i of [0, 1, 2047, 2048, 4095, 4096, 4499]) {
      const alone = await classifier.predict(texts[i]!);
      expect(rows[i]!.predicted_label).toBe(alone.label);
      expect(Math.abs(Number(rows[i]!.predicted_score) - alone.score)).toBeLessThan(1e-4);
    }
  } finally {
    await classifier.close();
  }
  const json = await runBuilt("predict", output, "--input", input, "--json");
  const lines = json.stdout.trimEnd().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as { text: string }).text)).toEqual(texts);
});

test("a run that fails leaves what was there, and no half file", async () => {
  await writeFile(labelled, "what was there");
  const bad = join(folder, "bad.csv");
  const empty = Array.from({ length: 500 }, (_, i) => `${4500 + i},`);
  await writeFile(bad, [(await readFile(input, "utf8")).trimEnd(), ...empty].join("\n"));
  const run = await runBuilt("predict", output, "--input", bad, "--output", labelled);
  expect(run.code).toBe(2);
  expect(await readFile(labelled, "utf8")).toBe("what was there");
  expect((await readdir(folder)).filter((name) => name.includes("part"))).toEqual([]);
});
