import { expect, test } from "vitest";
import { hash32 } from "../../src/base/random.js";
import { dropoutBit, dropoutKeys, dropoutThreshold } from "../../src/model/dropout-bits.js";
import type { DropoutSite } from "../../src/model/layers.js";
import { DropoutFeeds, maskBytes } from "../../src/run/dropout-feeds.js";

const sites: DropoutSite[] = (
  [
    { name: "tokens", probability: 0.1, stride: 5, shape: ["batch", "sequence", 5] },
    { name: "attention", probability: 0.5, stride: 16, shape: ["batch", 2, "sequence", "sequence"] },
    { name: "other", probability: 0.5, stride: 16, shape: ["batch", 2, "sequence", "sequence"] },
    { name: "read", probability: 0.3, stride: 16, shape: ["batch", 2, 1, "sequence"] },
    { name: "shared", probability: 0.4, stride: 5, shape: [1, 6, 5] },
    { name: "pooled", probability: 0.2, stride: 7, shape: ["batch", 7] },
    { name: "bytes", probability: 0.2, stride: 9, shape: ["batch", "sequence", 9], dtype: "uint8" },
  ] as const
).map((site) => ({ dtype: "float32", ...site }));

test("the mask of each site is that of its name, the seed, the step and the example, however long the batch", () => {
  const feeds = new DropoutFeeds();
  // The memory is used again, larger and smaller.
  for (const [step, sequence, examples] of [
    [1, 3, [4, 9]],
    [2, 8, [4, -1, 12]],
    [3, 4, [0]],
  ] as const) {
    const moment = { seed: 11, step, examples: Int32Array.from(examples) };
    const found = feeds.masks(sites, sequence, moment);
    expect(Object.keys(found)).toEqual(sites.map(({ name }) => `dropout.${name}`));
    for (const { name, probability, stride, shape, dtype: wanted } of sites) {
      const { dtype, shape: bound, data } = found[`dropout.${name}`]!;
      expect(dtype).toBe(wanted);
      expect(bound).toEqual(
        shape.map((dim) => (dim === "batch" ? examples.length : dim === "sequence" ? sequence : dim)),
      );
      const inner = bound.slice(1);
      const [blocks, rows, columns] = [...new Array<number>(3 - inner.length).fill(1), ...inner] as [
        number,
        number,
        number,
      ];
      const threshold = dropoutThreshold(probability);
      const masked = name === "shared" ? [0] : [...moment.examples];
      const expected = masked.flatMap((example) => {
        const keys = dropoutKeys(11, step, hash32(name), example);
        return Array.from({ length: blocks * rows * columns }, (_, i) => {
          const [block, row, column] = [
            Math.floor(i / (rows * columns)),
            Math.floor(i / columns) % rows,
            i % columns,
          ];
          const bit = dropoutBit(keys, (block * stride + row) * stride + column, threshold);
          return wanted === "uint8" ? bit : bit * Math.fround(1 / (1 - probability));
        });
      });
      expect([...data].map(Number), name).toEqual(expected);
    }
  }
});

test("sites, steps, examples and seeds have masks of their own", () => {
  const mask = (site: number, seed: number, step: number, example: number) => {
    const feeds = new DropoutFeeds().masks([sites[site]!], 16, {
      seed,
      step,
      examples: Int32Array.of(example),
    });
    return Object.values(feeds)[0]!.data;
  };
  const wanted = mask(1, 0, 1, 5);
  expect(mask(1, 0, 1, 5)).toEqual(wanted);
  for (const other of [mask(2, 0, 1, 5), mask(1, 1, 1, 5), mask(1, 0, 2, 5), mask(1, 0, 1, 6)])
    expect(other).not.toEqual(wanted);
});

test("what all masks of a batch take is told beforehand", () => {
  const [batch, sequence] = [3, 8];
  const feeds = new DropoutFeeds().masks(sites, sequence, {
    seed: 0,
    step: 1,
    examples: Int32Array.of(1, 2, 3),
  });
  const bytes = Object.values(feeds).reduce((total, { data }) => total + data.byteLength, 0);
  expect(maskBytes(sites, { batch, sequence })).toBe(bytes);
});

test("a model without dropout needs no masks", () => {
  expect(new DropoutFeeds().masks([], 16, { seed: 0, step: 1, examples: Int32Array.of(0) })).toEqual({});
});
