import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { TrainResult } from "../../src/run/events.js";
import { type Reports, reportFiles } from "../../src/run/folder-files.js";
import { topicRows } from "../app/topics.js";
import { tinyOptions, tinyWorkplace, trained } from "./train-tiny.js";

const place = await tinyWorkplace();

test("a trained folder holds the reports, of the same result that the library gives", async () => {
  const output = join(place.folder, "with-reports");
  const { result } = await trained({
    ...tinyOptions,
    data: topicRows(30),
    model: place.model,
    output,
    epochs: 1,
  });
  expect(await readdir(output)).toEqual(expect.arrayContaining(["mistakes.csv", "report.txt"]));
  const report = await readFile(join(output, "report.txt"), "utf8");
  expect(report).toContain(`Test on ${result.test.judged.length} texts`);
});

const unasked = () => Promise.reject(new Error("nobody asks the model here"));

test("a report that can't be made is left out, and why is told", async () => {
  const notices: string[] = [];
  const reports: Reports = {
    "report.txt": () => "all is well",
    "report.html": async () => {
      throw new Error("no such colour");
    },
    "runs/events": () => "1",
  };
  const files = await reportFiles(reports, [{} as TrainResult, unasked], (text) => notices.push(text));
  expect(files).toEqual([
    { name: "report.txt", content: "all is well" },
    { name: "runs/events", content: "1" },
  ]);
  expect(notices).toEqual([
    "report.html couldn't be made, all else is saved without it; please report this: no such colour",
  ]);
});
