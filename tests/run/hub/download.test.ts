import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test, vi } from "vitest";
import { resolveHubModel } from "../../../src/run/hub/resolve-node.js";
import { sha256 } from "../../support/hub-server.js";
import { hubCase, someBytes, someFiles } from "./hub-case.js";

const hub = hubCase();
vi.setConfig({ testTimeout: 20_000 });

/** Part of the addresses to which the Hub redirects for large files. */
const STORAGE = "signature=x";
const weights = someBytes(300_000);
const files = someFiles(weights);
const blobs = () => join(hub.cache, "models--org--name", "blobs");
const incomplete = () => join(blobs(), `${sha256(weights)}.textgraft.incomplete`);
const ranges = () =>
  hub.server.downloads("model.safetensors").flatMap((one) => (one.server === "storage" ? [one.range] : []));

async function expectWhole(path: string): Promise<void> {
  expect((await readFile(join(path, "model.safetensors"))).equals(weights)).toBe(true);
  expect((await readdir(blobs())).filter((name) => name.includes("incomplete"))).toEqual([]);
  expect(await readdir(join(hub.cache, ".locks", "models--org--name"))).toEqual([]);
}

/** The first bytes of the weights have arrived in an earlier run. */
async function leaveIncomplete(content: Buffer): Promise<void> {
  await mkdir(blobs(), { recursive: true });
  await writeFile(incomplete(), content);
}

test("a connection that is cut again and again is taken up where it broke", async () => {
  await hub.server.commit("org/name", files);
  // More cuts than attempts: each brought something.
  const cuts = [50_000, 10_000, 40_000, 30_000, 20_000, 60_000];
  for (const cutAfter of cuts) hub.server.faults.push({ path: STORAGE, method: "GET", cutAfter });
  const { path } = await hub.resolve("org/name");
  await expectWhole(path);
  expect(ranges()).toEqual([undefined, ...[50, 60, 100, 130, 150, 210].map((at) => `bytes=${at}000-`)]);
  expect(hub.server.storageBytes).toBe(weights.length);
  expect(hub.notices().length).toBe(cuts.length);
  expect(hub.notices()[0]).toMatch(/^localhost:\d+ broke off \(\w+\); trying again in 0\.001 s\.$/);
});

test("small files go on, too", async () => {
  await hub.server.commit("org/name", { ...files, "tokenizer.json": someBytes(5000).toString("hex") });
  hub.server.faults.push({ path: "tokenizer.json", method: "GET", cutAfter: 4000 });
  const { path } = await hub.resolve("org/name");
  expect(await readFile(join(path, "tokenizer.json"), "utf8")).toBe(someBytes(5000).toString("hex"));
  expect(hub.server.downloads("resolve-cache").map(({ range }) => range)).toContain("bytes=4000-");
});

test("a server that stays away is an error that says so, and the next run goes on from there", async () => {
  await hub.server.commit("org/name", files);
  hub.server.faults.push({ path: STORAGE, method: "GET", cutAfter: 100_000 });
  for (let i = 0; i < 4; i++) hub.server.faults.push({ path: STORAGE, method: "GET", status: 503 });
  await expect(hub.resolve("org/name")).rejects.toMatchObject({
    code: "download-failed",
    message: `org/name can't be downloaded: ${new URL(hub.server.storageAddress).host} answers 503.`,
    fix: expect.stringContaining("the same command goes on from there"),
  });
  expect(hub.server.storageBytes).toBe(100_000);
  await expectWhole((await hub.resolve("org/name")).path);
  expect(hub.server.storageBytes).toBe(weights.length);
});

test("what an earlier run left is not fetched again", async () => {
  await hub.server.commit("org/name", files);
  await leaveIncomplete(weights.subarray(0, 200_000));
  const { path } = await hub.resolve("org/name");
  await expectWhole(path);
  expect(ranges()).toEqual(["bytes=200000-"]);
  expect(hub.server.storageBytes).toBe(100_000);
});

test("what an earlier run left complete is only checked", async () => {
  await hub.server.commit("org/name", files);
  await leaveIncomplete(weights);
  await expectWhole((await hub.resolve("org/name")).path);
  expect(ranges()).toEqual([]);
});

test("what an earlier run left wrong is fetched again", async () => {
  await hub.server.commit("org/name", files);
  await leaveIncomplete(someBytes(200_000, 5));
  await expectWhole((await hub.resolve("org/name")).path);
  expect(ranges()).toEqual(["bytes=200000-", undefined]);
});

test("what an earlier run left too long is fetched again", async () => {
  await hub.server.commit("org/name", files);
  await leaveIncomplete(someBytes(400_000));
  await expectWhole((await hub.resolve("org/name")).path);
  expect(ranges()).toEqual([undefined]);
});

test("a server that can't continue sends the whole file", async () => {
  await hub.server.commit("org/name", files);
  await leaveIncomplete(weights.subarray(0, 200_000));
  hub.server.faults.push({ path: STORAGE, method: "GET", wholeFile: true });
  await expectWhole((await hub.resolve("org/name")).path);
  expect(hub.server.storageBytes).toBe(weights.length);
});

test("a server that refuses the range is asked from the start", async () => {
  await hub.server.commit("org/name", files);
  await leaveIncomplete(weights.subarray(0, 200_000));
  hub.server.faults.push({ path: STORAGE, method: "GET", status: 416 });
  await expectWhole((await hub.resolve("org/name")).path);
  expect(ranges()).toEqual(["bytes=200000-", undefined]);
});

