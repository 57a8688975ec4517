import { expect, test } from "vitest";
import { datasetOf } from "../../src/data/example.js";
import { textsOf } from "../../src/data/examples.js";
import { nearDuplicates } from "../../src/data/near-duplicates.js";
import { summarize } from "../../src/data/summary.js";

const long =
  "your parcel is waiting at the post office, please bring this message and your passport with you";
const rows: [string, string][] = [
  ["ham", "see you later"],
  ["spam", long],
  ["ham", "see you later"],
  ["spam", `${long}.`],
  ["spam", "See you  later"],
  ["ham", "something else"],
];
const dataset = datasetOf(
  "t.csv",
  rows.map(([label, text], index) => ({ text, labels: [label], row: index + 1 })),
);

test("rows, labels, duplicates and conflicts", () => {
  expect(summarize(dataset)).toEqual({
    rows: 6,
    labels: [
      { label: "ham", count: 3, share: 0.5 },
      { label: "spam", count: 3, share: 0.5 },
    ],
    unlabelled: 0,
    duplicateRows: 1,
    nearDuplicateRows: 3,
    nearDuplicateGroups: 2,
    conflicts: {
      texts: 1,
      first: [{ text: "see you later", rows: [1, 3, 5], labels: ["ham", "spam"] }],
    },
  });
});

test("groups that are known give the same", () => {
  const known = nearDuplicates(textsOf(dataset.examples));
  expect(summarize(dataset, known)).toEqual(summarize(dataset));
});
