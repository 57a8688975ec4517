import {
  type AsyncBuffer,
  type DecodedArray,
  type FileMetaData,
  parquetMetadataAsync,
  parquetScan,
  parquetSchema,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { TextgraftError } from "../../base/errors.js";
import { type FoundRow, type RowSource, rowSource } from "./row-source.js";

/** A file that is read by position. */
export type ByteRange = AsyncBuffer;

/** Rows that are handed on at a time. */
const CHUNK = 4096;

/**
 * Rows of a Parquet file, one row group after the other: of each only the columns that are needed are read and unpacked.
 * Values that are no strings become their JSON, dates as ISO 8601; null becomes an empty value.
 * https://parquet.apache.org/docs/file-format/
 * @throws TextgraftError data-invalid for a file that is damaged.
 */
export async function readParquet(file: ByteRange, source: string): Promise<RowSource> {
  const metadata = await understood(source, () => parquetMetadataAsync(file));
  const columns = parquetSchema(metadata).children.map(({ element }) => element.name);
  const classNames = classNamesOf(metadata);

  async function* read(needed: readonly number[] = [...columns.keys()]): AsyncGenerator<FoundRow[]> {
    const names = needed.map((index) => columns[index]!);
    const { ranges, readColumn } = await understood(source, () =>
      parquetScan({ file, metadata, columns: names, compressors }),
    );
    for (const { rowStart, rowEnd } of ranges) {
      const values = await understood(source, () =>
        Promise.all(names.map((column) => readColumn({ column, rowStart, rowEnd }))),
      );
      const cellsOf = names.map((name) => cellReader(classNames.get(name)));
      for (let start = 0; start < rowEnd - rowStart; start += CHUNK) {
        const count = Math.min(CHUNK, rowEnd - rowStart - start);
        yield Array.from({ length: count }, (_, i) => {
          const cells = new Array<string>(columns.length).fill("");
          for (const [at, index] of needed.entries()) {
            cells[index] = cellsOf[at]!((values[at] as DecodedArray)[start + i]);
          }
          return { values: cells };
        });
      }
    }
  }
  return rowSource(
    { source, columns, sample: [], format: "Parquet", delimiter: ",", hasLists: true },
    read,
    "Write a table with at least one row.",
  );
}

async function understood<T>(source: string, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    if (cause instanceof Error && "syscall" in cause) throw cause;
    throw new TextgraftError("data-invalid", {
      message: `${source} can't be read as Parquet: ${(cause as Error).message}.`,
      fix: "Copy the file again; if it is whole, write the table as CSV in UTF-8.",
      cause,
    });
  }
}

/** The text of a value; a class number becomes the name of the class, and -1, which means none, an empty value. */
function cellReader(classNames: readonly string[] | undefined): (value: unknown) => string {
  if (classNames === undefined) return cellOf;
  const nameOf = (value: unknown) => (Number(value) === -1 ? null : (classNames[Number(value)] ?? value));
  return (value) => cellOf(Array.isArray(value) ? value.map(nameOf) : isAbsent(value) ? "" : nameOf(value));
}

const isAbsent = (value: unknown): boolean => value === null || value === undefined;

function cellOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (isAbsent(value)) return "";
  if (value instanceof Date) return value.toISOString();
  return JSON.stringify(value, jsonValue) ?? "";
}

function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return ArrayBuffer.isView(value) ? Array.from(value as unknown as ArrayLike<unknown>) : value;
}

/** Of a column of class numbers, or of a column of lists of them. */
interface Feature {
  names?: unknown;
  feature?: { names?: unknown };
}

/**
 * Names of classes by column, as Hugging Face's datasets writes them beside a column of class numbers.
 * https://huggingface.co/docs/datasets/package_reference/main_classes#datasets.ClassLabel
 */
function classNamesOf({ key_value_metadata: entries = [] }: FileMetaData): Map<string, string[]> {
  const names = new Map<string, string[]>();
  const written = entries.find(({ key }) => key === "huggingface")?.value;
  if (written === undefined) return names;
  let features: Record<string, Feature | null> | undefined;
  try {
    features = (JSON.parse(written) as { info?: { features?: typeof features } }).info?.features;
  } catch {
    return names; // meant for another program
  }
  for (const [column, feature] of Object.entries(features ?? {})) {
    const found = feature?.names ?? feature?.feature?.names;
    if (Array.isArray(found) && found.every((name) => typeof name === "string")) names.set(column, found);
  }
  return names;
}
