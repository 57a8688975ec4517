import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { expect, test } from "vitest";
import { csvOf, readJson, tinyOptions, tinyWorkplace } from "../run/train-tiny.js";
import { inventedRows } from "../support/tiny-model.js";
import { runBuilt, runStopped } from "./run-in-process.js";

const { folder, model } = await tinyWorkplace();
const at = (name: string): string => join(folder, name);
const rows = at("rows.csv");
await writeFile(rows, csvOf(inventedRows(60)));

const flags = [
  ["--model", model],
  ["--epochs", String(tinyOptions.epochs)],
  ["--batch-size", String(tinyOptions.batchSize)],
  ["--learning-rate", String(tinyOptions.learningRate)],
  ["--max-length", String(tinyOptions.maxLength)],
  ["--threads", String(tinyOptions.threads)],
].flat();

const train = (output: string, ...more: string[]): string[] => [
  "train",
  rows,
  "--output",
  at(output),
  ...flags,
  ...more,
];

const records = async (path: string): Promise<Record<string, string>[]> =>
  parse(await readFile(path), { columns: true });

/** The numbers of a table's line that begins with `name`. */
function numbersOf(table: string, name: string): number[] {
  const line = table.split("\n").find((each) => each.trimStart().startsWith(`${name} `));
  return line!.trim().slice(name.length).trim().split(/ {2,}/).map(Number);
}

const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;

/** Of the sample. */
const deviationOf = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, value) => sum + (value - meanOf(values)) ** 2, 0) / (values.length - 1));

test("--cv tells each fold, mean and spread, and writes an answer to each row", async () => {
  const { stdout, stderr, code } = await runBuilt(...train("cv", "--cv", "3"));
  expect(code).toBe(0);
  expect(stderr.match(/^Fold \d of 3: accuracy/gm)).toHaveLength(3);
  const answers = await records(join(at("cv"), "out-of-fold.csv"));
  expect(answers.map(({ row }) => row)).toEqual(inventedRows(60).map((_, i) => String(i + 1)));
  const [, table] = stdout.split("Cross-validation\n");
  const accuracies = [1, 2, 3].map((fold) => numbersOf(table!, `fold ${fold}`)[1]!);
  const [mean, deviation, least, most] = numbersOf(table!, "accuracy");
  expect(Math.abs(mean! - meanOf(accuracies))).toBeLessThan(1e-4);
  expect(Math.abs(deviation! - deviationOf(accuracies))).toBeLessThan(2e-4);
  expect([least, most]).toEqual([Math.min(...accuracies), Math.max(...accuracies)]);
  const right = answers.filter(({ label, predicted }) => label === predicted).length;
  expect(right / 60).toBeCloseTo(mean!, 3); // folds of the same size
  expect(await readJson(at("cv"), "metrics.json")).toMatchObject({ texts: 60, mistakes: 60 - right });
  expect(await readFile(join(at("cv"), "report.txt"), "utf8")).toBe(stdout);
});

test("--seeds tells each training, the spread, and which one is kept", async () => {
  const { stdout, stderr, code } = await runBuilt(...train("seeds", "--seeds", "3", "--seed", "7"));
  expect(code).toBe(0);
  expect(stderr.match(/^Seed (7|8|9) \(\d of 3\): accuracy/gm)).toHaveLength(3);
  const [, table] = stdout.split("Seeds\n");
  const runs = [7, 8, 9].map((seed) => numbersOf(table!, `seed ${seed}`));
  const [mean, deviation] = numbersOf(table!, "loss");
  const losses = runs.map((numbers) => numbers[3]!);
  expect(Math.abs(mean! - meanOf(losses))).toBeLessThan(1e-4);
  expect(Math.abs(deviation! - deviationOf(losses))).toBeLessThan(2e-4);
  const kept = /^ *seed (\d) .*kept$/m.exec(table!)![1];
  const validation = runs.map(([loss]) => loss!);
  expect(Number(kept)).toBe(7 + validation.indexOf(Math.min(...validation)));
  expect((await readdir(at("seeds"))).includes("out-of-fold.csv")).toBe(false);
  expect(await readJson(at("seeds"), "textgraft.json")).toMatchObject({
    run: { seeds: { chosen: Number(kept), runs: [{ seed: 7 }, { seed: 8 }, { seed: 9 }] } },
  });
});

