import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTable } from "../../src/data/file-node.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "textgraft-data-"));
  await writeFile(join(folder, "messages.csv"), "text,label\na,1\n");
});
afterAll(() => rm(folder, { recursive: true }));

test("a file is read under its path", async () => {
  const path = join(folder, "messages.csv");
  expect(await openTable(path)).toMatchObject({ source: path, rows: [["a", "1"]] });
});

test("a missing file names the most similar one", async () => {
  await expect(openTable(join(folder, "mesages.csv"))).rejects.toMatchObject({
    code: "file-missing",
    fix: "Did you mean messages.csv?",
  });
  await expect(openTable(join(folder, "none", "x.csv"))).rejects.toMatchObject({ code: "file-missing" });
});

test("a folder is no file", async () => {
  await expect(openTable(folder)).rejects.toMatchObject({
    code: "file-missing",
    message: expect.stringContaining("is a folder"),
  });
});
