import type { Example } from "./example.js";
import { nearDuplicates, normalized } from "./near-duplicates.js";

/** Test examples that a model may know by heart. */
export interface Leaks {
  /** Test examples whose text stands in train too, but for case and white space. */
  exact: number;
  /** Other test examples in one group with a near duplicate in train. */
  near: number;
}

/** Counts the test examples with a twin in train. */
export function leaks(train: readonly Example[], test: readonly Example[]): Leaks {
  const known = new Set(train.map(({ text }) => normalized(text)));
  const { groups } = nearDuplicates([...train, ...test].map(({ text }) => text));
  const knownGroups = new Set(groups.slice(0, train.length));
  let [exact, near] = [0, 0];
  for (const [index, { text }] of test.entries()) {
    if (known.has(normalized(text))) exact++;
    else if (knownGroups.has(groups[train.length + index]!)) near++;
  }
  return { exact, near };
}
