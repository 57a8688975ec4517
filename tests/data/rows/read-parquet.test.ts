import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { openRows } from "../../../src/data/rows/open-rows-node.js";
import { readParquet } from "../../../src/data/rows/read-parquet.js";
import { allRows, valuesOf } from "../../support/rows.js";

/** DuckDB wrote the files: see parquet/make.mjs. */
const fileOf = (name: string): string =>
  fileURLToPath(new URL(`../parquet/${name}.parquet`, import.meta.url));

const columns = ["text", "label", "count", "share", "flag", "day", "moment", "labels"];
const rows = [
  [
    'win a prize, "now"',
    "spam",
    "1",
    "0.5",
    "true",
    "2024-02-29T00:00:00.000Z",
    "2024-02-29T12:30:00.000Z",
    '["money","urgent"]',
  ],
  [
    "see you\nlater 😀",
    "ham",
    '"9007199254740993"',
    "2",
    "false",
    "1999-12-31T00:00:00.000Z",
    "1999-12-31T23:59:59.000Z",
    "[]",
  ],
  ["schöne Grüße", "ham", "-3", "-0.25", "", "", "", ""],
  ["", "spam", "4", "1e+21", "true", "2000-01-01T00:00:00.000Z", "2000-01-01T00:00:00.000Z", '["a|b"]'],
];

test.each(["uncompressed", "snappy", "gzip", "zstd", "brotli", "lz4_raw", "version-2"])(
  "values of %s",
  async (name) => {
    const source = await openRows(fileOf(name));
    expect(source).toMatchObject({ columns, format: "Parquet", hasLists: true });
    expect(await allRows(source)).toEqual({
      rows: rows.map((values, i) => ({ values, row: i + 1, line: undefined })),
      rejected: [],
    });
  },
);

test("row groups come one after the other, and only what is needed of them is read", async () => {
  const content = await readFile(fileOf("row-groups"));
  let bytes = 0;
  const slice = (start: number, end?: number) => {
    bytes += (end ?? content.length) - start;
    return new Uint8Array(content.subarray(start, end)).buffer;
  };
  const source = await readParquet({ byteLength: content.length, slice }, "t.parquet");
  bytes = 0;
  const { rows } = await allRows(source, [1]);
  expect(rows).toHaveLength(5000);
  expect(rows.map(({ values }) => values)).toEqual(
    Array.from({ length: 5000 }, (_, i) => ["", String(i % 3), ""]),
  );
  expect(rows.at(-1)?.row).toBe(5000);
  expect(bytes).toBeLessThan(content.length / 2);
});

test("class numbers of Hugging Face's datasets become the names that the file has for them", async () => {
  expect(await valuesOf(await openRows(fileOf("class-names")))).toEqual([
    ["bad", "neg"],
    ["good", "pos"],
    ["unknown", ""],
    ["none", ""],
  ]);
});

test("no rows, and damaged files", async () => {
  await expect(openRows(fileOf("empty")).then(allRows)).rejects.toMatchObject({
    code: "data-invalid",
    message: expect.stringContaining("has no rows of data"),
  });
  const content = await readFile(fileOf("snappy"));
  const damaged = Uint8Array.from(content).fill(0xff, 40, 300);
  const rangeOf = (bytes: Uint8Array) => ({
    byteLength: bytes.length,
    slice: (start: number, end?: number) => new Uint8Array(bytes.subarray(start, end)).buffer,
  });
  const refused = {
    code: "data-invalid",
    message: expect.stringContaining("t.parquet can't be read as Parquet"),
  };
  await expect(
    readParquet(rangeOf(damaged), "t.parquet").then((source) => allRows(source)),
  ).rejects.toMatchObject(refused);
  await expect(readParquet(rangeOf(content.subarray(0, 500)), "t.parquet")).rejects.toMatchObject(refused);
});
