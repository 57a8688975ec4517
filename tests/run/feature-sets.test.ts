import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { float32 } from "../../src/base/tensor.js";
import { cacheFolder, clearCache, listSets } from "../../src/run/cache-sets-node.js";
import type { FeatureStore, FrozenPart } from "../../src/run/feature-cache.js";
import { openFeatures } from "../../src/run/feature-cache-node.js";
import { openFeatureSet, type SetFacts } from "../../src/run/feature-sets-node.js";

const usual = process.env.TEXTGRAFT_CACHE;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "textgraft-sets-"));
  process.env.TEXTGRAFT_CACHE = folder;
});
afterEach(() => rmSync(folder, { recursive: true }));
afterAll(() => {
  process.env.TEXTGRAFT_CACHE = usual;
});

const facts: SetFacts = { model: "tiny", frozenStages: 2, layers: 4, hiddenSize: 8 };
const frozen = (weight = 1): FrozenPart => ({
  device: "cpu",
  graph: Uint8Array.of(1, 2, 3),
  weights: { w: float32([2], Float32Array.of(weight, 2)) },
});
const vector = (value: number, length = 8) => Float32Array.from({ length }, (_, i) => value + i / 7);
const keys = ["1,2,3", "4,5", "6"];

/** Leaves features of three texts, and gives the paths of the data and the index. */
function leave(): { data: string; index: string } {
  const store = openFeatureSet(frozen(), facts);
  for (const [i, key] of keys.entries()) expect(store.put(key, vector(i))).toBe(true);
  store.close();
  return { data: filesOf(".features")[0]!, index: filesOf(".index")[0]! };
}

function filesOf(ending: string): string[] {
  const set = join(cacheFolder(), "features", listSets("features")[0]!.name);
  return readdirSync(set)
    .filter((file) => file.endsWith(ending))
    .sort()
    .map((file) => join(set, file));
}

/** What a new run finds of the three texts. */
function found(): (number | undefined)[] {
  const store = openFeatureSet(frozen(), facts);
  const values = keys.map((key) => store.get(key)?.at(0));
  for (const [i, key] of keys.entries())
    if (values[i] !== undefined) expect(store.get(key)).toEqual(vector(i));
  store.close();
  return values;
}

/** Puts the three texts that aren't there anew; then all are found. */
function expectRepaired(): void {
  const store = openFeatureSet(frozen(), facts);
  for (const [i, key] of keys.entries()) {
    store.get(key);
    expect(store.put(key, vector(i))).toBe(true);
    expect(store.get(key)).toEqual(vector(i));
  }
  store.close();
  expect(found()).toEqual([0, 1, 2]);
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at]! ^= 0x10;
  writeFileSync(path, bytes);
}

test("features are found by later runs with the same frozen part, and by no others", () => {
  leave();
  expect(found()).toEqual([0, 1, 2]);
  const others: FrozenPart[] = [
    frozen(1.0000001),
    { ...frozen(), graph: Uint8Array.of(1, 2, 4) },
    { ...frozen(), weights: { v: frozen().weights.w! } },
    { ...frozen(), weights: { w: float32([1, 2], Float32Array.of(1, 2)) } },
  ];
  for (const other of others) {
    const store = openFeatureSet(other, facts);
    expect(store.get(keys[0]!)).toBeUndefined();
    store.close();
  }
  expect(listSets("features")).toHaveLength(5);
});

test("a run says how many texts' features it found, each counted once", () => {
  leave();
  const store = openFeatureSet(frozen(), facts);
  expect(store.use()).toEqual({ reused: 0 });
  for (const key of ["1,2,3", "4,5", "1,2,3", "9"]) store.get(key);
  store.put("9", vector(9));
  store.get("9");
  expect(store.use()).toEqual({ reused: 2 });
  store.close();
});

test("what is known isn't written again", () => {
  const { data } = leave();
  const size = statSync(data).size;
  const store = openFeatureSet(frozen(), facts);
  for (const [i, key] of keys.entries()) expect(store.put(key, vector(i))).toBe(true);
  store.close();
  expect(filesOf(".features")).toEqual([data]);
  expect(statSync(data).size).toBe(size);
});

describe("damage costs only what it hits, and is repaired:", () => {
  test.each<[string, (files: { data: string; index: string }) => void, (number | undefined)[]]>([
    ["a flipped bit of features", ({ data }) => flip(data, 32 + 5), [0, undefined, 2]],
    ["a data file cut off", ({ data }) => truncateSync(data, 50), [0, undefined, undefined]],
    ["an empty data file", ({ data }) => truncateSync(data, 0), [undefined, undefined, undefined]],
    ["no data file", ({ data }) => rmSync(data), [undefined, undefined, undefined]],
    [
      "zeros in place of features",
      ({ data }) => writeFileSync(data, Buffer.alloc(96)),
      [undefined, undefined, undefined],
    ],
    ["a flipped bit of a text's hash", ({ index }) => flip(index, 32 + 3), [0, undefined, 2]],
    ["a flipped bit of an offset", ({ index }) => flip(index, 32 + 16), [0, undefined, 2]],
    ["a huge offset", ({ index }) => flip(index, 32 + 23), [0, undefined, 2]],
    ["a flipped bit of a length", ({ index }) => flip(index, 64 + 24), [0, 1, undefined]],
    ["a huge length", ({ index }) => flip(index, 32 + 27), [0, undefined, 2]],
    ["a flipped bit of a checksum", ({ index }) => flip(index, 31), [undefined, 1, 2]],
    ["a record cut off", ({ index }) => truncateSync(index, 64 + 20), [0, 1, undefined]],
    ["half a record behind the others", ({ index }) => appendFileSync(index, Buffer.alloc(13, 7)), [0, 1, 2]],
    [
      "garbage instead of records",
      ({ index }) => writeFileSync(index, Buffer.alloc(999, 0xa5)),
      [undefined, undefined, undefined],
    ],
    [
      "an index of zeros",
      ({ index }) => writeFileSync(index, Buffer.alloc(96)),
      [undefined, undefined, undefined],
    ],
    ["features without a record", ({ data }) => appendFileSync(data, Buffer.alloc(77, 3)), [0, 1, 2]],
  ])("%s", (_name, damage, expected) => {
    damage(leave());
    expect(found()).toEqual(expected);
    expectRepaired();
  });

  test("facts that can't be read", () => {
    leave();
    writeFileSync(filesOf("set.json")[0]!, "{");
    expect(listSets("features")[0]!.facts).toBeUndefined();
    expect(found()).toEqual([0, 1, 2]);
  });
});

