import { expect, test } from "vitest";
import { random } from "../../src/base/random.js";
import { datasetOf, type Example } from "../../src/data/example.js";
import { partsOf } from "../../src/run/parts.js";
import { errorOf } from "../data/support.js";

type Extra = Partial<Pick<Example, "text" | "group" | "time">>;

const datasetWith = (count: number, extra: (index: number) => Extra) =>
  datasetOf(
    "rows.csv",
    Array.from({ length: count }, (_, i) => ({
      text: `${i} ${"abcdefghij"[i % 10]}${"klmnopqrst"[Math.floor(i / 10) % 10]} text about ${i * 7919}`,
      labels: [i % 2 === 0 ? "a" : "b"],
      row: i + 1,
      ...extra(i),
    })),
  );

const split = (data: ReturnType<typeof datasetWith>, how: "grouped" | "plain" | "time", cv = 0) =>
  partsOf({ data }, { problem: "single_label", split: how, cv, random: random(1) });

const rowsOf = (examples: Iterable<Example>): Example[] => [...examples];

test("a group is on one side, with the near duplicates of its texts", () => {
  const customer = (i: number) => `customer ${Math.floor(i / 4)}`;
  // Rows 0 and 100 are copies in different groups: both groups go together.
  const data = datasetWith(200, (i) => ({
    group: customer(i),
    ...(i % 100 === 0 && { text: "the very same words again" }),
  }));
  const { split: parts, facts } = split(data, "grouped");
  const sides = [parts.train, parts.validation, parts.test].map(
    (part) => new Set(rowsOf(part).map(({ group }) => group)),
  );
  expect(sides.reduce((total, side) => total + side.size, 0)).toBe(50);
  expect(sides.filter((side) => side.has("customer 0"))).toEqual(
    sides.filter((side) => side.has("customer 25")),
  );
  expect(facts.grouping).toEqual({ groups: 50, largest: 4, duplicatesApart: false });
  expect(facts.leaks).toEqual({ exact: 0, near: 0 });
  expect(facts.parts.test.rows).toBeGreaterThan(15);
});

test("where a phrase ties nearly all groups together, groups count and copies are told as leaks", () => {
  const data = datasetWith(200, (i) => ({
    group: `customer ${Math.floor(i / 4)}`,
    ...(i % 4 === 0 && { text: "thank you very much" }),
  }));
  const { facts } = split(data, "grouped");
  expect(facts.grouping).toEqual({ groups: 50, largest: 4, duplicatesApart: true });
  expect(facts.leaks.exact).toBeGreaterThan(0);
});

test("rows without a group are on their own; row by row, groups don't count", () => {
  const data = datasetWith(100, (i) => (i < 40 ? { group: `g${i % 5}` } : {}));
  expect(split(data, "grouped").facts.grouping).toEqual({ groups: 65, largest: 8, duplicatesApart: false });
  const { split: plain, facts } = split(data, "plain");
  expect(facts.grouping).toBeUndefined();
  expect([...plain.test]).toHaveLength(15);
});

test("two groups can't be split, and that is told", () => {
  const data = datasetWith(100, (i) => ({ group: i < 50 ? "x" : "y" }));
  expect(errorOf(() => split(data, "grouped"))).toContain(
    "rows.csv has 2 groups, the largest with 50 of the 100 rows",
  );
});

test("by time the newest rows are test; dates and copies across the boundary are told", () => {
  const day = 86_400_000;
  const data = datasetWith(100, (i) => ({
    time: Date.UTC(2024, 0, 1) + ((i * 37) % 100) * day,
    ...((i * 37) % 100 === 99 && { text: "sold again and again and again" }),
    ...(i === 0 && { text: "sold again and again and again" }),
  }));
  const { split: parts, facts } = split(data, "time");
  const times = (part: Iterable<Example>) => rowsOf(part).map(({ time }) => time!);
  expect(Math.max(...times(parts.train))).toBeLessThan(Math.min(...times(parts.validation)));
  expect(Math.max(...times(parts.validation))).toBeLessThan(Math.min(...times(parts.test)));
  expect(facts.times!.test).toEqual({ from: Date.UTC(2024, 2, 26), to: Date.UTC(2024, 3, 9) });
  expect(facts.leaks).toEqual({ exact: 1, near: 0 });
});

test("a row without a time is told by its number", () => {
  const data = datasetWith(30, (i) => (i === 4 ? {} : { time: i }));
  expect(errorOf(() => split(data, "time"))).toContain("without one is row 5");
});

test("for cross-validation no row is set aside as test", () => {
  const { facts } = split(
    datasetWith(100, () => ({})),
    "grouped",
    5,
  );
  expect([facts.parts.train.rows, facts.parts.validation.rows, facts.parts.test.rows]).toEqual([85, 15, 0]);
});
