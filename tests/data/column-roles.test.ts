import { expect, test } from "vitest";
import { roleCandidates } from "../../src/data/column-roles.js";

/** What a column of this name and these values, repeated over 60 rows, may be for. */
function roleOf(name: string, cell: (row: number) => string): string {
  const sample = Array.from({ length: 60 }, (_, row) => [`text ${row}`, cell(row)]);
  const { pairs, groups, times, named } = roleCandidates(
    { source: "t.csv", columns: ["text", name], sample },
    ["text"],
  );
  const roles = Object.entries({ pairs, groups, times }).flatMap(([role, names]) =>
    names.length > 0 ? [role] : [],
  );
  return `${roles.join(" ")}${named.has(name) ? ", named" : ""}`;
}

test.each<[string, (row: number) => string, string]>([
  ["text_pair", (row) => `${row}`, "pairs, named"],
  ["reply", (row) => `a sentence number ${row}`, "pairs"],
  ["reply", () => "always the same words", ""],
  ["reply", (row) => (row === 7 ? " " : `a sentence number ${row}`), ""],
  ["customer", (row) => `c${row % 20}`, "groups, named"],
  ["User-ID", (row) => `${row}`, "groups, named"],
  ["shop", (row) => `shop${row % 20}`, "groups"],
  ["shop", (row) => `shop${row % 3}`, ""], // too few for a split
  ["shop", (row) => (row % 3 ? "one" : `shop${row}`), ""], // one of them is in most rows
  ["stars", (row) => `${row % 20}`, ""],
  ["id", (row) => `x${row}`, ""],
  ["date", (row) => `2024-01-${String(1 + (row % 28)).padStart(2, "0")}`, "times, named"],
  ["when", (row) => `2024/3/${1 + (row % 28)} 12:00`, "times"],
  ["created_at", (row) => `${1.7e9 + row}`, "times, named"],
  ["who", (row) => `user ${1 + (row % 12)}`, "groups"], // which Date.parse takes for a date
])("what a column may be for: %s, case %#", (name, cell, expected) => {
  expect(roleOf(name, cell)).toBe(expected);
});

test("few rows tell nothing", () => {
  const sample = Array.from({ length: 4 }, (_, row) => ["text", `c${row}`]);
  const { groups } = roleCandidates({ source: "t.csv", columns: ["text", "customer"], sample }, ["text"]);
  expect(groups).toEqual([]);
});
