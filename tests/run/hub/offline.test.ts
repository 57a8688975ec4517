import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { gitHash, HubServer, sha256 } from "../../support/hub-server.js";
import { hubCase, someBytes, someFiles } from "./hub-case.js";

const hub = hubCase();

/** Lays files into the cache as Python's huggingface_hub does. */
async function asPythonDoes(
  repo: string,
  commit: string,
  files: Record<string, string | Buffer>,
  { ref = "main", absent = [] as string[] } = {},
): Promise<string> {
  const folder = join(hub.cache, `models--${repo.replace("/", "--")}`);
  const snapshot = join(folder, "snapshots", commit);
  for (const part of ["blobs", "refs", join("snapshots", commit), join(".no_exist", commit)])
    await mkdir(join(folder, part), { recursive: true });
  await writeFile(join(folder, "refs", ref), commit);
  for (const name of absent) await writeFile(join(folder, ".no_exist", commit, name), "");
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(content as string);
    const etag = name.endsWith(".safetensors") ? sha256(bytes) : gitHash(bytes);
    await writeFile(join(folder, "blobs", etag), bytes);
    await symlink(`../../blobs/${etag}`, join(snapshot, name));
  }
  return snapshot;
}

/** An address where nobody listens. */
async function nobody(): Promise<string> {
  const server = await HubServer.open();
  const { endpoint } = server;
  await server.close();
  return endpoint;
}

const commit = "0123456789abcdef0123456789abcdef01234567";
const { "config.json": config, "tokenizer.json": tokenizer, "model.safetensors": weights } = someFiles();
const model = { "config.json": config!, "tokenizer.json": tokenizer!, "model.safetensors": weights! };

test("offline, a cache that Python filled serves, and no socket is opened", async () => {
  const path = await asPythonDoes("org/name", commit, model);
  expect(await hub.resolve("org/name", "main", { offline: true })).toEqual({ path, commit });
  expect(await hub.resolve("org/name", commit, { offline: true })).toEqual({ path, commit });
  expect(hub.server.connections).toBe(0);
});

test.each([
  ["settings", "config.json", "config.json"],
  ["tokenizer", "tokenizer.json", "tokenizer.json"],
  ["weights", "model.safetensors", "model.safetensors"],
])("offline, a copy without %s is told", async (_name, missing, said) => {
  await asPythonDoes(
    "org/name",
    commit,
    Object.fromEntries(Object.entries(model).filter(([name]) => name !== missing)),
  );
  await expect(hub.resolve("org/name", "main", { offline: true })).rejects.toMatchObject({
    code: "file-missing",
    message: `HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set, so org/name can only come from the cache ${hub.cache}, and main lacks ${said} there.`,
  });
  expect(hub.server.connections).toBe(0);
});

test("offline, a shard that is missing is told", async () => {
  const index = {
    weight_map: { a: "model-00001-of-00002.safetensors", b: "model-00002-of-00002.safetensors" },
  };
  const { "model.safetensors": _single, ...rest } = model;
  await asPythonDoes("org/name", commit, {
    ...rest,
    "model.safetensors.index.json": JSON.stringify(index),
    "model-00001-of-00002.safetensors": someBytes(10),
  });
  await expect(hub.resolve("org/name", "main", { offline: true })).rejects.toThrow(
    "main lacks model-00002-of-00002.safetensors there.",
  );
});

test("offline, what was never downloaded is told", async () => {
  await expect(hub.resolve("org/name", "main", { offline: true })).rejects.toMatchObject({
    code: "file-missing",
    message: expect.stringContaining(`the cache ${hub.cache}, and main isn't there.`),
    fix: "Run once without that variable, or name another folder by HF_HUB_CACHE.",
  });
  await asPythonDoes("org/name", commit, model);
  await expect(hub.resolve("org/name", "other", { offline: true })).rejects.toThrow("and other isn't there.");
});

