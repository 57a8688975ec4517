import { countLabels } from "./check.js";
import type { Dataset } from "./example.js";
import { formatLabels } from "./label-sets.js";
import { nearDuplicates, normalized } from "./near-duplicates.js";

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

/** Counts rows, labels and duplicates. `groups` are the dataset's near-duplicate groups, if they are known. */
export function summarize(
  dataset: Dataset,
  { groups, groupCount } = nearDuplicates(dataset.examples.map(({ text }) => text)),
): Summary {
  const { examples, labels } = dataset;
  const counts = countLabels(examples, labels);
  const sizes = new Uint32Array(groupCount);
  for (const group of groups) sizes[group]!++;
  return {
    rows: examples.length,
    labels: labels.map((label, labelId) => ({
      label,
      count: counts[labelId]!,
      share: counts[labelId]! / examples.length,
    })),
    unlabelled: examples.filter((example) => example.labels.length === 0).length,
    duplicateRows: examples.length - new Set(examples.map(({ text }) => text)).size,
    nearDuplicateRows: examples.length - groupCount,
    nearDuplicateGroups: sizes.filter((size) => size > 1).length,
    conflicts: conflictsOf(dataset),
  };
}

function conflictsOf({ examples }: Dataset): Conflicts {
  const byText = new Map<string, Conflicts["first"][number]>();
  for (const { text, labels, row } of examples) {
    const key = normalized(text);
    const entry = byText.get(key) ?? { text, rows: [], labels: [] };
    byText.set(key, entry);
    entry.rows.push(row);
    const label = formatLabels(labels);
    if (!entry.labels.includes(label)) entry.labels.push(label);
  }
  const conflicts = [...byText.values()].filter(({ labels }) => labels.length > 1);
  return { texts: conflicts.length, first: conflicts.slice(0, 5) };
}
