import { expect, test } from "vitest";
import { findDoubtful } from "../../src/run/label-questions.js";

/** Ten rows of two labels with which models agree. */
const agreed = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ ids: [i % 2], p: i % 2 === 0 ? [0.9, 0.1] : [0.1, 0.9] }));

const find = (rows: { ids: number[]; p: number[] }[], exact: number[], near: number[]) =>
  findDoubtful(
    "single_label",
    rows.map(({ ids }) => ids),
    rows.map(({ p }) => p),
    { exact, near },
  );

const apart = (count: number) => Array.from({ length: count }, (_, i) => i);

test("without copies the ranking is by margin, what models are sure of first", () => {
  const rows = [...agreed(10), { ids: [0], p: [0.05, 0.95] }, { ids: [1], p: [0.45, 0.55] }];
  const { findings, ranking } = find(rows, apart(12), apart(12));
  expect(findings).toMatchObject([
    { example: 10, suggestedIds: [1], probability: 0.95, reasons: [{ kind: "model" }] },
  ]);
  expect(ranking.slice(0, 2).map(({ example }) => example)).toEqual([10, 11]);
});

test("the minority among copies is doubted, a tie is decided by the models", () => {
  const rows = [...agreed(10), { ids: [0], p: [0.7, 0.3] }, { ids: [1], p: [0.7, 0.3] }];
  const pair = apart(12);
  pair[11] = 10;
  expect(find(rows, pair, pair).findings).toMatchObject([
    {
      example: 11,
      givenIds: [1],
      suggestedIds: [0],
      probability: 0.7,
      reasons: [{ kind: "conflict", rows: [10] }],
    },
  ]);
  // Three rows: two of label 1 outvote what models think.
  const three = [...rows, { ids: [1], p: [0.7, 0.3] }];
  const group = [...pair, 10];
  const [first] = find(three, group, group).findings;
  expect(first).toMatchObject({
    example: 10,
    suggestedIds: [1],
    reasons: [{ kind: "conflict", rows: [11, 12] }],
  });
});

test("nearly the same text counts less than the same", () => {
  const rows = [...agreed(8), ...[0, 1, 0, 1].map((id) => ({ ids: [id], p: [0.6, 0.4] }))];
  const exact = apart(12);
  exact[9] = 8;
  const near = apart(12);
  near[9] = 8;
  near[11] = 10;
  const { findings } = find(rows, exact, near);
  expect(findings.map(({ example, reasons }) => [example, reasons[0]!.kind])).toEqual([
    [9, "conflict"],
    [11, "near"],
  ]);
});

test("several labels: the suggestion changes the label in question and no other", () => {
  const ids = [...Array.from({ length: 6 }, (_, i) => (i % 2 === 0 ? [0, 1] : [])), [0], [1]];
  const p = [
    ...Array.from({ length: 6 }, (_, i) => (i % 2 === 0 ? [0.9, 0.8] : [0.1, 0.2])),
    [0.95, 0.9],
    [0.05, 0.9],
  ];
  const { findings, ranking } = findDoubtful("multi_label", ids, p, { exact: apart(8), near: apart(8) });
  expect(ranking).toHaveLength(16);
  expect(findings).toMatchObject([{ example: 6, givenIds: [0], suggestedIds: [0, 1], probability: 0.9 }]);
});
