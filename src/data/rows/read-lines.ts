import { INVALID_BYTES, type LineBreak, showInvalid } from "./csv-records.js";
import { INVALID } from "./encoding.js";
import { type FoundRow, type RowSource, rowSource } from "./row-source.js";
import { encodingText, type TextPieces } from "./text-pieces.js";

/** A line with its number, counted from 1. */
export interface Line {
  text: string;
  line: number;
}

/** Lines without their breaks, those that are blank left out; `\r` alone ends a line only where the file has no `\n`. */
export async function* linesOf({ head, pieces }: TextPieces): AsyncGenerator<Line[]> {
  const lineBreak: LineBreak = head.includes("\n") || !head.includes("\r") ? "\n" : "\r";
  let rest = "";
  let line = 0;
  const numbered = (lines: readonly string[]): Line[] =>
    lines.flatMap((whole) => {
      line++;
      if (whole.trim() === "") return [];
      const text = lineBreak === "\n" && whole.endsWith("\r") ? whole.slice(0, -1) : whole;
      return [{ text, line }];
    });
  for await (const piece of pieces) {
    const lines = (rest + piece).split(lineBreak);
    rest = lines.pop()!;
    yield numbered(lines);
  }
  yield numbered([rest]);
}

/** One text a line, in the one column `text`; blank lines are left out. */
export function readLines(text: TextPieces, source: string): RowSource {
  async function* read(): AsyncGenerator<FoundRow[]> {
    for await (const lines of linesOf(text)) {
      yield lines.map(({ text, line }) =>
        text.includes(INVALID)
          ? { values: [showInvalid(text)], line, reason: INVALID_BYTES }
          : { values: [text], line },
      );
    }
  }
  const format = ["one text a line", ...encodingText(text.encoding)].join(", ");
  return rowSource(
    { source, columns: ["text"], sample: [], format, delimiter: ",", hasLists: false },
    read,
    "Put one text on each line.",
  );
}
