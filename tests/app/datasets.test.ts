import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "csv-stringify/sync";
import { afterAll, describe, expect, test } from "vitest";
import { random } from "../../src/base/random.js";
import { emailRows } from "../datasets/emails.js";
import { eraRows } from "../datasets/eras.js";
import { ticketRows } from "../datasets/tickets.js";
import { runBuilt } from "./run-in-process.js";

const folder = await mkdtemp(join(tmpdir(), "textgraft-datasets-"));
afterAll(() => rm(folder, { recursive: true }));

interface Trained {
  test: {
    report: Record<string, { "f1-score": number; support: number } | number>;
    floors: { name: string; report: Trained["test"]["report"] }[];
  };
}

const f1 = (report: Trained["test"]["report"]): number =>
  (report["macro avg"] as { "f1-score": number })["f1-score"];

/** Three kinds of data, from a file to a model that predicts. */
describe.each([
  {
    name: "two classes: e-mails",
    rows: async () => (await emailRows(400, random(1))).map(({ text, label }) => [text, label]),
    flags: ["--max-length", "48", "--epochs", "2"],
  },
  {
    name: "five classes, some rare: sentences of speeches by era",
    rows: async () => eraRows(600, random(2)).map(({ text, label }) => [text, label]),
    flags: ["--max-length", "48", "--epochs", "3", "--class-weights", "balanced"],
  },
  {
    name: "any number of labels: support tickets",
    rows: async () => ticketRows(400, random(3)).map(({ text, labels }) => [text, labels.join("|")]),
    flags: ["--max-length", "40", "--epochs", "5", "--multi-label"],
  },
])("$name", async ({ rows, flags }) => {
  const data = join(folder, `${flags.join("")}.csv`);
  const model = join(folder, `model${flags.join("")}`);
  const table = await rows();
  await writeFile(data, stringify([["text", "label"], ...table]));
  const training = await runBuilt(
    ...["train", data, "--output", model, "--freeze", "1", "--batch-size", "16", "--quiet", "--json"],
    ...flags,
  );

  test("trains a model that beats guessing", () => {
    expect(training.stderr).toBe("");
    const { test: judged } = JSON.parse(training.stdout) as Trained;
    const majority = judged.floors[0]!;
    expect(f1(judged.report)).toBeGreaterThan(f1(majority.report) + 0.1);
  });

  test("that the other verbs take", async () => {
    const some = `${data}.some.csv`;
    await writeFile(some, stringify([["text", "label"], ...table.slice(0, 40)]));
    const predicted = await runBuilt("predict", model, "--input", some, "--output", `${some}.out`, "--quiet");
    expect(predicted.code).toBe(0);
    expect((await readFile(`${some}.out`, "utf8")).split("\n")[0]).toContain("score_");
    const evaluated = await runBuilt("evaluate", model, some, "--quiet", "--json");
    expect(JSON.parse(evaluated.stdout)).toMatchObject({ texts: 40 });
  });
});
