import { expect, test } from "vitest";
import { barOf } from "../../src/app/bar.js";

test("a bar shows how far a job is, and from its speed when it ends", () => {
  let now = 5_000;
  const bar = barOf("Reading", () => now);
  expect(bar(0, 4_000)).toBe("Reading  ░░░░░░░░░░░░░░░░░░░░  0/4,000");
  now += 500;
  expect(bar(100, 4_000)).not.toContain("left"); // too early to say
  now += 9_500; // 10 s for 1,000 of 4,000: 30 s for the rest
  expect(bar(1_000, 4_000, " texts")).toBe("Reading  █████░░░░░░░░░░░░░░░  1,000/4,000 texts  0:30 left");
  expect(bar(4_000, 4_000)).toBe("Reading  ████████████████████  4,000/4,000  0:00 left");
});

test("what was done before the first call doesn't count as speed", () => {
  let now = 0;
  const bar = barOf("Reading", () => now);
  bar(900, 1_000);
  now = 10_000;
  expect(bar(910, 1_000)).toContain("1:30 left");
  expect(barOf("x")(0, 0)).toContain("████████████████████");
});
