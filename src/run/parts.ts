import { TextgraftError } from "../base/errors.js";
import { countOf, mapped } from "../base/iterables.js";
import { sum } from "../base/numbers.js";
import type { Random } from "../base/random.js";
import { atOnce, type Steps, within } from "../base/steps.js";
import type { OpenSpill } from "../data/byte-store.js";
import { countLabels, requireKnownLabels, requireTwoLabels } from "../data/check.js";
import { columnFacts } from "../data/columns.js";
import { type Dataset, datasetOf, type Example, sortedLabels } from "../data/example.js";
import { type Examples, textsOf } from "../data/examples.js";
import { findLeaks } from "../data/leaks.js";
import { findNearDuplicates } from "../data/near-duplicates.js";
import { defaultShares, type Split, splitStratified } from "../data/split.js";
import { partNames } from "../data/split-quotas.js";
import { type Conflicts, summarizing } from "../data/summary.js";
import type { Problem } from "../model/loss.js";
import type { DataFacts } from "./events.js";

/** Labelled rows, and rows that the user set aside. */
export interface Sources {
  data: Dataset;
  validation?: Dataset;
  test?: Dataset;
}

/** Every row in one part, and what there is to tell of it. */
export interface Parts {
  split: Split;
  facts: DataFacts;
  /** Texts that have different labels in different rows. */
  conflicts: Conflicts;
}

/**
 * Puts every row into train, validation or test: split off by label, or as the user's own files say. With
 * `grouped`, near duplicates stay together; the rows of the user's own files stay where they are.
 */
export const partsOf = (sources: Sources, options: PartOptions): Parts => atOnce(findParts(sources, options));

export interface PartOptions {
  problem: Problem;
  grouped: boolean;
  random: Random;
  /** Where large data is put meanwhile; without it all is in memory. */
  openSpill?: OpenSpill;
}

/** The same in steps. */
export function* findParts(
  { data, validation, test }: Sources,
  { problem, grouped, random, openSpill }: PartOptions,
): Steps<Parts> {
  for (const own of [validation, test]) if (own) requireKnownLabels(own, data.labels);
  const duplicates = yield* within(findNearDuplicates(textsOf(data.examples), openSpill), 0, 0.7);
  const groups = grouped ? duplicates.groups : undefined;
  const split = splitAround(data, { validation, test }, { random, groups });
  const part = (examples: Examples) => ({
    rows: examples.length,
    byLabel: countLabels(examples, data.labels),
  });
  const { duplicateRows, nearDuplicateRows, conflicts } = yield* within(
    summarizing(data, duplicates),
    0.7,
    0.9,
  );
  const leaking =
    grouped && !test
      ? { exact: 0, near: 0 }
      : yield* within(findLeaks(split.train, split.test, openSpill), 0.9, 1);
  const facts: DataFacts = {
    source: data.source,
    ...(data.columns ? columnFacts(data.columns) : { textColumn: "text", labelColumn: "label", guessed: [] }),
    problem,
    labels: data.labels,
    unlabelled: unlabelledRows(split),
    parts: { train: part(split.train), validation: part(split.validation), test: part(split.test) },
    exactDuplicates: duplicateRows,
    nearDuplicates: nearDuplicateRows - duplicateRows,
    leaks: leaking,
  };
  return { split, facts, conflicts };
}

const unlabelledRows = (split: Split): number =>
  sum(partNames.map((part) => countOf(split[part], ({ labels }) => labels.length === 0)));

/** Splits off what the user didn't give. */
function splitAround(
  data: Dataset,
  { validation, test }: { validation: Dataset | undefined; test: Dataset | undefined },
  options: { random: Random; groups: ArrayLike<number> | undefined },
): Split {
  if (validation && test) {
    requireTwoLabels(data);
    return { train: data.examples, validation: validation.examples, test: test.examples };
  }
  if (!validation && !test) return splitStratified(data, defaultShares, options);
  const share = defaultShares.validation;
  const halves = splitStratified(data, { train: 1 - share, validation: share, test: 0 }, options);
  if (test) return { ...halves, test: test.examples };
  return { train: halves.train, validation: validation!.examples, test: halves.validation };
}

/** A row made in a program; `labels` in multi-label problems. */
export type LabelledRow = { text: string; label: string } | { text: string; labels: readonly string[] };

/**
 * Rows made in a program, as if they had been read from a file. Throws `data-invalid` where there are none, and for the
 * first without a text or a label, or with `multiLabel` without a list of labels.
 */
export function datasetFrom(
  rows: readonly LabelledRow[],
  { multiLabel = false }: { multiLabel?: boolean } = {},
): Dataset {
  if (!Array.isArray(rows) || rows.length === 0) {
    throw new TextgraftError("data-invalid", {
      message: "There are no rows to train on.",
      fix: `Give the name of a CSV, TSV or JSONL file, or rows such as { text: "…", ${multiLabel ? 'labels: ["…"]' : 'label: "…"'} }.`,
    });
  }
  let row = 0;
  const example = (given: GivenRow): Example => {
    row++;
    return {
      text: filled(given, "text", row),
      labels: multiLabel ? labelList(given, row) : [filled(given, "label", row).trim()],
      row,
    };
  };
  return datasetOf("the given examples", mapped(rows as readonly GivenRow[], example));
}

/** A row of a caller that may not have been checked by TypeScript. */
type GivenRow = Partial<Record<"text" | "label" | "labels", unknown>>;

function filled(given: GivenRow, key: "text" | "label", row: number): string {
  const value = given[key];
  if (isFilled(value)) return value;
  throw badValue(given, key, row, "a string that isn't empty");
}

function labelList(given: GivenRow, row: number): string[] {
  const { labels } = given;
  if (Array.isArray(labels) && labels.every(isFilled))
    return sortedLabels(labels.map((label) => label.trim()));
  throw badValue(given, "labels", row, "a list of strings that aren't empty (an empty list means no label)");
}

const isFilled = (value: unknown): value is string => typeof value === "string" && value.trim() !== "";

const badValue = (given: GivenRow, key: keyof GivenRow, row: number, wanted: string): TextgraftError =>
  new TextgraftError("data-invalid", {
    message: `The given examples, row ${row}: ${key} is ${JSON.stringify(given[key])}; it must be ${wanted}.`,
    fix: "Correct this row or leave it out.",
  });