test("a wrong checksum is fetched once more", async () => {
  await hub.server.commit("org/name", files);
  hub.server.faults.push({ path: STORAGE, method: "GET", corrupt: true });
  await expectWhole((await hub.resolve("org/name")).path);
  expect(ranges()).toEqual([undefined, undefined]);
});

test.each(["model.safetensors", "tokenizer.json"])(
  "a wrong checksum of %s twice is an error",
  async (name) => {
    await hub.server.commit("org/name", files);
    hub.server.faults.push(
      { path: name, corrupt: true, method: "GET" },
      { path: name, corrupt: true, method: "GET" },
    );
    const failed = hub.resolve("org/name");
    await expect(failed).rejects.toMatchObject({
      code: "download-failed",
      message: expect.stringMatching(
        new RegExp(
          `^${name} of org/name came with a wrong checksum twice: [0-9a-f]+ instead of [0-9a-f]+\\. It was deleted\\.$`,
        ),
      ),
    });
    expect((await readdir(blobs())).filter((blob) => blob.includes("incomplete"))).toEqual([]);
    await expect(stat(join(hub.cache, "models--org--name", "refs"))).rejects.toThrow("ENOENT");
  },
);

test("a file that changes between the question and the download is asked for again", async () => {
  await hub.server.commit("org/name", files);
  const other = { "x-linked-etag": `"${"0".repeat(64)}"` };
  hub.server.faults.push({ path: "model.safetensors", method: "HEAD", headers: other });
  await expectWhole((await hub.resolve("org/name")).path);
});

test("a server in trouble is asked again", async () => {
  await hub.server.commit("org/name", files);
  hub.server.faults.push(
    { path: "/api/models/", status: 503 },
    { path: "/api/models/", status: 429, headers: { "retry-after": "0" } },
    { path: "model.safetensors", method: "HEAD", status: 502 },
    { path: STORAGE, method: "GET", status: 403 },
  );
  await expectWhole((await hub.resolve("org/name")).path);
});

test("silence counts as a cut", async () => {
  await hub.server.commit("org/name", files);
  hub.server.faults.push({ path: STORAGE, method: "GET", stallAfter: 120_000 });
  await expectWhole((await hub.resolve("org/name", "main", { downloadTimeout: 300 })).path);
  expect(ranges()).toEqual([undefined, "bytes=120000-"]);
  const { host } = new URL(hub.server.storageAddress);
  expect(hub.notices()).toEqual([`${host} is silent for 0.3 s; trying again in 0.001 s.`]);
});

test("more than the disk has room for isn't begun", async () => {
  await hub.server.commit("org/name", files);
  const size = { "x-linked-size": String(2 ** 52) };
  hub.server.faults.push({ path: "model.safetensors", method: "HEAD", headers: size });
  await expect(hub.resolve("org/name")).rejects.toMatchObject({
    code: "file-unwritable",
    message: expect.stringMatching(
      /^model\.safetensors needs 4503599627\.4 MB more, and the disk of .* has [\d.]+ MB free\.$/,
    ),
  });
  expect(hub.server.storageBytes).toBe(0);
});

test("a server that doesn't say how large a file is sends it all the same", async () => {
  await hub.server.commit("org/name", files);
  hub.server.faults.push({ path: "model.safetensors", method: "HEAD", headers: { "x-linked-size": "" } });
  await expectWhole((await hub.resolve("org/name")).path);
});

test("a download can be stopped", async () => {
  await hub.server.commit("org/name", files);
  hub.server.faults.push({ path: STORAGE, method: "GET", stallAfter: 120_000 });
  const stop = new AbortController();
  const settings = await hub.settings();
  const stopped = resolveHubModel("org/name", { settings, signal: stop.signal });
  arrived(120_000).then(() => stop.abort());
  await expect(stopped).rejects.toMatchObject({ code: "cancelled" });
  expect((await stat(incomplete())).size).toBe(120_000);
  await expectWhole((await hub.resolve("org/name")).path);
});

/** Waits until so much of the weights lies on the disk. */
async function arrived(bytes: number): Promise<void> {
  while ((await stat(incomplete()).catch(() => ({ size: 0 }))).size < bytes) await sleep(20);
}

/** Gets the model in another process. */
function elsewhere(): ChildProcess {
  const script = fileURLToPath(new URL("resolve-once.mjs", import.meta.url));
  const home = { HF_ENDPOINT: hub.server.endpoint, HF_HUB_CACHE: hub.cache, HF_HUB_OFFLINE: "" };
  return spawn(process.execPath, [script, "org/name"], { env: { ...process.env, ...home }, stdio: "ignore" });
}

test("a killed process leaves what has arrived, and its lock is no obstacle", async () => {
  await hub.server.commit("org/name", files);
  hub.server.faults.push({ path: STORAGE, method: "GET", stallAfter: 120_000 });
  const other = elsewhere();
  await arrived(120_000);
  other.kill("SIGKILL");
  await once(other, "exit");
  expect((await readdir(join(hub.cache, ".locks", "models--org--name"))).length).toBe(1);
  const { path } = await hub.resolve("org/name");
  await expectWhole(path);
  expect(ranges()).toEqual([undefined, "bytes=120000-"]);
});

test("of several processes at once, one downloads and the others find it", async () => {
  await hub.server.commit("org/name", files);
  hub.server.faults.push({ path: STORAGE, method: "GET", cutAfter: 120_000 });
  const processes = [elsewhere(), elsewhere()];
  const codes = await Promise.all(processes.map(async (one) => (await once(one, "exit"))[0]));
  expect(codes).toEqual([0, 0]);
  expect(hub.server.storageBytes).toBe(weights.length);
  await expectWhole((await hub.resolve("org/name")).path);
});
