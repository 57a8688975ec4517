import { TextgraftError } from "../../base/errors.js";
import { isUsualName } from "../columns.js";
import { type Delimiter, quoted } from "../table.js";
import { csvLayout } from "./csv-layout.js";
import { type CsvRecord, recordSplitter } from "./csv-records.js";
import { type FoundRow, type RowSource, rowSource } from "./row-source.js";
import { encodingText, type TextPieces } from "./text-pieces.js";

/** What the user says about a file; what is absent is detected. */
export interface CsvGiven {
  delimiter?: Delimiter | undefined;
  header?: boolean | undefined;
  /** Columns that the user names: a first record with one of them is a header. */
  named: readonly string[];
}

/**
 * Rows of CSV. A first record that is no header is the first row; columns are called 1, 2 and so on then. A row that is
 * wider or narrower than the first record is bad.
 * @throws TextgraftError data-invalid for wrong quotes in what may be the header.
 */
export function readCsv(text: TextPieces, source: string, given: CsvGiven): RowSource {
  const isColumnName = (name: string) => given.named.includes(name) || isUsualName(name);
  const { header, sample, ...dialect } = csvLayout(text.head, { ...given, isColumnName });
  const { delimiter, quotes } = dialect;
  const splitter = () => recordSplitter(dialect);
  const [first] = firstRecord(text, splitter());
  if (first?.reason !== undefined && given.header !== false) throw badHeader(first, source);
  const width = first?.values.length ?? 0;
  const columns = header ? (first?.values ?? []) : Array.from({ length: width }, (_, i) => `${i + 1}`);

  async function* read(): AsyncGenerator<FoundRow[]> {
    const split = splitter();
    let skip = header ? 1 : 0;
    const rowsOf = (records: CsvRecord[]): FoundRow[] => {
      const rows = records.slice(skip);
      skip = Math.max(0, skip - records.length);
      return rows.map((record) => checked(record, width, header));
    };
    for await (const piece of text.pieces) yield rowsOf(split(piece, false));
    yield rowsOf(split("", true));
  }
  const format = [
    `CSV with ${delimiterNames[delimiter]}`,
    ...(quotes ? [] : ["quotes as they are"]),
    ...encodingText(text.encoding),
    ...(header ? [] : ["no header line"]),
  ].join(", ");
  return rowSource(
    { source, columns, numbered: !header, sample, format, delimiter, hasLists: false },
    read,
    "Write a header line such as text,label and below it one row for each text.",
  );
}

const delimiterNames: Record<Delimiter, string> = {
  ",": "commas",
  ";": "semicolons",
  "\t": "tabs",
  "|": "bars",
};

/** The first record; it may be longer than the beginning that was read. */
function firstRecord({ head, whole }: TextPieces, split: ReturnType<typeof recordSplitter>): CsvRecord[] {
  const records = split(head, false);
  return records.length > 0 || !whole ? records : split("", true);
}

function checked(record: CsvRecord, width: number, header: boolean): FoundRow {
  const { values, reason } = record;
  if (reason !== undefined || values.length === width) return record;
  const found = `${values.length} ${values.length === 1 ? "value" : "values"}`;
  return { ...record, reason: `${found}, not ${width} as the ${header ? "header" : "first row"} has` };
}

const badHeader = ({ values, line, reason }: CsvRecord, source: string): TextgraftError =>
  new TextgraftError("data-invalid", {
    message: `${source}, line ${line}: the first row has ${reason}: ${quoted(values[0]!)}.`,
    fix: 'Put quotes around the whole value and double the quotes in it: "he said ""yes"" twice".',
  });
