import { once } from "node:events";
import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { gitHash, MEMBER, sha256 } from "../../support/hub-server.js";
import { hubCase, someBytes, someFiles } from "./hub-case.js";

const hub = hubCase();

test("the files that are read, and no others, come into the cache's standard layout", async () => {
  const files = someFiles();
  const commit = await hub.server.commit("org/name", files);
  const found = await hub.resolve("org/name");
  const repo = join(hub.cache, "models--org--name");
  expect(found).toEqual({ path: join(repo, "snapshots", commit), commit });
  const read = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"];
  expect((await readdir(found.path)).sort()).toEqual(read);
  for (const name of read) {
    const content = Buffer.from(files[name] as string);
    expect(await readFile(join(found.path, name))).toEqual(content);
    const hash = name === "model.safetensors" ? sha256(content) : gitHash(content);
    expect(await readlink(join(found.path, name))).toBe(join("..", "..", "blobs", hash));
    expect((await stat(join(repo, "blobs", hash))).isFile()).toBe(true);
  }
  expect((await readdir(join(repo, "blobs"))).length).toBe(4);
  expect(await readFile(join(repo, "refs", "main"), "utf8")).toBe(commit);
  expect((await readdir(join(repo, ".no_exist", commit))).sort()).toEqual([
    "special_tokens_map.json",
    "textgraft.json",
  ]);
  expect(hub.server.downloads("pytorch_model.bin")).toEqual([]);
  const last = hub.told.at(-1)!;
  const told = read.filter((name) => name !== "config.json"); // which comes first, silently
  const total = told.reduce((sum, name) => sum + Buffer.from(files[name] as string).length, 0);
  expect(last).toMatchObject({ kind: "download", received: total, total, model: "org/name", commit });
});

test("a second time one question is asked, and nothing is downloaded", async () => {
  await hub.server.commit("org/name", someFiles());
  const first = await hub.resolve("org/name");
  hub.server.seen.length = 0;
  expect(await hub.resolve("org/name")).toEqual(first);
  expect(hub.server.seen.map(({ path }) => path)).toEqual(["/api/models/org/name/revision/main"]);
});

test("progress can be turned off", async () => {
  await hub.server.commit("org/name", someFiles());
  await hub.resolve("org/name", "main", { progress: false });
  expect(hub.told).toEqual([]);
});

test("a commit that is in the cache needs no question", async () => {
  const commit = await hub.server.commit("org/name", someFiles());
  const first = await hub.resolve("org/name", commit);
  hub.server.seen.length = 0;
  expect(await hub.resolve("org/name", commit)).toEqual(first);
  expect(hub.server.seen).toEqual([]);
});

test("branches, tags and pull requests are revisions, and a branch is followed", async () => {
  const main = await hub.server.commit("org/name", someFiles());
  const weights = someBytes(1000, 7);
  const branch = await hub.server.commit("org/name", someFiles(weights), { branch: "refs/pr/3" });
  const found = await hub.resolve("org/name", "refs/pr/3");
  expect(found.commit).toBe(branch);
  expect(await readFile(join(found.path, "model.safetensors"))).toEqual(weights);
  expect((await hub.resolve("org/name")).commit).toBe(main);
  const next = await hub.server.commit("org/name", someFiles(someBytes(2000)));
  const followed = await hub.resolve("org/name");
  expect(followed.commit).toBe(next);
  expect((await stat(join(followed.path, "model.safetensors"))).size).toBe(2000);
});

test("of a new commit only what differs is downloaded, and told", async () => {
  await hub.server.commit("org/name", someFiles());
  await hub.resolve("org/name");
  const tokenizer = '{"model": {"type": "WordPiece"}}\n';
  await hub.server.commit("org/name", { ...someFiles(), "tokenizer.json": tokenizer });
  const before = hub.server.storageBytes;
  hub.told.length = 0;
  const { path } = await hub.resolve("org/name");
  expect(await readFile(join(path, "tokenizer.json"), "utf8")).toBe(tokenizer);
  expect(hub.server.storageBytes).toBe(before);
  expect(hub.told.at(-1)).toMatchObject({ received: tokenizer.length, total: tokenizer.length });
});

test("a renamed model is found under its old name", async () => {
  hub.server.renamed.set("old-name", "org/new-name");
  const commit = await hub.server.commit("org/new-name", someFiles());
  const found = await hub.resolve("old-name");
  expect(found).toEqual({ path: join(hub.cache, "models--old-name", "snapshots", commit), commit });
});

test("shards are those that the index lists", async () => {
  const { "model.safetensors": _single, ...rest } = someFiles();
  const shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
  await hub.server.commit("org/name", {
    ...rest,
    "model.safetensors.index.json": JSON.stringify({
      weight_map: { a: shards[0], b: shards[1], c: shards[0] },
    }),
    [shards[0]!]: someBytes(3000),
    [shards[1]!]: someBytes(2000),
    "model-extra.safetensors": someBytes(10),
  });
  const { path } = await hub.resolve("org/name");
  expect((await readdir(path)).filter((name) => name.includes("safetensors"))).toEqual([
    ...shards,
    "model.safetensors.index.json",
  ]);
  expect(await readFile(join(path, shards[1]!))).toEqual(someBytes(2000));
  const small = ["tokenizer.json", "tokenizer_config.json"]; // settings and index come first, silently
  const total = small.reduce((sum, name) => sum + (rest[name] as string).length, 5000);
  for (const event of hub.told) expect(event).toMatchObject({ kind: "download", total });
});

test("a token goes to the Hub, and not to where it redirects", async () => {
  await hub.server.commit("org/secret", someFiles(), { access: "private" });
  await hub.resolve("org/secret", "main", { token: MEMBER });
  const sent = (server: string) =>
    new Set(hub.server.seen.filter((one) => one.server === server).map((one) => one.authorization));
  expect(sent("hub")).toEqual(new Set([`Bearer ${MEMBER}`]));
  expect(sent("storage")).toEqual(new Set([undefined]));
});

test("a mirror may redirect to the Hub, which then says what a file is; the token stays with the mirror", async () => {
  const commit = await hub.server.commit("org/name", someFiles());
  const mirror = createServer(({ url, headers }, response) => {
    expect(headers.authorization).toBe(`Bearer ${MEMBER}`);
    const lists = url!.startsWith("/api/");
    if (lists) fetch(hub.server.endpoint + url).then(async (answer) => response.end(await answer.text()));
    else response.writeHead(308, { location: hub.server.endpoint + url }).end();
  }).listen(0, "localhost");
  await once(mirror, "listening");
  const endpoint = `http://localhost:${(mirror.address() as AddressInfo).port}`;
  const found = await hub.resolve("org/name", "main", { endpoint, token: MEMBER });
  expect(found.commit).toBe(commit);
  expect((await readdir(found.path)).length).toBe(4);
  expect(new Set(hub.server.seen.map(({ authorization }) => authorization))).toEqual(new Set([undefined]));
  mirror.close();
});

test("without links, snapshots hold the files themselves", async () => {
  const files = someFiles();
  const commit = await hub.server.commit("org/name", files);
  const { path } = await hub.resolve("org/name", "main", { symlinks: false });
  for (const name of await readdir(path)) await expect(readlink(join(path, name))).rejects.toThrow("EINVAL");
  expect(await readFile(join(path, "model.safetensors"))).toEqual(files["model.safetensors"]);
  expect(await readdir(join(path, "..", "..", "blobs"))).toEqual([]);
  hub.server.seen.length = 0;
  expect((await hub.resolve("org/name", commit, { symlinks: false })).commit).toBe(commit);
  expect(hub.server.seen).toEqual([]);
});
