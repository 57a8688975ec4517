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
  /** Chosen by its name, not by the user: worth a line to them. */
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
  label: ["label", "labels", "target", "category", "class", "v1"],
};

/**
 * The columns of texts and labels, as named or else guessed.
 * @throws TextgraftError column-missing with the file's columns; option-invalid where both are the same.
 */
export function chooseColumns(table: Table, names: ColumnNames = {}): Required<Columns> {
  const text = chooseTextColumn(table, names.text);
  const label = choose(table, "label", names.label, text.index);
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
  return choose(table, "text", name);
}

function choose(table: Table, role: "text" | "label", wanted: string | undefined, taken?: number): Column {
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
  throw missing(table, role);
}

function missing(table: Table, role: "text" | "label", wanted?: string): TextgraftError {
  const columns = table.columns.filter((name) => name.trim() !== "").map((name) => name.trim());
  const listed = columns.slice(0, 12).map(quoted).join(", ") + (columns.length > 12 ? ", …" : "");
  if (wanted !== undefined) {
    return new TextgraftError("column-missing", {
      message: `${table.source} has no column "${wanted}"; its columns are ${listed}.`,
      fix: `Name one of them, for example --${role} ${quoted(closest(wanted, columns) ?? "")}.`,
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
