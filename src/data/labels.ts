/**
 * A label as it is compared and written: 1.0 is the whole number 1, and true and false have one spelling, so that files
 * of different programs agree.
 */
export function labelSpelling(name: string): string {
  if (/^-?\d+\.0+$/.test(name)) return name.slice(0, name.indexOf(".")).replace(/^-0+$/, "0");
  return /^(true|false)$/i.test(name) ? name.toLowerCase() : name;
}

/** How the labels of some rows are spelled. */
export interface Spellings {
  /** A label's name as it is used: `labelSpelling`, or that of a known label which only the spelling tells apart. */
  of(name: string): string;
  /** What was changed: found → used. */
  readonly changed: ReadonlyMap<string, string>;
}

/** Spellings for the labels of a model or of other data, if there are `known` ones. */
export function spellings(known: readonly string[] = []): Spellings {
  const bySpelling = new Map(known.map((label) => [labelSpelling(label), label]));
  const isKnown = new Set(known);
  const seen = new Map<string, string>();
  const changed = new Map<string, string>();
  return {
    changed,
    of(name) {
      const before = seen.get(name);
      if (before !== undefined) return before;
      const found = detached(name);
      const plain = labelSpelling(found);
      const used = isKnown.has(found) ? found : (bySpelling.get(plain) ?? plain);
      if (seen.size < MOST_SEEN) seen.set(found, used);
      if (used !== found && changed.size < MOST_SEEN) changed.set(found, used);
      return used;
    },
  };
}

/** More different labels are none. */
const MOST_SEEN = 10_000;

/** A string of its own: what is cut from a file's text keeps all of that text in memory. */
const detached = (text: string): string => JSON.parse(JSON.stringify(text)) as string;

/** Labels that are the same but for case and white space, in groups. */
export function lookalikes(labels: readonly string[]): string[][] {
  const groups = new Map<string, string[]>();
  for (const label of labels) {
    const key = label.toLowerCase().replace(/\s+/g, "");
    groups.set(key, [...(groups.get(key) ?? []), label]);
  }
  return [...groups.values()].filter(({ length }) => length > 1);
}
