import { TextgraftError } from "../base/errors.js";
import { mapped } from "../base/iterables.js";
import type { Dataset } from "./example.js";
import type { Examples } from "./examples.js";
import { looksLikeSets, setsHint } from "./label-sets.js";
import { lookalikes } from "./labels.js";
import { quoted, rowList } from "./table.js";

/** Examples that have each of the labels, in their order; other labels are not counted. */
export function countLabels(examples: Examples, labels: readonly string[]): number[] {
  const counts = new Map(labels.map((label) => [label, 0]));
  for (const example of examples) {
    for (const label of example.labels) {
      const count = counts.get(label);
      if (count !== undefined) counts.set(label, count + 1);
    }
  }
  return labels.map((label) => counts.get(label)!);
}

/** @throws TextgraftError data-invalid unless there are at least two labels, as training needs. */
export function requireTwoLabels({ source, labels }: Dataset): void {
  if (labels.length >= 2) return;
  if (labels.length === 0) {
    throw new TextgraftError("data-invalid", {
      message: `No row of ${source} has a label; training needs at least two labels.`,
      fix: "Name the right column with --label.",
    });
  }
  throw new TextgraftError("data-invalid", {
    message: `All rows of ${source} have the label ${quoted(labels[0]!)}; training needs at least two labels.`,
    fix: "Add rows of another label, or name the right column with --label.",
  });
}

/** Whether data that was read with one label a text seems to have sets of them. */
export const singleLabelsLookLikeSets = ({ examples }: Dataset): boolean =>
  looksLikeSets(mapped(examples, ({ labels }) => labels[0]!));

/** @throws TextgraftError data-invalid unless there are two labels with an example for each of so many parts. */
export function requireSplittable(dataset: Dataset, parts: number): void {
  requireTwoLabels(dataset);
  const { source, examples, labels } = dataset;
  const counts = countLabels(examples, labels);
  const rare = labels.filter((_, labelId) => counts[labelId]! < parts);
  if (rare.length === 0) return;
  const listed = rare.slice(0, 5).map((label) => `${quoted(label)} (${counts[labels.indexOf(label)]})`);
  const more = rare.length > 5 ? ` and ${rare.length - 5} more` : "";
  const wrongColumn = rare.length > labels.length / 2 && labels.length > examples.length / 5;
  const alike = lookalikes(labels).find((group) => group.some((label) => rare.includes(label)));
  throw new TextgraftError("data-invalid", {
    message:
      `${source}: to split the rows into ${parts} parts each label needs ${parts}; ` +
      `too few have ${listed.join(", ")}${more}.`,
    fix: singleLabelsLookLikeSets(dataset)
      ? setsHint
      : alike
        ? `${alike.map((label) => JSON.stringify(label)).join(" and ")} differ only by case or spaces: correct the file if they are one label.`
        : wrongColumn
          ? `The ${examples.length} rows have ${labels.length} different labels: name the right column with --label.`
          : "Add rows of these labels, join them with others, or give --validation and --test files of your own.",
  });
}

/** @throws TextgraftError label-unknown telling the rows whose label is not one of `known`. */
export function requireKnownLabels({ source, examples, labels }: Dataset, known: readonly string[]): void {
  const unknown = labels.filter((label) => !known.includes(label));
  if (unknown.length === 0) return;
  const rows = new Map(unknown.slice(0, 5).map((label) => [label, [] as number[]]));
  for (const example of examples) for (const label of example.labels) rows.get(label)?.push(example.row);
  const found = [...rows].map(([label, numbers]) => `${quoted(label)} (${rowList(numbers)})`);
  const more = unknown.length > found.length ? ` and ${unknown.length - found.length} more` : "";
  const expected = known.slice(0, 12).map(quoted).join(", ");
  throw new TextgraftError("label-unknown", {
    message:
      `${source} has ${unknown.length === 1 ? "an unknown label" : "unknown labels"}: ` +
      `${found.join(", ")}${more}; known are ${expected}${known.length > 12 ? ", …" : ""}.`,
    fix: "Correct the labels of these rows, or train with examples of them.",
  });
}
