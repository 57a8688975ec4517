/**
 * The labels that one cell names: `a|b`, a JSON list such as `["a","b"]`, or nothing where it is empty. Each once and
 * trimmed; undefined for a list in brackets that isn't JSON or holds anything but names and numbers.
 */
export function parseLabels(cell: string): string[] | undefined {
  const trimmed = cell.trim();
  if (!isBracketed(trimmed)) return distinct(trimmed.split("|"));
  let list: unknown;
  try {
    list = JSON.parse(trimmed);
  } catch {
    return undefined;
  }
  return Array.isArray(list) && list.every(isName) ? distinct(list.map(String)) : undefined;
}

/** Labels as `parseLabels` reads them: joined by `|`, or as a JSON list where a name wouldn't survive that. */
export function formatLabels(labels: readonly string[]): string {
  const joined = labels.join("|");
  return isBracketed(joined) || labels.some((label) => label.includes("|")) ? JSON.stringify(labels) : joined;
}

/** From this share of cells on, sets look intended. */
const manyCells = 0.1;

/** Whether many of these single labels look as if they were several: `a|b`, or a list in brackets. */
export function looksLikeSets(cells: Iterable<string>): boolean {
  let [count, sets] = [0, 0];
  for (const cell of cells) {
    count++;
    if (isBracketed(cell) || (cell.includes("|") && distinct(cell.split("|")).length > 1)) sets++;
  }
  return count > 0 && sets >= manyCells * count;
}

/** What to do about that. */
export const setsHint =
  "Labels look like sets, such as a|b: add --multi-label if a text may have several labels, or none.";

const isBracketed = (cell: string): boolean => cell.startsWith("[") && cell.endsWith("]");

const isName = (value: unknown): boolean =>
  typeof value === "number" || (typeof value === "string" && value.trim() !== "");

/** Parts that are empty, as in `a||b`, name nothing. */
const distinct = (names: readonly string[]): string[] => [
  ...new Set(names.map((name) => name.trim()).filter((name) => name !== "")),
];
