import { TextgraftError } from "../../base/errors.js";
import { type ColumnNames, namedColumns, namesTexts } from "../columns.js";
import type { Delimiter } from "../table.js";
import { type Peeked, startsWith } from "./bytes.js";
import { readCsv } from "./read-csv.js";
import { oneObject, readJson } from "./read-json.js";
import { readLines } from "./read-lines.js";
import type { RowSource } from "./row-source.js";
import { type TextPieces, textPieces } from "./text-pieces.js";

/** What the user says about how to read; what is absent is detected. */
export interface ReadOptions extends ColumnNames {
  delimiter?: Delimiter | "auto" | undefined;
  /** A name of the Encoding Standard. */
  encoding?: string | undefined;
  /** Whether the first row of CSV names the columns. */
  header?: "auto" | "yes" | "no" | undefined;
  /** Standard input is one text a line unless it seems to be something else, as people type into a terminal. */
  plainLines?: boolean | undefined;
}

/** So much of a file is looked at before its rows are read, in bytes. */
export const HEAD = 2 ** 20;

export interface Named {
  /** As messages tell it. */
  source: string;
  /** Its ending may tell the format. */
  name: string;
}

/**
 * Rows of text. JSON is told by its first character or the name, `.txt` has one text a line, `.tsv` tabs, and all others
 * are CSV; with `plainLines` they are one text a line unless they begin with a header or a column is named.
 * @throws TextgraftError data-invalid for what is no table.
 */
export async function openText(
  bytes: Peeked,
  { source, name }: Named,
  options: ReadOptions,
): Promise<RowSource> {
  const ending = /\.[a-z0-9]+$/i.exec(name)?.[0].toLowerCase() ?? "";
  const foreign = startsWith(bytes.head, "PK\x03\x04")
    ? "a zip archive or an Excel file"
    : foreignEndings.get(ending);
  if (foreign !== undefined) {
    throw new TextgraftError("data-invalid", {
      message: `${source} is ${foreign}; expected CSV, TSV, JSON, Parquet or text files.`,
      fix: "Export it as CSV in UTF-8, with a header line such as text,label.",
    });
  }
  return readText(await textPieces(bytes, source, options.encoding), { source, ending }, options);
}

/** Files that people have their tables in and that would fail as CSV with a strange message. */
const foreignEndings = new Map([
  [".arrow", "an Arrow file"],
  [".feather", "a Feather file"],
  [".xls", "an Excel file"],
  [".xlsx", "an Excel file"],
  [".ods", "an OpenDocument file"],
  [".zip", "a zip archive"],
  [".bz2", "packed with bzip2"],
  [".xz", "packed with xz"],
]);

function readText(
  text: TextPieces,
  { source, ending }: { source: string; ending: string },
  options: ReadOptions,
): RowSource {
  const { head } = text;
  const named = namedColumns(options);
  const { plainLines = false, delimiter = "auto", header = "auto" } = options;
  const saysTable = named.length > 0 || delimiter !== "auto" || header !== "auto" || startsWithHeader(head);
  if (ending === ".txt" && !saysTable) return readLines(text, source);
  const isJson = ending === ".json" || ending === ".jsonl" || ending === ".ndjson";
  if (/^\s*\[\s*[{\]]/.test(head) && (isJson || ending !== ".csv"))
    return readJson(text, source, { layout: "array", names: options });
  if (isJson || startsWithObject(head)) {
    if (ending === ".json" && /^\s*\{/.test(head) && !startsWithObject(head)) throw oneObject(source, head);
    return readJson(text, source, { layout: "lines", names: options });
  }
  if (plainLines && !saysTable) return readLines(text, source);
  return readCsv(text, source, {
    named,
    delimiter: delimiter !== "auto" ? delimiter : ending === ".tsv" ? "\t" : undefined,
    header: header === "auto" ? undefined : header === "yes",
  });
}

/** Whether the first line that isn't blank is a JSON object. */
function startsWithObject(head: string): boolean {
  const line = /[^\s].*/.exec(head)?.[0] ?? "";
  if (!line.startsWith("{")) return false;
  try {
    JSON.parse(line);
    return true;
  } catch {
    return /^\{\s*"[^"]*"\s*:/.test(line) && line.length === head.trimStart().length; // cut off
  }
}

/** Two names or more, one of them usual for texts; no space beside the commas, as there is in a sentence. */
function startsWithHeader(head: string): boolean {
  const [line = ""] = head.slice(0, 10_000).split(/[\r\n]/, 1);
  return [",", ";", "\t", "|"].some((delimiter) => {
    const names = line.split(delimiter).map((name) => name.replace(/^"(.*)"$/, "$1"));
    return names.length > 1 && names.every((name) => name === name.trim()) && namesTexts(names);
  });
}
