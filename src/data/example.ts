import type { OpenSpill } from "./byte-store.js";
import type { Columns } from "./columns.js";
import { type Examples, examplesBuilder } from "./examples.js";
import type { Reading } from "./read-examples.js";

/** One text with its labels. */
export interface Example {
  text: string;
  /** Exactly one, or in multi-label data any number, each once; trimmed, never empty. */
  labels: readonly string[];
  /** Data row of the source, counted from 1. */
  row: number;
  /** Line of the file at which the row starts; absent where the source is no file. */
  line?: number;
  /** The second of a pair of texts. */
  pair?: string;
  /** What it belongs to, such as a customer: rows of one group stay together in a split. */
  group?: string;
  /** When it was written, in milliseconds since 1970. */
  time?: number;
}

/** Labelled examples of one source. */
export interface Dataset {
  /** File name or description, as messages tell it. */
  source: string;
  examples: Examples;
  /** Every label once, in the order of labelIds: numeric if all are integers, else by code points. */
  labels: string[];
  /** Where texts and labels were found; absent where the source is no file. */
  columns?: Columns;
  /** How they were read; absent where the source is no file. */
  reading?: Reading;
}

/**
 * A dataset of rows made elsewhere, one after the other; `labels` is what occurs in them. Large texts leave memory where
 * there is an `openSpill`.
 */
export function datasetOf(source: string, rows: Iterable<Example>, openSpill?: OpenSpill): Dataset {
  const builder = examplesBuilder(openSpill);
  for (const example of rows) builder.add(example);
  return { source, examples: builder.examples, labels: sortedLabels(builder.labels) };
}

/** Each label once: in numeric order if all are integers, else in the order of code points. */
export function sortedLabels(labels: Iterable<string>): string[] {
  const distinct = [...new Set(labels)].sort(byCodePoint);
  if (!distinct.every((label) => /^-?\d+$/.test(label))) return distinct;
  return distinct.sort((a, b) => Number(a) - Number(b)); // stable: "01" stays before "1"
}

/** The default order of strings compares UTF-16 units, which puts 😀 before ﬁ. */
function byCodePoint(a: string, b: string): number {
  const [left, right] = [a[Symbol.iterator](), b[Symbol.iterator]()];
  for (;;) {
    const x = left.next().value?.codePointAt(0) ?? -1;
    const y = right.next().value?.codePointAt(0) ?? -1;
    if (x !== y || x === -1) return x - y;
  }
}
