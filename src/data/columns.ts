import { closest, TextgraftError } from "../base/errors.js";
import { columnsByContent } from "./columns-by-content.js";
import { quoted } from "./table.js";

/** What the user named (`--text`, `--label` …); what is absent is guessed, but for groups and times. */
export interface ColumnNames {
  text?: string | undefined;
  /** Second texts of pairs. */
  text2?: string | undefined;
  /** Several, separated by commas, are one column for each label, of zeros and ones. */
  label?: string | undefined;
  group?: string | undefined;
  time?: string | undefined;
}

export interface Column {
  name: string;
  /** Position in the values of a row, from 0. */
  index: number;
  /** Chosen by its name, by its content or as the only one left, not by the user: worth a line to them. */
  guessed: boolean;
}

export interface Columns {
  text: Column;
  /** Second texts of pairs. */
  pair?: Column;
  /**
   * One has the labels as its values; several are named after one label each and say whether a text has it. None where
   * texts are only to be predicted.
   */
  labels: readonly Column[];
  group?: Column;
  time?: Column;
}

/** What columns are chosen from. */
export interface ColumnSource {
  readonly source: string;
  readonly columns: readonly string[];
  /** Rows further down may have values under names that aren't among these. */
  readonly open?: boolean;
  /** Columns are called 1, 2 and so on, since no header line names them. */
  readonly numbered?: boolean;
  /** Values of some rows. */
  readonly sample?: readonly (readonly string[])[];
}

export interface ColumnNeeds {
  /** Whether there have to be labels. */
  labelled: boolean;
  /** Whether second texts are needed, although the user didn't name their column. */
  pairs?: boolean | undefined;
  /** Names that are tried before all others: those of the data that a model was trained on. */
  usual?: ColumnNames | undefined;
}

type Role = keyof ColumnNames;

/** Names tried, first ones first, without regard to case. */
const guesses = {
  text: ["text", "sentence", "review", "message", "content", "v2", "text1", "sentence1", "body", "comment"],
  text2: ["text2", "text_pair", "sentence2", "pair"],
  label: ["label", "labels", "target", "category", "class", "v1", "sentiment", "intent", "topic", "spam"],
};

/**
 * The columns as named, or else guessed: by usual names, by what stands in them, and of two columns, one of which is
 * known, the other.
 * @throws TextgraftError column-missing with the source's columns; option-invalid where one is named for two things.
 */
export function chooseColumns(
  from: ColumnSource,
  names: ColumnNames = {},
  { labelled, pairs = false, usual = {} }: ColumnNeeds = { labelled: true },
): Columns {
  const find = (role: Role, taken: readonly Column[] = []) => findColumn(from, role, { names, usual, taken });
  const pair =
    pairs || names.text2 !== undefined ? (find("text2") ?? fail(missing(from, "text2"))) : undefined;
  const others = ["group", "time"] as const;
  const [group, time] = others.map((role) => (names[role] === undefined ? undefined : find(role)));
  const taken = [pair, group, time].filter((column) => column !== undefined);
  const knownText = find("text", taken);
  const knownLabels =
    labelColumns(from, names.label) ?? wrap(find("label", knownText ? [...taken, knownText] : taken));
  const content = columnsByContent(from, [...taken, knownText, ...(knownLabels ?? [])]);
  const text =
    knownText ?? otherOfTwo(from, knownLabels?.[0] ?? pair) ?? content.text ?? fail(missing(from, "text"));
  const labels =
    knownLabels ??
    wrap(otherOfTwo(from, text)) ??
    (content.text ? wrap(content.label) : undefined) ??
    (labelled ? fail(missing(from, "label")) : []);
  const chosen = {
    text,
    ...(pair && { pair }),
    labels: labelled ? labels : [],
    ...(group && { group }),
    ...(time && { time }),
  };
  requireDistinct(from, chosen);
  return chosen;
}

/** Whether a column of this name would be guessed to hold texts or labels. */
export const isUsualName = (name: string): boolean =>
  guesses.text.includes(name.toLowerCase()) || guesses.label.includes(name.toLowerCase());

/** Whether a column of this name would be guessed to hold the second texts of pairs. */
export const isUsualPairName = (name: string): boolean => guesses.text2.includes(name.toLowerCase());

/** Whether a header has a column that would be guessed to hold the texts. */
export const namesTexts = (columns: readonly string[]): boolean =>
  columns.some((name) => guesses.text.includes(name.toLowerCase()));

/** Columns that the user named, which mark a header. */
export const namedColumns = (names: ColumnNames): string[] =>
  [names.text, names.text2, names.label, ...(names.label?.split(",") ?? []), names.group, names.time].flatMap(
    (name) => name?.trim() ?? [],
  );

/** The column as named, which has to be there, or by the first guess that is. */
function findColumn(
  from: ColumnSource,
  role: Role,
  { names, usual, taken }: { names: ColumnNames; usual: ColumnNames; taken: readonly Column[] },
): Column | undefined {
  const wanted = names[role];
  if (wanted !== undefined) return named(from, role, wanted);
  const columns = from.columns.map((name) => name.trim());
  const exact = usual[role] === undefined ? -1 : columns.indexOf(usual[role]);
  const isTaken = (index: number) => taken.some((column) => column.index === index);
  if (exact !== -1 && !isTaken(exact)) return { name: columns[exact]!, index: exact, guessed: true };
  const lowercase = columns.map((name) => name.toLowerCase());
  for (const guess of role === "group" || role === "time" ? [] : guesses[role]) {
    const index = lowercase.indexOf(guess);
    if (index === -1 || isTaken(index)) continue;
    if (lowercase.lastIndexOf(guess) !== index) throw ambiguous(from, columns[index]!);
    return { name: columns[index]!, index, guessed: true };
  }
  return undefined;
}

