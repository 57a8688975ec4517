import { expect, test } from "vitest";
import { random } from "../../src/base/random.js";
import { epochTexts } from "../../src/run/sampling.js";

/** 100 texts of label 0, 17 of label 2 and 5 of label 1; texts before and after them belong to other parts. */
const labelIds = [
  [2],
  ...[0, 1, 2].flatMap((label) => new Array<number[]>([100, 5, 17][label]!).fill([label])),
  [1],
];
const train = Array.from({ length: 122 }, (_, i) => i + 1);

const epochs = (count: number, seed = 1) =>
  Array.from({ length: count }, (_, i) => [
    ...Array.from(epochTexts({ train, labelIds }, "balanced", random(seed), i + 1)),
  ]);

const timesOf = (texts: readonly number[]) => {
  const times = new Map<number, number>();
  for (const text of texts) times.set(text, (times.get(text) ?? 0) + 1);
  return times;
};

test("all: each text once, as they come", () => {
  expect(epochTexts({ train, labelIds }, "all", random(1), 3)).toBe(train);
});

test("balanced: each label comes equally often in each epoch, from training texts alone", () => {
  for (const texts of epochs(7)) {
    expect(texts).toHaveLength(123); // three times 41, for 122 texts
    expect([...timesOf(texts.map((text) => labelIds[text]![0]!)).values()]).toEqual([41, 41, 41]);
    expect(texts.every((text) => train.includes(text))).toBe(true);
  }
});

test("balanced: no text of a label comes twice more often than another, counted from the first epoch on", () => {
  const all = epochs(5);
  for (const end of all.keys()) {
    const soFar = all.slice(0, end + 1).flat();
    for (const label of [0, 1, 2]) {
      const times = timesOf(soFar.filter((text) => labelIds[text]![0] === label));
      const counts = train.flatMap((text) => (labelIds[text]![0] === label ? [times.get(text) ?? 0] : []));
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
  }
  const common = all.flatMap((texts) => texts.filter((text) => labelIds[text]![0] === 0));
  expect(new Set(common.slice(0, 100)).size).toBe(100); // two epochs and a half
  expect(new Set(common.slice(100, 200)).size).toBe(100);
});

test("balanced: the seed gives the choice", () => {
  expect(epochs(3)).toEqual(epochs(3));
  expect(epochs(1, 2)).not.toEqual(epochs(1));
  expect(epochs(2)[0]).not.toEqual(epochs(2)[1]);
});
