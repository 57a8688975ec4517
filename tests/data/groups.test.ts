import fc from "fast-check";
import { expect, test } from "vitest";
import { joinedGroups, largestGroup, numbered } from "../../src/data/groups.js";

const lists = fc
  .integer({ min: 1, max: 40 })
  .chain((rows) => fc.tuple(...[0, 1].map(() => fc.array(fc.nat(25), { minLength: rows, maxLength: rows }))));

test("rows are together exactly where a chain of shared numbers leads from one to the other", () => {
  fc.assert(
    fc.property(lists, ([a, b]) => {
      const groups = joinedGroups(a!, b!);
      // Warshall's closure of "shares a number"
      const linked = a!.map((x, i) => a!.map((y, j) => x === y || b![i] === b![j]));
      for (const k of a!.keys())
        for (const i of a!.keys())
          for (const j of a!.keys()) if (linked[i]![k] && linked[k]![j]) linked[i]![j] = true;
      for (const i of a!.keys())
        for (const j of a!.keys()) expect(groups[i] === groups[j]).toBe(linked[i]![j]);
      const sizes = groups.map((group) => groups.filter((other) => other === group).length);
      expect(largestGroup(groups)).toBe(Math.max(...sizes));
    }),
    { numRuns: 50 },
  );
});

test("values get numbers in the order in which they come", () => {
  expect([...numbered(["b", "a", "b", "c", "a"])]).toEqual([0, 1, 0, 2, 1]);
});