function named(from: ColumnSource, role: Role, wanted: string): Column {
  const columns = from.columns.map((name) => name.trim());
  const index = columns.indexOf(wanted.trim());
  if (index === -1) throw missing(from, role, wanted);
  if (columns.lastIndexOf(wanted.trim()) !== index) throw ambiguous(from, wanted);
  return { name: wanted.trim(), index, guessed: false };
}

/** The named columns of labels: one, whose name may have commas, or several. */
function labelColumns(from: ColumnSource, wanted: string | undefined): Column[] | undefined {
  if (wanted === undefined) return undefined;
  const isOne = !wanted.includes(",") || from.columns.some((name) => name.trim() === wanted.trim());
  const all = isOne ? [wanted] : wanted.split(",").filter((name) => name.trim() !== "");
  return all.map((name) => named(from, "label", name));
}

const wrap = (column: Column | undefined): Column[] | undefined => column && [column];

function otherOfTwo({ columns }: ColumnSource, known: Column | undefined): Column | undefined {
  if (columns.length !== 2 || known === undefined) return undefined;
  const index = 1 - known.index;
  const name = columns[index]!.trim();
  return name === "" ? undefined : { name, index, guessed: true };
}

function requireDistinct({ source }: ColumnSource, { text, pair, labels, group, time }: Columns): void {
  const roles: [string, Column | undefined][] = [
    ["the texts", text],
    ["the second texts", pair],
    ...labels.map((column): [string, Column] => ["the labels", column]),
  ];
  for (const [i, [role, column]] of roles.entries()) {
    const twin = roles.slice(0, i).find(([, other]) => column && other?.index === column.index);
    if (!column || !twin) continue;
    throw new TextgraftError("option-invalid", {
      message: `${source}: column "${column.name}" is named for both ${twin[0]} and ${role}.`,
      fix: "Give --text, --text2 and --label different columns.",
    });
  }
  for (const [flag, column] of [
    ["--group", group],
    ["--time", time],
  ] as const) {
    if (column && labels.length === 1 && labels[0]!.index === column.index) {
      throw new TextgraftError("option-invalid", {
        message: `${source}: column "${column.name}" is named for the labels and by ${flag}.`,
        fix: `Give ${flag} another column.`,
      });
    }
  }
}

function fail(error: TextgraftError): never {
  throw error;
}

const contents: Record<Role, string> = {
  text: "texts",
  text2: "second texts",
  label: "labels",
  group: "groups",
  time: "times",
};

/**
 * Columns that the user named and that `columns` lacks, with the flags that name them: of a source whose columns aren't
 * all known they may come further down.
 */
export function lateColumns(columns: readonly string[], names: ColumnNames): Map<string, Role> {
  const late = new Map<string, Role>();
  const known = columns.map((name) => name.trim());
  for (const role of ["text", "text2", "label", "group", "time"] as const) {
    const wanted = names[role]?.trim();
    if (wanted === undefined || known.includes(wanted)) continue;
    const all = role === "label" ? wanted.split(",").filter((name) => name.trim() !== "") : [wanted];
    for (const name of all) if (!known.includes(name.trim())) late.set(name.trim(), role);
  }
  return late;
}

/** That a source lacks a column: the one that was named, or one that could be guessed. */
export function missing(
  { source, columns: all, open, numbered }: ColumnSource,
  role: Role,
  wanted?: string,
): TextgraftError {
  if (all.length === 0) return empty(source);
  const columns = all.filter((name) => name.trim() !== "").map((name) => name.trim());
  const names = columns.slice(0, 12).map(quoted).join(", ") + (columns.length > 12 ? ", …" : "");
  const listed = `${open ? "the columns in its first megabyte" : "its columns"} ${names === "" ? "have no names" : `are ${names}`}`;
  if (wanted !== undefined) {
    const near = closest(wanted, columns);
    return new TextgraftError("column-missing", {
      message: `${source} has no column "${wanted}"; ${listed}.`,
      fix:
        near === undefined ? `Name one of them with --${role}.` : `Did you mean --${role} ${quoted(near)}?`,
    });
  }
  const tried = role === "group" || role === "time" ? [] : guesses[role];
  return new TextgraftError("column-missing", {
    message:
      `${source} has no column with a usual name for its ${contents[role]} (${tried.join(", ")}); ` +
      `${listed}.`,
    fix: numbered
      ? `Name the column by its number with --${role}. If the first line has the names of the columns, say --header yes.`
      : `Name the column with --${role}. ` +
        "If the first line is data already, say --header no, or write a header line such as text,label above it.",
  });
}

const empty = (source: string): TextgraftError =>
  new TextgraftError("data-invalid", {
    message: `${source} has no columns: nothing stands in it.`,
    fix: "Name a file with texts, such as CSV with a header line text,label and below it one row for each text.",
  });

const ambiguous = ({ source }: ColumnSource, name: string): TextgraftError =>
  new TextgraftError("column-missing", {
    message: `${source} has more than one column "${name}".`,
    fix: "Give each column of the header a name of its own.",
  });

/** Columns that were chosen in a source, as the facts tell them. */
export const columnFacts = ({ text, pair, labels }: Columns) => ({
  textColumn: text.name,
  ...(pair && { pairColumn: pair.name }),
  labelColumn: labels.map(({ name }) => name).join(", "),
  guessed: [text, ...(pair ? [pair] : []), ...labels].flatMap(({ name, guessed }) => (guessed ? [name] : [])),
});
