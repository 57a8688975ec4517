import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
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
      expect(files).toContain("textgraft.json");
    }
  });

  test("that was stopped goes on where it was, and ends alike", async () => {
    await expect(swept("stopped", space, 2)).rejects.toMatchObject({ code: "cancelled" });
    const { result: again, events: rest } = await swept("stopped", space);
    expect(rest[0]).toMatchObject({ kind: "sweep", trials: 4, known: 2 });
    expect(rest.filter(({ kind }) => kind === "trial")).toHaveLength(2);
    const comparable = (records: typeof again.records) =>
      records.map(({ seconds: _seconds, ...record }) => record);
    expect(comparable(again.records)).toEqual(comparable(result.records));
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

test("a setting that fails is told, and the others go on", async () => {
  const { result } = await swept("failing", { "learning-rate": [1e30, 5e-3] });
  expect(result.records[0]).toMatchObject({ status: "failed", best: null });
  expect(result.records[0]!.error).toContain("loss was no number");
  expect(result.best!.number).toBe(2);
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
