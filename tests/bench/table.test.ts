import { expect, test } from "vitest";
import { markdownTable } from "../../bench/table.js";

test("a table is padded, numbers stand at the right, and cells keep their bars", () => {
  const rows = [
    { name: "a | b", value: 1 },
    { name: "c", value: 1234 },
  ];
  const table = markdownTable(rows, [
    { title: "name", of: ({ name }) => name },
    { title: "#", of: ({ value }) => String(value), right: true },
  ]);
  expect(table).toBe(
    [
      "| name   |    # |", //
      "| ------ | ---: |",
      "| a \\| b |    1 |",
      "| c      | 1234 |",
    ].join("\n"),
  );
});
