import { type ColumnSource, isUsualPairName } from "./columns.js";
import { timeOf } from "./row-examples.js";

/** Columns besides the first texts and the labels that may have a role, by their names and by what stands in some rows. */
export interface RoleCandidates {
  /** Second texts of pairs. */
  pairs: string[];
  /** What belongs together, such as customers. */
  groups: string[];
  /** Dates and times. */
  times: string[];
  /** Those of them whose names say it. */
  named: ReadonlySet<string>;
}

/** Fewer rows tell nothing. */
const FEWEST_ROWS = 5;

const GROUP_NAME =
  /^(group|user|customer|client|author|speaker|thread|conversation|dialogue?|session|patient|account|document)s?([ _-]?(id|name|no|number))?$/i;
const TIME_NAME =
  /^(date|time|datetime|timestamp|created|published|posted|sent|received)([ _-]?(at|on|date|time))?$/i;

/** The candidates among the columns that aren't `taken`. A column with empty values is none: its rows could not be used. */
export function roleCandidates(
  { columns, sample = [] }: ColumnSource,
  taken: readonly string[],
): RoleCandidates {
  const found = {
    pairs: [] as string[],
    groups: [] as string[],
    times: [] as string[],
    named: new Set<string>(),
  };
  if (sample.length < FEWEST_ROWS) return found;
  for (const [index, column] of columns.entries()) {
    const name = column.trim();
    if (name === "" || taken.includes(name)) continue;
    const values = sample.map((row) => row[index]?.trim() ?? "");
    if (values.includes("")) continue;
    const [role, says] = roleOf(name, values);
    if (role !== undefined) found[role].push(name);
    if (says) found.named.add(name);
  }
  return found;
}

function roleOf(
  name: string,
  values: readonly string[],
): [role: "pairs" | "groups" | "times" | undefined, namesIt: boolean] {
  if (isUsualPairName(name)) return ["pairs", true];
  if (values.every((value) => timeOf(value) !== undefined)) {
    if (TIME_NAME.test(name)) return ["times", true];
    if (values.every((value) => DATE.test(value))) return ["times", false];
  }
  if (GROUP_NAME.test(name)) return [mayGroup(values, true) ? "groups" : undefined, true];
  if (areSentences(values)) return ["pairs", false];
  const areNumbers = values.every((value) => Number.isFinite(Number(value)));
  return [!areNumbers && mayGroup(values, false) ? "groups" : undefined, false];
}

/** Begins with a date in numbers. Date.parse alone takes "user 12" for a day in December. */
const DATE = /^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b/;

const areSentences = (values: readonly string[]): boolean =>
  values.reduce((words, value) => words + value.split(/\s+/).length, 0) >= 3 * values.length &&
  new Set(values).size > values.length / 2;

/** Enough different values for a split, and none in most rows; where the name doesn't say it, some have to repeat, too. */
function mayGroup(values: readonly string[], named: boolean): boolean {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  if (counts.size < 3 || Math.max(...counts.values()) > values.length / 2) return false;
  return named || (counts.size < values.length && counts.size >= values.length / 10);
}
