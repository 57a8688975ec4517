import { expect, test } from "vitest";
import { readExamples } from "../../src/data/read-examples.js";
import { summarize } from "../../src/data/summary.js";
import { type Inspection, inspectionData, inspectionReport } from "../../src/report/inspection.js";
import { lengthStatistics } from "../../src/tokens/lengths.js";
import type { LengthLimit } from "../../src/tokens/long-texts.js";
import { rowsFrom } from "../support/rows.js";

const dataset = await readExamples(
  await rowsFrom(
    `message,class\n${["come at five,ham", "win money now,spam", "Come at  five,spam", "see you,ham"].join("\n")}\n`,
    "few.csv",
  ),
);
const inspection = {
  dataset,
  summary: summarize(dataset),
  model: "mini",
  lengths: lengthStatistics([5, 5, 6, 20], 512),
  limit: { maxLength: 8, long: "head", stride: 0 },
  passages: 4,
} satisfies Inspection;

test("labels, duplicates, lengths and limits as text", () => {
  const report = inspectionReport(inspection);
  expect(report).toContain(
    'few.csv; texts in column "message", labels in "class" (guessed; --text and --label choose others).\n\n' +
      "  label  texts   share\n  ham        2  50.0 %\n  spam       2  50.0 %\n\n" +
      "0 rows repeat an earlier text exactly, 1 more nearly (1 group in all).\n" +
      "1 text has different labels in different rows:\n  rows 1, 3 (ham, spam): come at five\n",
  );
  expect(report).toContain("mean 9.0;\n50 % up to 5, 75 % up to 6, 90 % up to 20,");
  expect(report).toContain("\n  16        25.0 %       11.1 %\n"); // 4 of 36 tokens
  expect(report).toContain("\n  25         0.0 %        0.0 %\n");
  const bars = report.match(/█+/g)!.map((bar) => bar.length);
  const counts = inspection.lengths.histogram.map(({ count }) => count).filter((count) => count > 0);
  const most = Math.max(...counts);
  expect(bars).toEqual(counts.map((count) => Math.ceil((50 * count) / most)));
});

test.each<[Partial<LengthLimit>, string]>([
  [{}, "1 text (25.0 %) has more than 8 tokens: of these, the first 8 are read (--long head).\n"],
  [{ long: "tail" }, ": of these, the last 8 are read (--long tail).\n"],
  [
    { long: "head+tail" },
    ": of these, 8 are read, half of them from the beginning and half from the end (--long head+tail).\n",
  ],
  [
    { long: "windows", stride: 2 },
    ": of these, all are read, in windows of 8 that share 2 (--long windows), 7 passages in all.\n",
  ],
  [{ maxLength: 5 }, "2 texts (50.0 %) have more than 5 tokens: of these, the first 5 are read"],
  [{ maxLength: 20, long: "windows" }, "No text has more than 20 tokens.\n"],
])("what becomes of long texts is said: %j", (changes, expected) => {
  const limit = { ...inspection.limit, ...changes };
  expect(inspectionReport({ ...inspection, limit, passages: 7 })).toContain(expected);
});

test("the same as JSON", () => {
  const json = JSON.parse(JSON.stringify(inspectionData(inspection)));
  expect(json).toMatchObject({
    source: "few.csv",
    textColumn: "message",
    labelColumn: "class",
    rows: 4,
    nearDuplicateRows: 1,
    conflicts: { texts: 1 },
    tokens: { count: 4, mean: 9 },
  });
  expect(json.tokens.longTexts).toEqual({
    ...inspection.limit,
    longer: 1,
    share: 0.25,
    passages: 4,
  });
  expect(json.tokens.limits[0]).toEqual({ limit: 16, count: 1, texts: 0.25, tokens: 4 / 36 });
});

test("texts without a label, and sets that differ for one text", async () => {
  const source = await rowsFrom(
    "message,class\ncome at five,a|b\nwin money now,\ncome at five,\nsee you,b\n",
    "sets.csv",
  );
  const sets = await readExamples(source, {}, { multiLabel: true });
  const report = inspectionReport({ ...inspection, dataset: sets, summary: summarize(sets) });
  expect(report).toContain(
    "  a               1  25.0 %\n  b               2  50.0 %\n  (no label)      2  50.0 %\n",
  );
  expect(report).toContain("  rows 1, 3 (a|b, no label): come at five\n");
});
