import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseHTML } from "linkedom";
import { beforeAll, expect, test } from "vitest";
import { tinyOptions, tinyWorkplace, trained } from "../run/train-tiny.js";
import { topicCsv, topicRows } from "./topics.js";

const place = await tinyWorkplace();
const program = fileURLToPath(new URL("../../dist/app/cli.js", import.meta.url));
/** The built program: its workers can't be started from sources. */
const textgraft = (...args: string[]) =>
  new Promise<{ stdout: string; stderr: string; code: number }>((resolve) => {
    execFile(process.execPath, [program, ...args], (error, stdout, stderr) =>
      resolve({ stdout, stderr, code: typeof error?.code === "number" ? error.code : 0 }),
    );
  });
const at = (name: string) => join(place.folder, name);

beforeAll(async () => {
  await trained({ ...tinyOptions, data: topicRows(60), model: place.model, output: at("model"), epochs: 2 });
  await writeFile(at("new.csv"), topicCsv(20, { seed: 5 }));
});

test("evaluate --report writes a page about these rows, beside the usual report", async () => {
  const page = at("page.html");
  const { stdout, stderr, code } = await textgraft("evaluate", at("model"), at("new.csv"), "--report", page);
  expect({ code, told: stderr.includes(`Wrote the report to ${page}.`) }).toEqual({ code: 0, told: true });
  expect(stdout).toContain("Test on 20 texts");
  const { document } = parseHTML(await readFile(page, "utf8"));
  expect(document.querySelector("h1")!.textContent).toBe(`model on 20 texts of ${at("new.csv")}`);
  expect(document.querySelector(".answer")!.textContent).toMatch(/of 20 test texts got their label/);
});

test("evaluate --report - prints the page alone", async () => {
  const { stdout } = await textgraft("evaluate", at("model"), at("new.csv"), "--report", "-");
  expect(stdout).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
});

test("a report that can't be written is refused before the model is loaded", async () => {
  const { stderr, code } = await textgraft(
    "evaluate",
    at("nowhere"),
    at("new.csv"),
    "--report",
    at("new.csv"),
  );
  expect(code).toBe(2);
  expect(stderr).toMatch(/^Error: --report .*new\.csv is the input itself\./);
});

test("the page of a training lies in its folder", async () => {
  const page = await readFile(at("model/report.html"), "utf8");
  expect(parseHTML(page).document.querySelector("h1")!.textContent).toBe(
    "model tells garden and space apart",
  );
});
