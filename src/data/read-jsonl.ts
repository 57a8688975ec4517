import { TextgraftError } from "../base/errors.js";
import { quoted, type Table } from "./table.js";

/**
 * Reads one JSON object a line, skipping blank lines. Columns are all keys that occur. A value that is no string becomes
 * its JSON, so that a list of labels stays one; null, like a key that a line lacks, becomes an empty cell.
 * https://jsonlines.org
 *
 * @throws TextgraftError data-invalid for lines that are something else.
 */
export function readJsonLines(text: string, source: string): Table {
  const objects: Record<string, unknown>[] = [];
  const lines: number[] = [];
  for (const [index, line] of text.split(/\r\n|\n/).entries()) {
    if (line.trim() === "") continue;
    objects.push(parseLine(line, `${source}, line ${index + 1}`));
    lines.push(index + 1);
  }
  const columns = [...new Set(objects.flatMap((object) => Object.keys(object)))];
  const rows = objects.map((object) => columns.map((key) => cellOf(object[key])));
  return { source, columns, rows, lines, delimiter: ",", hasLists: true };
}

function parseLine(line: string, where: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw badLine(`${where} is no JSON: ${quoted(line)}`, cause);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw badLine(`${where} has ${quoted(line)}, expected an object`);
}

const cellOf = (value: unknown): string =>
  typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value);

const badLine = (message: string, cause?: unknown): TextgraftError =>
  new TextgraftError("data-invalid", {
    message: `${message}.`,
    fix: 'Write one object on each line, such as {"text": "…", "label": "…"}.',
    cause,
  });
