import { beforeAll, describe, expect, test } from "vitest";
import { random } from "../../src/base/random.js";
import { countLabels } from "../../src/data/check.js";
import type { Dataset } from "../../src/data/example.js";
import { textsOf } from "../../src/data/examples.js";
import { leaks } from "../../src/data/leaks.js";
import { nearDuplicates } from "../../src/data/near-duplicates.js";
import { readExamples } from "../../src/data/read-examples.js";
import { openRows } from "../../src/data/rows/open-rows-node.js";
import { defaultShares, splitStratified } from "../../src/data/split.js";
import { summarize } from "../../src/data/summary.js";
import { smsAbsent, smsFile } from "../support/sms.js";

describe.skipIf(smsAbsent)("the tutorial's SMS set", () => {
  let dataset: Dataset;
  beforeAll(async () => {
    dataset = await readExamples(await openRows(smsFile));
  });
  const groups = () => nearDuplicates(textsOf(dataset.examples)).groups;

  test("has the rows, labels and duplicates that its card states", () => {
    const summary = summarize(dataset);
    expect(summary.rows).toBe(5572);
    expect(summary.labels.map(({ label, count }) => [label, count])).toEqual([
      ["0", 4825],
      ["1", 747],
    ]);
    expect(summary.duplicateRows).toBe(403);
    expect(summary.nearDuplicateRows).toBeGreaterThan(403);
    expect(dataset.examples.at(-1)?.line).toBe(5575); // header, 5,572 rows, two line breaks in quotes
  });

  test("splits by rows as in the article, and leaks", () => {
    const split = splitStratified(dataset, defaultShares, { random: random(2018) });
    expect([split.train.length, split.validation.length, split.test.length]).toEqual([3900, 836, 836]);
    expect(countLabels(split.train, dataset.labels)).toEqual([3377, 523]);
    // 92 of 836 with the article's own random order
    const { exact } = leaks(split.train, split.test);
    expect(exact).toBeGreaterThan(60);
    expect(exact).toBeLessThan(130);
  });

  test("splits by groups with the same sizes and no leak", () => {
    const split = splitStratified(dataset, defaultShares, { random: random(42), groups: groups() });
    expect([split.train.length, split.validation.length, split.test.length]).toEqual([3900, 836, 836]);
    expect(countLabels(split.train, dataset.labels)).toEqual([3377, 523]);
    expect(leaks(split.train, split.test)).toEqual({ exact: 0, near: 0 });
    expect(leaks(split.train, split.validation)).toEqual({ exact: 0, near: 0 });
    expect(leaks(split.validation, split.test)).toEqual({ exact: 0, near: 0 });
  });
});
