import fc from "fast-check";
import { expect, test } from "vitest";
import { Column, NumberLists, SparseColumn } from "../../src/base/column.js";

/** More than a block has, with widths that change within it. */
const counts = fc.array(
  fc.oneof(
    fc.nat(255),
    fc.nat(65_535),
    fc.nat(2 ** 32 - 1),
    fc.nat(2 ** 53 - 1),
    fc.double({ noNaN: false }),
  ),
  { maxLength: 1200 },
);

test("any numbers come back as they were pushed", () => {
  fc.assert(
    fc.property(counts, (numbers) => {
      const column = new Column();
      for (const number of numbers) column.push(number);
      expect(column.length).toBe(numbers.length);
      for (const [i, number] of numbers.entries()) expect(column.at(i)).toBe(number === 0 ? 0 : number);
    }),
  );
});

test.each([undefined, 0, 1])("numbers that rise come back, also where they don't by %s", (rise) => {
  const rises = fc.array(
    fc.oneof(fc.constant(1), fc.nat(300), fc.nat(100_000), fc.integer({ min: -9, max: 0 })),
    {
      maxLength: 1200,
    },
  );
  fc.assert(
    fc.property(fc.nat(2 ** 40), rises, (first, rises) => {
      const column = new Column(rise);
      const numbers = rises.map(
        (
          (sum) => (by: number) =>
            (sum += by)
        )(first),
      );
      for (const number of numbers) column.push(number);
      expect(Array.from(numbers, (_, i) => column.at(i))).toEqual(numbers);
    }),
  );
});

test("what is added to a number may need a wider column", () => {
  const column = new Column();
  for (let i = 0; i < 1000; i++) column.push(i % 7);
  for (const [index, more] of [
    [3, 250],
    [3, 70_000],
    [999, 2 ** 33],
  ] as const)
    column.add(index, more);
  expect([column.at(2), column.at(3), column.at(4), column.at(999)]).toEqual([
    2,
    70_253,
    4,
    2 ** 33 + (999 % 7),
  ]);
});

test("a column takes as few bytes as its numbers need", () => {
  const bytesOf = (column: { push(value: number): void; bytes: number }, numberAt: (i: number) => number) => {
    for (let i = 0; i < 51_200; i++) column.push(numberAt(i));
    return column.bytes / 51_200;
  };
  expect(bytesOf(new Column(1), (i) => i + 7)).toBe(0);
  expect(bytesOf(new Column(), (i) => i % 256)).toBe(1);
  expect(bytesOf(new Column(0), (i) => 100 * i)).toBe(2);
  expect(bytesOf(new Column(), (i) => 2 ** 32 - 1 - i)).toBe(4);
  expect(bytesOf(new Column(), (i) => i / 2)).toBe(8);
  expect(
    bytesOf(
      new SparseColumn(
        () => new Column(),
        () => 5,
      ),
      () => 5,
    ),
  ).toBe(0);
});

test("lists of numbers come back, whatever their lengths", () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.nat(1000), { maxLength: 4 }), { maxLength: 700 }), (all) => {
      const lists = new NumberLists();
      for (const list of all) lists.push(list);
      expect(all.map((_, i) => lists.at(i))).toEqual(all);
      expect(all.map((list, i) => lists.has(i, list[0] ?? 0))).toEqual(all.map((list) => list.length > 0));
    }),
  );
});
