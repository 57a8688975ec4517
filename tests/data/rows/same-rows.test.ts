import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { stringify } from "csv-stringify/sync";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readExamples } from "../../../src/data/read-examples.js";
import { openRows } from "../../../src/data/rows/open-rows-node.js";
import { smsAbsent, smsFile } from "../../support/sms.js";
import { inventedRows } from "../../support/tiny-model.js";

type Labelled = { text: string; label: string };

/** Awkward texts, and the tutorial's SMS where they are at hand. */
const awkward = ['"', "a,b;c\td|e", "two\nlines\r\nand more", "[1]", '{"x": 1}', "€ 5 é", " spaces "].map(
  (text, i) => ({ text, label: ["spam", "ham"][i % 2]! }),
);
let rows: Labelled[] = [...awkward, ...inventedRows(50)];
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "textgraft-same-"));
  if (smsAbsent) return;
  const { examples } = await readExamples(await openRows(smsFile));
  rows = [...rows, ...examples.map(({ text, labels }) => ({ text, label: labels[0]! }))];
});
afterAll(() => rm(folder, { recursive: true }));

const csv = (delimiter = ",") => stringify(rows, { header: true, delimiter });
const lines = () => rows.map((row) => JSON.stringify(row)).join("\n");
const zstd = (text: string) =>
  new Uint8Array(spawnSync("zstd", ["-q", "-c"], { input: text, maxBuffer: 2 ** 26 }).stdout ?? []);

/** Bytes of windows-1252, in which all of these texts can be written but for what it lacks. */
const windows1252 = (text: string) =>
  Uint8Array.from(text, (character) => (character === "€" ? 0x80 : character.charCodeAt(0)));

const plain = ({ text }: Labelled) => [...text].every((c) => c === "€" || c.charCodeAt(0) < 0x100);

test.each<[string, () => string | Uint8Array]>([
  ["rows.csv", () => csv()],
  ["semicolons.csv", () => csv(";")],
  ["bars.csv", () => csv("|")],
  ["rows.tsv", () => csv("\t")],
  ["marked.csv", () => `\uFEFF${csv()}`],
  ["utf16.csv", () => new Uint8Array(Buffer.from(`\uFEFF${csv()}`, "utf16le"))],
  ["rows.jsonl", lines],
  ["rows.json", () => JSON.stringify(rows, null, 1)],
  ["rows.csv.gz", () => gzipSync(csv())],
  ["rows.jsonl.gz", () => gzipSync(lines())],
  ["rows.csv.zst", () => zstd(csv())],
])("the same rows as %s are the same examples", async (name, content) => {
  const bytes = content();
  if (bytes.length === 0) return console.warn("Skipped: there is no program zstd.");
  await writeFile(join(folder, name), bytes);
  const { examples, labels, reading } = await readExamples(await openRows(join(folder, name)));
  expect(examples.map(({ text, labels: [label] }) => ({ text, label }))).toEqual(rows);
  expect(examples.map(({ row }) => row)).toEqual(rows.map((_, i) => i + 1));
  expect(labels).toEqual([...new Set(rows.map(({ label }) => label))].sort());
  expect(reading.bad.count).toBe(0);
});

test("in Latin-1, too, as far as that has their characters", async () => {
  const some = rows.filter(plain);
  await writeFile(join(folder, "latin1.csv"), windows1252(stringify(some, { header: true })));
  const source = await openRows(join(folder, "latin1.csv"));
  expect(source.format).toBe("CSV with commas, windows-1252");
  const { examples } = await readExamples(source);
  expect(examples.map(({ text, labels: [label] }) => ({ text, label }))).toEqual(some);
});

test("as a folder of text files they are the same in the order of the labels", async () => {
  for (const [i, { text, label }] of rows.entries()) {
    await mkdir(join(folder, "classes", label), { recursive: true });
    await writeFile(join(folder, "classes", label, `${i}.txt`), text);
  }
  const { examples } = await readExamples(await openRows(join(folder, "classes")));
  const order = new Intl.Collator("en", { numeric: true });
  const expected = [...rows].sort((a, b) => order.compare(a.label, b.label));
  expect(examples.map(({ text, labels: [label] }) => ({ text, label }))).toEqual(expected);
});
