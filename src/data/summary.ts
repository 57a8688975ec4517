import { countOf } from "../base/iterables.js";
import { atOnce, type Steps, within } from "../base/steps.js";
import { countLabels } from "./check.js";
import type { Dataset } from "./example.js";
import { type Examples, textsOf, wholeText } from "./examples.js";
import { formatLabels } from "./label-sets.js";
import { type NearDuplicates, nearDuplicates, normalized } from "./near-duplicates.js";
import { TextNumbers } from "./text-numbers.js";

/** What stands in a dataset, before any model looks at it. */
export interface Summary {
  rows: number;
  /** In the order of labelIds; shares of all rows, in [0, 1]. */
  labels: { label: string; count: number; share: number }[];
  /** Rows without any label. */
  unlabelled: number;
  /** Rows whose text stands in an earlier row, character by character. */
  duplicateRows: number;
  /** Rows that are nearly an earlier row's text or the same; at least `duplicateRows`. */
  nearDuplicateRows: number;
  /** Groups of two and more such rows. */
  nearDuplicateGroups: number;
  conflicts: Conflicts;
}

/** Texts that have different labels in different rows; case and white space don't count. */
export interface Conflicts {
  /** Different texts with more than one label. */
  texts: number;
  /** The first five of them; several labels of one row are one entry, such as `a|b`. */
  first: { text: string; rows: number[]; labels: string[] }[];
}

/** Counts rows, labels and duplicates. `duplicates` are the dataset's near-duplicate groups, if they are known. */
export const summarize = (
  dataset: Dataset,
  duplicates: Pick<NearDuplicates, "groups" | "groupCount"> = nearDuplicates(textsOf(dataset.examples)),
): Summary => atOnce(summarizing(dataset, duplicates));

/** The same in steps. */
export function* summarizing(
  { examples, labels }: Dataset,
  { groups, groupCount }: Pick<NearDuplicates, "groups" | "groupCount">,
): Steps<Summary> {
  const counts = countLabels(examples, labels);
  const sizes = new Uint32Array(groupCount);
  for (const group of groups) sizes[group]!++;
  const repeats = yield* within(repeatedTexts(examples), 0, 0.4);
  return {
    rows: examples.length,
    labels: labels.map((label, labelId) => ({
      label,
      count: counts[labelId]!,
      share: counts[labelId]! / examples.length,
    })),
    unlabelled: countOf(examples, (example) => example.labels.length === 0),
    duplicateRows: repeats,
    nearDuplicateRows: examples.length - groupCount,
    nearDuplicateGroups: countOf(sizes, (size) => size > 1),
    conflicts: yield* within(conflictsOf(examples), 0.4, 1),
  };
}

function* repeatedTexts(examples: Examples): Steps<number> {
  const texts = new TextNumbers();
  let row = 0;
  for (const example of examples) {
    if (row++ % 64 === 0) yield row / examples.length;
    texts.numberOf(wholeText(example));
  }
  return examples.length - texts.count;
}

function* conflictsOf(examples: Examples): Steps<Conflicts> {
  const texts = new TextNumbers();
  const sets = new Map<string, number>();
  const numbers = new Uint32Array(examples.length);
  const firstSets = new Uint32Array(examples.length);
  const conflicting = new Uint8Array(examples.length); // these two by the text's number
  let row = 0;
  for (const example of examples) {
    if (row % 64 === 0) yield row / examples.length;
    const label = formatLabels(example.labels);
    const set = sets.get(label) ?? sets.size;
    sets.set(label, set);
    const known = texts.count;
    const number = texts.numberOf(normalized(wholeText(example)));
    if (number === known) firstSets[number] = set;
    else if (firstSets[number] !== set) conflicting[number] = 1;
    numbers[row++] = number;
  }
  const found: Map<number, Conflicts["first"][number]> = new Map();
  for (let number = 0; number < texts.count && found.size < 5; number++)
    if (conflicting[number] === 1) found.set(number, { text: "", rows: [], labels: [] });
  for (const [index, number] of numbers.entries()) {
    const conflict = found.get(number);
    if (!conflict) continue;
    const example = examples.at(index)!;
    const { labels, row } = example;
    if (conflict.rows.length === 0) conflict.text = wholeText(example);
    conflict.rows.push(row);
    const label = formatLabels(labels);
    if (!conflict.labels.includes(label)) conflict.labels.push(label);
  }
  return { texts: countOf(conflicting, (flag) => flag === 1), first: [...found.values()] };
}