test.each<[string[], string, string]>([
  [["--cv", "1"], "--cv is 1: one fold leaves nothing to train on.", "Use --cv 5, for example."],
  [["--cv", "abc"], '--cv is "abc"; it must be a whole number from 0 to 100.', "For example --cv 0."],
  [["--cv", "2.5"], '--cv is "2.5"; it must be a whole number from 0 to 100.', "For example --cv 0."],
  [["--seeds", "0"], '--seeds is "0"; it must be a whole number of at least 1.', "For example --seeds 1."],
  [
    ["--seeds", "many"],
    '--seeds is "many"; it must be a whole number of at least 1.',
    "For example --seeds 1.",
  ],
  [["--cv", "3", "--seeds", "2"], "--cv and --seeds both ask for several trainings.", "Give one of them"],
  [
    ["--cv", "25"],
    `${rows}: 25-fold cross-validation needs 25 different texts of each label; too few have "garden" (20), "kitchen" (20), "sea" (20).`,
    "or use 20 folds.",
  ],
])("%j is refused, with what to do, and nothing is written", async (more, message, fix) => {
  const { stdout, stderr, code } = await runBuilt(...train("refused", ...more));
  expect(stderr).toContain(`Error: ${message}\n`);
  expect(stderr).toContain(fix);
  expect({ stdout, code }).toEqual({ stdout: "", code: 2 });
  await expect(stat(at("refused"))).rejects.toMatchObject({ code: "ENOENT" });
});

test("Ctrl-C during folds keeps those that have ended, and says how many they are", async () => {
  const { stdout, stderr, code } = await runStopped(/^Fold 2 of 4/m, ...train("stopped", "--cv", "4"));
  expect(code).toBe(130);
  expect(stderr).toContain(
    "Stopping after this step; what the folds came to that have ended will be written. Ctrl-C again ends at once.",
  );
  const kept = `${at("stopped")}-folds`;
  expect(stderr).toContain(
    `Error: Stopped after 2 of 4 folds: there is no model; what they came to is in ${kept}.`,
  );
  expect(stdout).toContain("\nStopped after 2 of 4 folds: 30 of the 60 texts were tested");
  expect(stdout).toContain("\nThe 30 texts of these folds, each as tested in its fold\n");
  expect(stdout).not.toMatch(/each row was tested|all are tested|The saved model/);
  expect(await readFile(join(kept, "report.txt"), "utf8")).toBe(stdout);
  expect(await records(join(kept, "out-of-fold.csv"))).toHaveLength(30);
  await expect(stat(at("stopped"))).rejects.toMatchObject({ code: "ENOENT" });
});

test("with --json the folds that ended are an object that says so", async () => {
  const { stdout, code } = await runStopped(/^Fold 1 of 3/m, ...train("stopped-json", "--cv", "3", "--json"));
  expect(code).toBe(130);
  const { crossValidation, test: tested, folder: saved } = JSON.parse(stdout);
  expect(crossValidation).toMatchObject({ stoppedAfter: { ended: 1, total: 3 }, folds: [{ number: 1 }] });
  expect(tested.texts).toBe(20);
  expect(saved).toBeUndefined();
});

test("Ctrl-C between seeds saves the best of those that ended, and says how many they are", async () => {
  const { stdout, code } = await runStopped(/^Seed 42 /m, ...train("stopped-seeds", "--seeds", "3"));
  expect(code).toBe(130);
  expect(stdout).toContain("Stopped after 1 of 3 seeds: the kept model");
  expect(await readJson(at("stopped-seeds"), "textgraft.json")).toMatchObject({
    run: { seeds: { stoppedAfter: { ended: 1, total: 3 } } },
  });
});
