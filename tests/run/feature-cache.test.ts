import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { random } from "../../src/base/random.js";
import { type FeatureStore, memoryFeatures, tieredFeatures } from "../../src/run/feature-cache.js";
import { diskFeatures, openFeatures } from "../../src/run/feature-cache-node.js";

/** Temporary files of these tests lie in a folder of their own. */
let folder = "";
const usual = process.env.TMPDIR;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "textgraft-cache-test-"));
  process.env.TMPDIR = folder;
});
afterAll(() => {
  if (usual === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = usual;
  rmSync(folder, { recursive: true });
});

const vector = (length: number, value = length) => new Float32Array(length).fill(value);

describe.each<[string, (bytes: number) => FeatureStore]>([
  ["memory", memoryFeatures],
  ["disk", diskFeatures],
])("features in %s", (_name, open) => {
  test("come back as they were put, in any order, and never more than fit", () => {
    const puts = fc.array(fc.record({ length: fc.integer({ min: 1, max: 40 }), value: fc.float() }), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(puts, fc.integer({ min: 0, max: 2000 }), (given, limit) => {
        const store = open(limit);
        const kept = new Map<number, Float32Array>();
        let bytes = 0;
        for (const [example, { length, value }] of given.entries()) {
          const features = vector(length, value);
          const fits = bytes + 4 * length <= limit;
          expect(store.put(String(example), features)).toBe(fits);
          if (fits) {
            kept.set(example, features.slice());
            bytes += 4 * length;
          }
          features.fill(-1); // the store has a copy
        }
        for (const example of [...given.keys()].reverse())
          expect(store.get(String(example))).toEqual(kept.get(example));
        store.close();
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  test("are gone when the store is closed", () => {
    const store = open(100);
    store.put("3", vector(4));
    store.close();
    expect(store.get("3")).toBeUndefined();
    store.close();
  });

  test("are read back among hundreds of others", () => {
    const store = open(2 ** 24);
    const draw = random(5);
    const all = Array.from({ length: 200 }, () =>
      new Float32Array(32 * (1 + draw.int(20))).map(() => draw.normal()),
    );
    for (const [example, features] of all.entries()) expect(store.put(String(example), features)).toBe(true);
    for (let i = 0; i < 200; i++) {
      const example = draw.int(200);
      expect(store.get(String(example))).toEqual(all[example]);
    }
    store.close();
  });
});

test("what doesn't fit into memory goes to disk, and what doesn't fit there is refused", () => {
  const [memory, disk] = [memoryFeatures(40), diskFeatures(40)];
  const store = tieredFeatures([memory, disk]);
  expect(["0", "1", "2", "3"].map((key) => store.put(key, vector(8, Number(key))))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect([memory.get("0"), memory.get("1")]).toEqual([vector(8, 0), undefined]);
  expect([disk.get("0"), disk.get("1")]).toEqual([undefined, vector(8, 1)]);
  expect(["0", "1", "2"].map((key) => store.get(key))).toEqual([vector(8, 0), vector(8, 1), undefined]);
  store.close();
  expect([memory.get("0"), disk.get("1")]).toEqual([undefined, undefined]);
});

test("nobody sees the file, and it is gone with the store", () => {
  const store = openFeatures({ device: "cpu", graph: new Uint8Array(), weights: {} }, undefined, {
    memory: 0,
    disk: 100,
  });
  expect(readdirSync(folder)).toEqual([]);
  expect(store.put("0", vector(3))).toBe(true);
  expect(readdirSync(folder)).toEqual([]);
  const openFiles = process.platform === "linux" ? 1 : 0;
  expect(filesOpenIn(folder)).toHaveLength(openFiles);
  store.close();
  expect(filesOpenIn(folder)).toEqual([]);
});

test("without a place for temporary files, features are computed again and the run goes on", () => {
  process.env.TMPDIR = join(folder, "missing");
  const store = diskFeatures(100);
  expect(store.put("0", vector(3))).toBe(false);
  expect(store.get("0")).toBeUndefined();
  store.close();
  process.env.TMPDIR = folder;
});

/** Files of a folder that this process has open, as Linux tells it; elsewhere none. */
function filesOpenIn(parent: string): string[] {
  if (process.platform !== "linux") return [];
  const paths = readdirSync("/proc/self/fd").map((file) => {
    try {
      return readlinkSync(join("/proc/self/fd", file));
    } catch {
      return ""; // closed meanwhile
    }
  });
  return paths.filter((path) => path.startsWith(parent));
}
