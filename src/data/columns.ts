import { closest, TextgraftError } from "../base/errors.js";
import { quoted, type Table } from "./table.js";

/** What the user named (`--text`, `--label`); what is absent is guessed. */
export interface ColumnNames {
  text?: string | undefined;
  label?: string | undefined;
}

export interface Column {
  name: string;
  /** Position in the table's rows, from 0. */
  index: number;
  /** Chosen by its name or as the only one left, not by the user: worth a line to them. */
  guessed: boolean;
}

export interface Columns {
  text: Column;
  /** Absent where texts are only to be predicted. */
  label?: Column;
}

/** Names tried, first ones first, without regard to case. */
const guesses = {
  text: ["text", "sentence", "review", "message", "content", "v2"],
  label: ["label", "labels", "target", "category", "class", "v1", "sentiment", "intent", "topic", "spam"],
};

/**
 * The columns of texts and labels, as named or else guessed. Of two columns, one of which is known, the other is the
 * other.
 * @throws TextgraftError column-missing with the file's columns; option-invalid where both are the same.
 */
export function chooseColumns(table: Table, names: ColumnNames = {}): Required<Columns> {
  const knownText = find(table, "text", names.text);
  const knownLabel = find(table, "label", names.label, knownText?.index);
  const text = knownText ?? otherOfTwo(table, knownLabel) ?? fail(missing(table, "text"));
  const label = knownLabel ?? otherOfTwo(table, text) ?? fail(missing(table, "label"));
  if (label.index === text.index) {
    throw new TextgraftError("option-invalid", {
      message: `${table.source}: column "${text.name}" is named for both the texts and the labels.`,
      fix: "Give --text and --label different columns.",
    });
  }
  return { text, label };
}

/** The column of texts alone, for texts that are only to be predicted. */
export function chooseTextColumn(table: Table, name?: string): Column {
  const text = find(table, "text", name) ?? otherOfTwo(table, find(table, "label"));
  return text ?? fail(missing(table, "text"));
}

/** Whether a header has a column that would be guessed to hold the texts. */
export const namesTexts = (columns: readonly string[]): boolean =>
  columns.some((name) => guesses.text.includes(name.toLowerCase()));

/** The column as named, which has to be there, or by the first guess that is. */
function find(table: Table, role: "text" | "label", wanted?: string, taken?: number): Column | undefined {
  const columns = table.columns.map((name) => name.trim());
  if (wanted !== undefined) {
    const index = columns.indexOf(wanted.trim());
    if (index === -1) throw missing(table, role, wanted);
    if (columns.lastIndexOf(wanted.trim()) !== index) throw ambiguous(table, wanted);
    return { name: wanted.trim(), index, guessed: false };
  }
  const lowercase = columns.map((name) => name.toLowerCase());
  for (const guess of guesses[role]) {
    const index = lowercase.indexOf(guess);
    if (index === -1 || index === taken) continue;
    if (lowercase.lastIndexOf(guess) !== index) throw ambiguous(table, columns[index]!);
    return { name: columns[index]!, index, guessed: true };
  }
  return undefined;
}

function otherOfTwo({ columns }: Table, known: Column | undefined): Column | undefined {
  if (columns.length !== 2 || known === undefined) return undefined;
  const index = 1 - known.index;
  const name = columns[index]!.trim();
  return name === "" ? undefined : { name, index, guessed: true };
}

function fail(error: TextgraftError): never {
  throw error;
}

function missing(table: Table, role: "text" | "label", wanted?: string): TextgraftError {
  const columns = table.columns.filter((name) => name.trim() !== "").map((name) => name.trim());
  const listed = columns.slice(0, 12).map(quoted).join(", ") + (columns.length > 12 ? ", …" : "");
  if (wanted !== undefined) {
    const near = closest(wanted, columns);
    return new TextgraftError("column-missing", {
      message: `${table.source} has no column "${wanted}"; its columns are ${listed}.`,
      fix:
        near === undefined ? `Name one of them with --${role}.` : `Did you mean --${role} ${quoted(near)}?`,
    });
  }
  return new TextgraftError("column-missing", {
    message:
      `${table.source} has no column with a usual name for its ${role}s (${guesses[role].join(", ")}); ` +
      `its columns are ${listed}.`,
    fix:
      `Name the column with --${role}. ` +
      "If the first line is data already, write a header line such as text,label above it.",
  });
}

const ambiguous = (table: Table, name: string): TextgraftError =>
  new TextgraftError("column-missing", {
    message: `${table.source} has more than one column "${name}".`,
    fix: "Give each column of the header a name of its own.",
  });

/** Columns that were chosen in a table, as the facts tell them. */
export const columnFacts = ({ text, label }: Required<Columns>) => ({
  textColumn: text.name,
  labelColumn: label.name,
  guessed: [text, label].flatMap(({ name, guessed }) => (guessed ? [name] : [])),
});

/** Whether a column of this name would be guessed to hold texts or labels. */
export const isUsualName = (name: string): boolean =>
  guesses.text.includes(name.toLowerCase()) || guesses.label.includes(name.toLowerCase());

/** Columns that the user named, which mark a header. */
export const namedColumns = ({ text, label }: ColumnNames): string[] =>
  [text, label].flatMap((name) => name?.trim() ?? []);
