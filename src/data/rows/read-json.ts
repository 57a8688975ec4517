import { TextgraftError } from "../../base/errors.js";
import { type ColumnNames, lateColumns, missing } from "../columns.js";
import { quoted } from "../table.js";
import { INVALID_BYTES, showInvalid } from "./csv-records.js";
import { INVALID } from "./encoding.js";
import { elementSplitter } from "./json-elements.js";
import { linesOf } from "./read-lines.js";
import { type FoundRow, type RowSource, rowSource } from "./row-source.js";
import { encodingText, type TextPieces } from "./text-pieces.js";

/** One object as text. */
interface Item {
  text: string;
  line: number;
}

/**
 * Rows of JSON objects: one a line, or the elements of one array. Columns are the keys of the objects in the beginning
 * that has been read, and those that the user named, which may come further down: only behind the last row it is known
 * that one never came, which is then a `column-missing`. A value that is no string becomes its JSON, so that a list of labels stays one; null, like a key
 * that an object lacks, becomes an empty value. https://jsonlines.org
 */
export function readJson(
  text: TextPieces,
  source: string,
  { layout, names }: { layout: "lines" | "array"; names: ColumnNames },
): RowSource {
  const items = layout === "lines" ? linesOf(text) : elementsOf(text, source);
  const { columns: first, sample } = beginningOf(text, layout);
  const open = !text.whole;
  const late = open ? lateColumns(first, names) : new Map<string, never>();
  const columns = [...first, ...late.keys()];
  async function* read(): AsyncGenerator<FoundRow[]> {
    const awaited = new Map(late);
    for await (const found of items) {
      const rows = found.map((item) => rowOf(item, columns));
      for (const name of awaited.keys()) if (hasValue(rows, columns.indexOf(name))) awaited.delete(name);
      yield rows;
    }
    for (const [name, role] of awaited) throw missing({ source, columns: first, open }, role, name);
  }
  const empty = Array.from(late, () => "");
  const format = [layout === "lines" ? "JSON lines" : "a JSON array", ...encodingText(text.encoding)];
  return rowSource(
    {
      source,
      columns,
      open,
      sample: sample.map((values) => [...values, ...empty]),
      format: format.join(", "),
      delimiter: ",",
      hasLists: true,
    },
    read,
    layout === "lines"
      ? 'Write one object on each line, such as {"text": "…", "label": "…"}.'
      : 'Write a list of objects, such as [{"text": "…", "label": "…"}].',
  );
}

const hasValue = (rows: readonly FoundRow[], column: number): boolean =>
  rows.some(({ values, reason }) => reason === undefined && values[column] !== "");

async function* elementsOf({ pieces }: TextPieces, source: string): AsyncGenerator<Item[]> {
  const split = elementSplitter(source);
  for await (const piece of pieces) yield split(piece, false);
  yield split("", true);
}

/** All keys of the objects in the beginning, in the order in which they come, and the first objects' values. */
function beginningOf({ head, whole }: TextPieces, layout: "lines" | "array") {
  const objects = headItems(head, whole, layout).flatMap((text) => {
    const object = objectOf(text);
    return typeof object === "string" ? [] : [object];
  });
  const columns = [...new Set(objects.flatMap((object) => Object.keys(object)))];
  const sample = objects.slice(0, SAMPLE).map((object) => columns.map((key) => cellOf(object[key])));
  return { columns, sample };
}

/** Rows of the sample. */
const SAMPLE = 100;

function headItems(head: string, whole: boolean, layout: "lines" | "array"): string[] {
  if (layout === "lines") {
    const lines = head.split("\n");
    return whole || lines.length === 1 ? lines : lines.slice(0, -1);
  }
  return elementSplitter("")(head, false).map(({ text }) => text);
}

function rowOf({ text, line }: Item, columns: readonly string[]): FoundRow {
  if (text.includes(INVALID)) return { values: [showInvalid(text)], line, reason: INVALID_BYTES };
  const object = objectOf(text);
  if (typeof object === "string") return { values: [text], line, reason: object };
  return { values: columns.map((key) => cellOf(object[key])), line };
}

/** The object, or why there is none. */
function objectOf(text: string): Record<string, unknown> | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "text that is no JSON";
  }
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : "something else than a JSON object";
}

const cellOf = (value: unknown): string =>
  typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value);

/** What a file that begins with `{` but is no JSON lines may be. */
export const oneObject = (source: string, head: string): TextgraftError =>
  new TextgraftError("data-invalid", {
    message: `${source} is one JSON object (${quoted(head.replace(/\s+/g, " "))}); expected a list of objects, or one object a line.`,
    fix: 'Write the rows as [{"text": "…", "label": "…"}, …], or each on a line of its own.',
  });
