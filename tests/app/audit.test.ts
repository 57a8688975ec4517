import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { expect, test } from "vitest";
import { csvOf, tinyWorkplace } from "../run/train-tiny.js";
import { inventedRows } from "../support/tiny-model.js";
import { runBuilt, runStopped } from "./run-in-process.js";

const { folder, model } = await tinyWorkplace();
const at = (name: string): string => join(folder, name);

/** Two topics that are easily told apart, and a text of which every word says that its label is wrong. */
const rows = inventedRows(200, ["sea", "kitchen"]);
const flipped = { text: "wave ship harbour salt sail anchor tide whale island storm", label: "kitchen" };
const wrongRow = 41; // counted from 1
const data = at("rows.csv");
await writeFile(data, csvOf([...rows.slice(0, wrongRow - 1), flipped, ...rows.slice(wrongRow - 1)]));

const audit = (...more: string[]): string[] => [
  ...["audit", data, "--model", model, "--cv", "3", "--threads", "2", "--max-length", "32"],
  ...["--epochs", "8", "--batch-size", "16", "--learning-rate", "0.01"],
  ...more,
];

test("a label that is plainly wrong comes first, and the CSV is ready to be worked through", async () => {
  const output = at("corrections.csv");
  const { stdout, stderr, code } = await runBuilt(...audit("--output", output));
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^3 trainings in .*: each of the 201 texts was judged by a model that had not seen it\./,
  );
  expect(stdout).toContain(`\n  1. row ${wrongRow} is kitchen, may be sea: models are `);
  const file = await readFile(output, "utf8");
  expect(file.split("\n")[0]).toBe("rank,row,label,suggested,correct,probability,reason,text");
  const found = parse(file, { columns: true }) as Record<string, string>[];
  expect(stderr).toContain(`Wrote ${found.length} row${found.length === 1 ? "" : "s"} to ${output}`);
  expect(found.map(({ rank }) => Number(rank))).toEqual(found.map((_, i) => i + 1));
  expect(found[0]).toMatchObject({
    row: String(wrongRow),
    label: "kitchen",
    suggested: "sea",
    correct: "",
    text: flipped.text,
  });
  for (const { row, label, suggested, probability } of found) {
    expect(label).not.toBe(suggested);
    expect(Number(probability)).toBeGreaterThan(0);
    if (Number(row) !== wrongRow)
      expect(label).toBe(rows[Number(row) - (Number(row) < wrongRow ? 1 : 2)]!.label);
  }
  const sure = found.map(({ probability }) => Number(probability)); // two labels: the surest has the lowest margin
  expect(sure).toEqual([...sure].sort((a, b) => b - a));
});

test("--output - is the CSV alone", async () => {
  const { stdout, code } = await runBuilt(...audit("--output", "-", "--quiet"));
  expect(code).toBe(0);
  expect(parse(stdout, { columns: true })[0]).toMatchObject({ rank: "1", row: String(wrongRow) });
});

test.each<[string[], string]>([
  [["--cv", "1"], "--cv is 1: one fold leaves nothing to train on."],
  [["--cv", "abc"], '--cv is "abc"; it must be a whole number from 0 to 100.'],
  [["--output", "no-such-folder/x.csv"], "--output no-such-folder/x.csv can't be written"],
  [["--output", "-", "--json"], "--json and --output - both ask for standard output."],
])("%j is refused", async (more, message) => {
  const { stdout, stderr, code } = await runBuilt(...audit(...more));
  expect(stderr).toContain(`Error: ${message}`);
  expect({ stdout, code }).toEqual({ stdout: "", code: 2 });
});

test("Ctrl-C ranks the rows that were judged, and says of how many nothing is known", async () => {
  const output = at("part.csv");
  const { stdout, stderr, code } = await runStopped(/^Fold 2 of 3/m, ...audit("--output", output));
  expect(code).toBe(130);
  const line =
    /^Stopped after 2 of 3 trainings, in .*: (\d+) texts were judged, .* The other (\d+) were not/m;
  const [, judged, others] = line.exec(stdout)!.map(Number);
  expect(judged! + others!).toBe(201);
  expect(Math.abs(others! - 67)).toBeLessThanOrEqual(2);
  expect(stderr).toMatch(line); // where the file is all that one looks at
  expect((await readFile(output, "utf8")).split("\n")[0]).toContain("rank,row,label");
});

test("Ctrl-C before a training has ended leaves nothing", async () => {
  const { stdout, stderr, code } = await runStopped(/^Read /m, ...audit());
  expect({ stdout, code }).toEqual({ stdout: "", code: 130 });
  expect(stderr).toContain("Stopping; no training has ended, so there is no result.");
});