test("a link whose blob was deleted counts as missing, and is downloaded", async () => {
  const files = someFiles();
  const commit = await hub.server.commit("org/name", files);
  const { path } = await hub.resolve("org/name");
  const blob = join(path, "..", "..", "blobs", sha256(files["model.safetensors"] as Buffer));
  await rm(blob);
  await expect(hub.resolve("org/name", "main", { offline: true })).rejects.toThrow(
    "lacks model.safetensors there",
  );
  expect(await hub.resolve("org/name", commit)).toEqual({ path, commit });
  expect(await readFile(join(path, "model.safetensors"))).toEqual(files["model.safetensors"]);
});

test("a blob that was cut short is downloaded again", async () => {
  const files = someFiles();
  await hub.server.commit("org/name", files);
  const { path } = await hub.resolve("org/name");
  await rm(join(path, "model.safetensors"));
  const blob = join(path, "..", "..", "blobs", sha256(files["model.safetensors"] as Buffer));
  await writeFile(blob, "cut");
  await hub.resolve("org/name");
  expect(await readFile(join(path, "model.safetensors"))).toEqual(files["model.safetensors"]);
});

test("what Python left out of a snapshot is added to it, and nothing else", async () => {
  const files = someFiles();
  const commit = await hub.server.commit("org/name", files);
  await asPythonDoes("org/name", commit, model);
  const { path } = await hub.resolve("org/name");
  expect(await readFile(join(path, "tokenizer_config.json"), "utf8")).toBe(files["tokenizer_config.json"]);
  expect(hub.server.downloads("resolve-cache").map(({ path }) => path.split("/").at(-1))).toEqual([
    "tokenizer_config.json",
  ]);
  expect(hub.server.storageBytes).toBe(0);
});

test("a commit of which Python has noted what doesn't exist needs no question", async () => {
  const absent = ["tokenizer_config.json", "special_tokens_map.json", "textgraft.json"];
  const path = await asPythonDoes("org/name", commit, model, { absent });
  expect(await hub.resolve("org/name", commit)).toEqual({ path, commit });
  expect(hub.server.connections).toBe(0);
});

test("when the Hub can't be reached, a complete copy serves, and one line says so", async () => {
  const path = await asPythonDoes("org/name", commit, model);
  const endpoint = await nobody();
  expect(await hub.resolve("org/name", "main", { endpoint })).toEqual({ path, commit });
  expect(hub.notices()).toEqual([
    `org/name can't be compared with the Hub's: ${new URL(endpoint).host} can't be reached (ECONNREFUSED). Using the copy in the cache (main, commit 0123456).`,
  ]);
});

test("a Hub in trouble is asked once only, where a copy serves", async () => {
  const path = await asPythonDoes("org/name", commit, model);
  hub.server.faults.push({ path: "/api/models", status: 504 });
  expect((await hub.resolve("org/name")).path).toBe(path);
  expect(hub.server.seen.length).toBe(1);
  expect(hub.notices().join()).toContain("answers 504. Using the copy");
});

test("a model that is no longer public serves from the cache, and one line says so", async () => {
  const path = await asPythonDoes("org/name", commit, model);
  expect((await hub.resolve("org/name")).path).toBe(path);
  expect(hub.notices().join()).toContain("has no public model org/name. Using the copy");
});

test("a revision that is gone is an error all the same", async () => {
  await hub.server.commit("org/name", someFiles());
  await asPythonDoes("org/name", commit, model, { ref: "old" });
  await expect(hub.resolve("org/name", "old")).rejects.toThrow("org/name has no revision old.");
});

test("without a copy, a Hub that can't be reached is an error after several attempts", async () => {
  const endpoint = await nobody();
  await expect(hub.resolve("org/name", "main", { endpoint })).rejects.toMatchObject({
    code: "download-failed",
    message: `org/name can't be downloaded: ${new URL(endpoint).host} can't be reached (ECONNREFUSED).`,
  });
});