test("runs at the same time write beside each other, and the next finds what both left", () => {
  const [a, b] = [openFeatureSet(frozen(), facts), openFeatureSet(frozen(), facts)];
  a.put(keys[0]!, vector(0));
  b.put(keys[0]!, vector(0));
  b.put(keys[1]!, vector(1));
  a.put(keys[2]!, vector(2));
  expect(b.get(keys[2]!)).toBeUndefined();
  expect(found()).toEqual([0, 1, 2]); // both are still open, as if they had been killed
  a.close();
  b.close();
  expect(filesOf(".index")).toHaveLength(2);
  flip(filesOf(".features")[0]!, 1); // the first text has another place
  expect(found()).toEqual([0, 1, 2]);
});

test("when room is short the sets not used for longest go, and never the one in use", () => {
  const bytes = () => listSets("features").reduce((sum, set) => sum + set.bytes, 0);
  const open = (weight: number, limit?: number): FeatureStore => openFeatureSet(frozen(weight), facts, limit);
  const names: string[] = [];
  for (const weight of [1, 2, 3]) {
    const store = open(weight);
    store.put("1", vector(1, 1000));
    store.close();
    const { name } = listSets("features").find((set) => !names.includes(set.name))!;
    names.push(name);
    const age = new Date(Date.now() - 1e6 + [2e5, 1e5, 3e5][weight - 1]!); // the second is the oldest
    utimesSync(join(cacheFolder(), "features", name, "set.json"), age, age);
  }
  const left = () =>
    listSets("features")
      .map(({ name }) => names.indexOf(name) + 1)
      .sort();

  const limit = bytes() + 100;
  const store = open(1, limit);
  expect(left()).toEqual([1, 2, 3]);
  expect(store.put("2", vector(2, 1000))).toBe(true);
  expect(left()).toEqual([1, 3]);
  expect(store.put("3", vector(3, 1000))).toBe(true);
  expect(left()).toEqual([1]);
  expect(store.put("4", vector(4, 1000))).toBe(false); // four would be more than the three sets were
  expect(left()).toEqual([1]);
  store.close();
});

test("nobody else may read the cache", () => {
  leave();
  if (process.platform === "win32") return;
  const { name } = listSets("features")[0]!;
  const mode = (path: string) => statSync(path).mode & 0o777;
  expect(mode(join(cacheFolder(), "features"))).toBe(0o700);
  expect(mode(join(cacheFolder(), "features", name))).toBe(0o700);
  for (const file of readdirSync(join(cacheFolder(), "features", name)))
    expect(mode(join(cacheFolder(), "features", name, file))).toBe(0o600);
});

test("where the cache can't be written, features are kept for this run and the run says so", () => {
  writeFileSync(join(folder, "features"), "a file in its place");
  const store = openFeatures(frozen(), facts);
  expect(store.put("1", vector(1))).toBe(true);
  expect(store.get("1")).toEqual(vector(1));
  expect(store.use().problem).toMatch(/^Features aren't kept for later runs: E.*\.$/);
  store.close();
  expect(listSets("features")).toEqual([]);
});

test("clear removes the sets and nothing else", () => {
  expect(clearCache()).toEqual([]);
  leave();
  writeFileSync(join(cacheFolder(), "features", "notes.txt"), "not ours");
  const [set] = listSets("features");
  expect(set).toMatchObject({ facts, texts: 3 });
  expect(set!.bytes).toBe(3 * (32 + 32) + JSON.stringify(facts).length + 1);
  expect(clearCache()).toEqual([set]);
  expect(readdirSync(join(cacheFolder(), "features"))).toEqual(["notes.txt"]);
  expect(found()).toEqual([undefined, undefined, undefined]);
});

test("a run whose cache is cleared meanwhile goes on", () => {
  leave();
  const store = openFeatureSet(frozen(), facts);
  clearCache();
  expect(keys.map((key) => store.get(key))).toEqual([undefined, undefined, undefined]);
  expect(store.put("7", vector(7))).toBe(false);
  expect(store.use().problem).toMatch(/^Not all features could be kept for later runs: ENOENT/);
  store.close();
});

test("the folder is where the variables and the system say", () => {
  const saved = { ...process.env };
  try {
    process.env.TEXTGRAFT_CACHE = "";
    process.env.XDG_CACHE_HOME = "/var/x";
    if (process.platform === "linux")
      expect(join(cacheFolder(), "features")).toBe("/var/x/textgraft/features");
    process.env.XDG_CACHE_HOME = "relative"; // which its specification says to ignore
    if (process.platform === "linux")
      expect(join(cacheFolder(), "features")).toMatch(/\/\.cache\/textgraft\/features$/);
  } finally {
    process.env = saved;
  }
});
