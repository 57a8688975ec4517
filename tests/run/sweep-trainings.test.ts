import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { type SweepEvent, sweep } from "textgraft";
import { describe, expect, test } from "vitest";
import { readSpace } from "../../src/run/sweep.js";
import { inventedRows } from "../support/tiny-model.js";
import { csvOf, tinyOptions, tinyWorkplace } from "./train-tiny.js";

const { folder, model } = await tinyWorkplace();
const data = join(folder, "rows.csv");
await writeFile(data, csvOf(inventedRows(90)));
const base = { ...tinyOptions, model, data, epochs: 2, label: "category", text: "review" };

async function swept(output: string, space: Record<string, unknown>, stopAfter = Number.POSITIVE_INFINITY) {
  const run = sweep({ ...base, output: join(folder, output), sweep: readSpace(space) });
  const events: SweepEvent[] = [];
  let ended = 0;
  for await (const event of run) {
    events.push(event);
    if (event.kind === "ended" && ++ended === stopAfter) run.cancel();
  }
  return { events, result: await run.result };
}

const space = { "learning-rate": [1e-30, 5e-3], "batch-size": [8, 16] };

describe("a sweep", async () => {
  const { result, events } = await swept("whole", space);

  test("trains with each setting, and keeps the best model alone", async () => {
    expect(result.records.slice(0, 3).map(({ status }) => status)).toEqual(["done", "done", "done"]);
    expect(events.filter(({ kind }) => kind === "trial")).toHaveLength(4);
    const { best } = result;
    expect(best!.options.learningRate).toBe(5e-3); // the others learn nothing
    expect(best!.best).toBe(Math.max(...result.records.map((record) => record.best!)));
    for (const { folder: run } of result.records) {
      if (run === undefined) continue;
      const files = await readdir(join(folder, "whole", run));
      expect(files.includes("model.safetensors")).toBe(run === best!.folder);
      expect(files).toEqual(
        expect.arrayContaining([
          "textgraft.json",
          "report.txt",
          "report.html",
          "report.md",
          "metrics.json",
          "mistakes.csv",
          "log.jsonl",
        ]),
      );
    }
  });

  test("has a page with all settings, whose links lead to reports", async () => {
    const page = await readFile(join(folder, "whole", "sweep.html"), "utf8");
    const { document } = parseHTML(page);
    expect(document.querySelectorAll("#runs tbody tr")).toHaveLength(4);
    expect(document.querySelector(".answer")!.textContent).toContain(
      `Run ${result.best!.number} is the best`,
    );
    const links = [...document.querySelectorAll("#runs tbody a")].map((link) => link.getAttribute("href")!);
    expect(links).toHaveLength(result.records.filter(({ status }) => status === "done").length);
    for (const link of links)
      expect(await readFile(join(folder, "whole", link), "utf8")).toContain("report of a Textgraft model");
  });

  test("that was stopped goes on where it was, and ends alike", async () => {
    await expect(swept("stopped", space, 2)).rejects.toMatchObject({ code: "cancelled" });
    const page = () => readFile(join(folder, "stopped", "sweep.html"), "utf8");
    expect(await page()).toContain("So far 2 of 4 settings were tried.");
    const { result: again, events: rest } = await swept("stopped", space);
    expect(rest[0]).toMatchObject({ kind: "sweep", trials: 4, known: 2 });
    expect(rest.filter(({ kind }) => kind === "trial")).toHaveLength(2);
    const comparable = (records: typeof again.records) =>
      records.map(({ seconds: _seconds, ...record }) => record);
    expect(comparable(again.records)).toEqual(comparable(result.records));
    expect(await page()).not.toContain("So far");
  });

  test("of other data or options is refused", async () => {
    const run = sweep({ ...base, seed: 3, output: join(folder, "whole"), sweep: readSpace(space) });
    await expect(run.result).rejects.toMatchObject({ code: "output-exists" });
  });

  test("whose last line was cut off tries that setting again", async () => {
    const journal = join(folder, "whole", "sweep.jsonl");
    const text = await readFile(journal, "utf8");
    await writeFile(journal, text.slice(0, -20));
    const { events: rest } = await swept("whole", space);
    expect(rest[0]).toMatchObject({ known: 3 });
    expect((await readFile(journal, "utf8")).trimEnd().split("\n")).toHaveLength(5);
  });
});

test("more settings in between leave the folders of those that were tried", async () => {
  await swept("grown", { "batch-size": [8, 16] });
  const { result } = await swept("grown", { "batch-size": [8, 12, 16] });
  const { records } = result;
  expect(records.map(({ folder: run }) => run)).toEqual(["run-001", "run-003", "run-002"]);
  for (const { folder: run, options } of records) {
    const page = await readFile(join(folder, "grown", run!, "report.html"), "utf8");
    expect(page).toContain(`--batch-size ${options.batchSize}`);
  }
  expect(await readdir(join(folder, "grown", result.best!.folder!))).toContain("model.safetensors");
});

test("a setting that fails is told, and the others go on", async () => {
  const { result } = await swept("failing", { "learning-rate": [1e30, 5e-3] });
  expect(result.records[0]).toMatchObject({ status: "failed", best: null });
  expect(result.records[0]!.error).toContain("loss was no number");
  expect(result.best!.number).toBe(2);
});

test("a setting that is stopped early leaves no folder, and the page marks it", async () => {
  const { result } = await swept("early", { "learning-rate": [5e-3, 4e-3, 6e-3, 1e-30] });
  expect(result.records[3]).toMatchObject({ status: "stopped", objectives: [expect.any(Number)] });
  expect(await readdir(join(folder, "early"))).toEqual([
    "run-001",
    "run-002",
    "run-003",
    "sweep.html",
    "sweep.jsonl",
  ]);
  const { document } = parseHTML(await readFile(join(folder, "early", "sweep.html"), "utf8"));
  expect(document.querySelector("#runs tbody tr:last-child")!.textContent).toMatch(
    /stopped\safter\sepoch\s1/,
  );
  expect(document.querySelector("#plots .note")!.textContent).toContain("Crosses are runs");
});

test("a wrong setting is told before anything is trained", async () => {
  const wrong = { best: ["mcc", "loss"] };
  const run = sweep({
    ...base,
    multiLabel: true,
    output: join(folder, "wrong"),
    sweep: readSpace(wrong),
  });
  await expect(run.result).rejects.toMatchObject({ code: "option-invalid" });
  await expect(readdir(join(folder, "wrong"))).rejects.toThrow();
});
