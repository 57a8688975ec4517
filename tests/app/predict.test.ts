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
  // On standard output neither, although the bad rows come behind thousands of good ones.
  const streamed = await runBuilt(
    "predict",
    output,
    "--input",
    bad,
    "--rejected",
    join(folder, "bad-rows.csv"),
  );
  expect(streamed).toMatchObject({ code: 2, stdout: "" });
  expect(streamed.stderr).toContain('500 of 5000 rows are bad: 500 rows have nothing in column "text"');
  expect(streamed.stderr).toContain(`They are listed in ${join(folder, "bad-rows.csv")}.`);
  expect(await records("bad-rows.csv")).toHaveLength(500);
  const skipped = await runBuilt("predict", output, "--input", bad, "--on-bad-row", "skip");
  expect(skipped.stdout.trimEnd().split("\n")).toHaveLength(4500);
});

const records = async (name: string): Promise<Record<string, string>[]> =>
  parse(await readFile(join(folder, name)), { columns: true });

/** 200 rows, of which row 7 has no text and row 120 too many values. */
const mixed = join(folder, "mixed.csv");
const good = inventedRows(198).map(({ text, label }) => `"${text}",${label}`);
const lines = [
  "text,label",
  ...good.slice(0, 6),
  ",sea",
  ...good.slice(6, 118),
  "one,two,sea",
  ...good.slice(118),
];
await writeFile(mixed, lines.join("\n"));

test.each<[verb: string, args: string[]]>([
  ["predict", ["predict", output, "--input", mixed]],
  ["explain", ["explain", output, "--input", mixed, "--method", "gradient"]],
  ["evaluate", ["evaluate", output, mixed]],
  ["compare", ["compare", output, output, mixed]],
  ["inspect", ["inspect", mixed, "--model", model]],
])("%s --rejected lists the rows that are left out, as training does", async (verb, args) => {
  const file = join(folder, `${verb}-rejected.csv`);
  const run = await runBuilt(...args, "--rejected", file);
  expect(run.code).toBe(0);
  expect(run.stderr).toMatch(new RegExp(`^Left out 2 (of 200 )?rows of .*; ${file} lists them\\.$`, "m"));
  expect(await records(`${verb}-rejected.csv`)).toEqual([
    { source: mixed, row: "7", line: "8", problem: 'nothing in column "text"', values: '"" "sea"' },
    {
      source: mixed,
      row: "120",
      line: "121",
      problem: "3 values, not 2 as the header has",
      values: '"one" "two" "sea"',
    },
  ]);
  const untold = await runBuilt(...args);
  expect(untold.stderr).toContain("; --rejected FILE lists them.");
});

test("where no row is bad, the list has only its header: nothing old stays in it", async () => {
  const file = join(folder, "predict-rejected.csv");
  const clean = join(folder, "clean.csv");
  await writeFile(clean, "text\nthe old whale\n");
  expect((await runBuilt("predict", output, "--input", clean, "--rejected", file)).code).toBe(0);
  expect(await readFile(file, "utf8")).toBe("source,row,line,problem,values\n");
});

test.each<[string[], string]>([
  [["--input", mixed, "--rejected", "-"], "--rejected is -, but results alone go to standard output."],
  [["--input", mixed, "--rejected", mixed], `--rejected ${mixed} is the input itself.`],
  [["a text", "--rejected", "bad.csv"], "--rejected bad.csv is for rows of a file"],
])("%j is refused", async (args, message) => {
  const { stdout, stderr, code } = await runBuilt("predict", output, ...args);
  expect(stderr).toContain(message);
  expect({ stdout, code }).toEqual({ stdout: "", code: 2 });
});
