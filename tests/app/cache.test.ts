import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { float32 } from "../../src/base/tensor.js";
import { openFeatureSet } from "../../src/run/feature-sets-node.js";
import { runInProcess } from "./run-in-process.js";

const usual = process.env.TEXTGRAFT_CACHE;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "textgraft-cache-verb-"));
  process.env.TEXTGRAFT_CACHE = folder;
});
afterAll(async () => {
  process.env.TEXTGRAFT_CACHE = usual;
  await rm(folder, { recursive: true });
});

function leave(model: string, frozenStages: number, texts: number): void {
  const weights = { w: float32([1], Float32Array.of(frozenStages)) };
  const facts = { model, frozenStages, layers: 4, hiddenSize: 250 };
  const store = openFeatureSet({ device: "cpu", graph: new Uint8Array(), weights }, facts);
  for (let i = 0; i < texts; i++) store.put(String(i), new Float32Array(250));
  store.close();
}

test("cache lists sets, clears them, and says what it freed", async () => {
  const empty = { stdout: `The cache is empty: ${folder}.\n`, stderr: "", code: 0 };
  expect(await runInProcess("cache")).toEqual(empty);
  leave("mini", 3, 1200);
  leave("some/folder", 6, 2);
  const { stdout, stderr, code } = await runInProcess("cache");
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  expect(stdout).toContain(`2 sets, 1.2 MB, in ${folder}:\n`);
  expect(stdout).toMatch(/^model and what is kept +texts +size +last used \(UTC\)$/m);
  expect(stdout).toMatch(
    /^mini: features of the embeddings and the first 2 layers +1,200 +1\.2 MB +\d{4}-\d\d-\d\d \d\d:\d\d$/m,
  );
  expect(stdout).toMatch(/^some\/folder: features of the whole encoder +2 +0\.0 MB /m);

  const listed = JSON.parse((await runInProcess("cache", "list", "--json")).stdout);
  expect(listed).toMatchObject({ folder, bytes: expect.any(Number), sets: expect.any(Array) });
  expect(listed.sets.map(({ texts }: { texts: number }) => texts).sort()).toEqual([1200, 2]);

  const cleared = JSON.parse((await runInProcess("cache", "clear", "--json")).stdout);
  expect(cleared).toEqual({ folder, removed: 2, bytes: listed.bytes });
  expect(await runInProcess("cache", "list")).toEqual(empty);
  leave("mini", 3, 1200);
  expect((await runInProcess("cache", "clear")).stdout).toBe(`Removed 1 set, 1.2 MB, from ${folder}.\n`);
  expect(await runInProcess("cache", "clear")).toEqual(empty);
});

test("an action that is none is told with those that are", async () => {
  const { stderr, code } = await runInProcess("cache", "clean");
  expect(code).toBe(2);
  expect(stderr).toMatch(/list, clear/);
});
