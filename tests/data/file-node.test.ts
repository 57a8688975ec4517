import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
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
  await expect(openTable(join(folder, "data.json"))).rejects.toMatchObject({
    fix: "Check the names of the file and its folder.",
  });
  await expect(openTable(join(folder, "none", "x.csv"))).rejects.toMatchObject({ code: "file-missing" });
});

test.each<[string, string | undefined, string[], number]>([
  ["id,review\n1,fine\n2,bad\n", undefined, ["id", "review"], 2],
  ['"id";"Text"\r\n1;fine\r\n', undefined, ["id", "Text"], 1],
  ["body\nfine\n", "body", ["body"], 1],
  ["Review, please\nfine\n", undefined, ["text"], 2],
  ["text\nfine\n", undefined, ["text"], 2],
  ["so,so\nfine\n", undefined, ["text"], 2],
])("standard input %j, texts named %s, has the columns %j", async (content, text, columns, rows) => {
  const stdin = Object.getOwnPropertyDescriptor(process, "stdin")!;
  Object.defineProperty(process, "stdin", {
    value: Readable.from([Buffer.from(content)]),
    configurable: true,
  });
  try {
    const table = await openTable("-", text);
    expect(table).toMatchObject({ source: "standard input", columns });
    expect(table.rows).toHaveLength(rows);
  } finally {
    Object.defineProperty(process, "stdin", stdin);
  }
});

test("a folder is no file", async () => {
  await expect(openTable(folder)).rejects.toMatchObject({
    code: "file-missing",
    message: expect.stringContaining("is a folder"),
  });
});
