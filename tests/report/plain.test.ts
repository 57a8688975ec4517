import { expect, test } from "vitest";
import { estimateLine } from "../../src/report/facts.js";

test.each([
  [{ seconds: 0.2, bytes: 0.31e9 }, "It will take about 1 second and 0.3 GB of memory."],
  [{ seconds: 49, bytes: 2.58e9 }, "It will take about 49 seconds and 2.6 GB of memory."],
  [{ seconds: 83, bytes: 12e9 }, "It will take about 1 minute and 12.0 GB of memory."],
  [{ seconds: 5900 }, "It will take about 98 minutes."],
  [{ seconds: 30_000 }, "It will take about 8.3 hours."],
])("%o is told as exactly as it is known", (facts, line) => {
  expect(estimateLine(facts)).toBe(line);
});
