import { TextgraftError } from "../base/errors.js";
import type { Random } from "../base/random.js";
import { countLabels, requireKnownLabels, requireTwoLabels } from "../data/check.js";
import { columnFacts } from "../data/columns.js";
import { type Dataset, datasetOf, type Example } from "../data/example.js";
import { leaks } from "../data/leaks.js";
import { nearDuplicates } from "../data/near-duplicates.js";
import { defaultShares, type Split, splitStratified } from "../data/split.js";
import { summarize } from "../data/summary.js";
import type { DataFacts } from "./events.js";

/** Labelled rows, and rows that the user set aside. */
export interface Sources {
  data: Dataset;
  validation?: Dataset;
  test?: Dataset;
}

/**
 * Puts every row into train, validation or test: split off by label, or as the user's own files say. With
 * `grouped`, near duplicates stay together; the rows of the user's own files stay where they are.
 */
export function partsOf(
  { data, validation, test }: Sources,
  { grouped, random }: { grouped: boolean; random: Random },
): { split: Split; facts: DataFacts } {
  for (const own of [validation, test]) if (own) requireKnownLabels(own, data.labels);
  const duplicates = nearDuplicates(data.examples.map(({ text }) => text));
  const groups = grouped ? duplicates.groups : undefined;
  const split = splitAround(data, { validation, test }, { random, groups });
  const part = (examples: readonly Example[]) => ({
    rows: examples.length,
    byLabel: countLabels(examples, data.labels),
  });
  const { duplicateRows, nearDuplicateRows } = summarize(data, duplicates);
  const facts: DataFacts = {
    source: data.source,
    ...(data.columns ? columnFacts(data.columns) : { textColumn: "text", labelColumn: "label", guessed: [] }),
    labels: data.labels,
    parts: { train: part(split.train), validation: part(split.validation), test: part(split.test) },
    exactDuplicates: duplicateRows,
    nearDuplicates: nearDuplicateRows - duplicateRows,
    leaks: grouped && !test ? { exact: 0, near: 0 } : leaks(split.train, split.test),
  };
  return { split, facts };
}

/** Splits off what the user didn't give. */
function splitAround(
  data: Dataset,
  { validation, test }: { validation: Dataset | undefined; test: Dataset | undefined },
  options: { random: Random; groups: readonly number[] | undefined },
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

/**
 * Rows made in a program, as if they had been read from a file. Throws `data-invalid` where there are none, and for the
 * first without a text or a label.
 */
export function datasetFrom(rows: readonly { text: string; label: string }[]): Dataset {
  if (!Array.isArray(rows) || rows.length === 0) {
    throw new TextgraftError("data-invalid", {
      message: "There are no rows to train on.",
      fix: 'Give the name of a CSV or TSV file, or rows such as { text: "…", label: "…" }.',
    });
  }
  const examples = rows.map((given: Partial<Record<"text" | "label", unknown>>, index) => ({
    text: filled(given, "text", index + 1),
    label: filled(given, "label", index + 1).trim(),
    row: index + 1,
  }));
  return datasetOf("the given examples", examples);
}

function filled(
  given: Partial<Record<"text" | "label", unknown>>,
  key: "text" | "label",
  row: number,
): string {
  const value = given[key];
  if (typeof value === "string" && value.trim() !== "") return value;
  throw new TextgraftError("data-invalid", {
    message: `The given examples, row ${row}: ${key} is ${JSON.stringify(value)}; it must be a string that isn't empty.`,
    fix: "Correct this row or leave it out.",
  });
}
