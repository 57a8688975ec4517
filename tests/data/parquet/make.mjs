// Writes the Parquet files beside this script with DuckDB: node make.mjs FOLDER, where @duckdb/node-api is installed.
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";

const folder = process.argv[2] ?? ".";
const database = await DuckDBInstance.create(":memory:");
const connection = await database.connect();
const copy = (query, name, options) =>
  connection.run(`copy (${query}) to '${join(folder, name)}' (format parquet, ${options})`);

await connection.run(`create table messages (
  text varchar, label varchar, count bigint, share double, flag boolean, day date, moment timestamp, labels varchar[])`);
await connection.run(`insert into messages values
  ('win a prize, "now"', 'spam', 1, 0.5, true, '2024-02-29', '2024-02-29 12:30:00', ['money', 'urgent']),
  ('see you' || chr(10) || 'later 😀', 'ham', 9007199254740993, 2.0, false, '1999-12-31', '1999-12-31 23:59:59', []),
  ('schöne Grüße', 'ham', -3, -0.25, null, null, null, null),
  (null, 'spam', 4, 1e21, true, '2000-01-01', '2000-01-01 00:00:00', ['a|b'])`);
for (const compression of ["uncompressed", "snappy", "gzip", "zstd", "brotli", "lz4_raw"]) {
  await copy("select * from messages", `${compression}.parquet`, `compression ${compression}`);
}
await copy("select * from messages", "version-2.parquet", "parquet_version v2, compression zstd");
await copy(
  "select 'text ' || i as text, i % 3 as label, repeat('x', 20) as other from range(5000) t(i)",
  "row-groups.parquet",
  "row_group_size 2048, compression zstd",
);
await copy(
  "select * from (values ('bad', 0), ('good', 1), ('unknown', -1), ('none', null)) t(text, label)",
  "class-names.parquet",
  `compression zstd, kv_metadata {huggingface: '{"info": {"features": {"label": {"names": ["neg", "pos"], "_type": "ClassLabel"}}}}'}`,
);
await copy("select * from messages limit 0", "empty.parquet", "compression zstd");
