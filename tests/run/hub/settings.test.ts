import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { hubSettings } from "../../../src/run/hub/settings-node.js";

const root = await mkdtemp(join(tmpdir(), "textgraft-settings-"));
afterAll(() => rm(root, { recursive: true }));
await writeFile(join(root, "token"), "hf_from_home\n");
await writeFile(join(root, "other-token"), "hf_from_file\n");

test.each<[Record<string, string>, string]>([
  [{}, join(homedir(), ".cache", "huggingface", "hub")],
  [{ XDG_CACHE_HOME: "/x" }, "/x/huggingface/hub"],
  [{ XDG_CACHE_HOME: "/x", HF_HOME: "/h" }, "/h/hub"],
  [{ HF_HOME: "~/h" }, join(homedir(), "h", "hub")],
  [{ HF_HOME: "/h", HUGGINGFACE_HUB_CACHE: "/old" }, "/old"],
  [{ HUGGINGFACE_HUB_CACHE: "/old", HF_HUB_CACHE: "/new" }, "/new"],
  [{ HF_HUB_CACHE: "", HF_HOME: "/h" }, "/h/hub"],
])("%j puts the cache at %s", async (env, cache) => {
  expect((await hubSettings(env)).cache).toBe(cache);
});

test.each<[Record<string, string>, string | undefined]>([
  [{ HF_HOME: "/nowhere" }, undefined],
  [{ HF_HOME: root }, "hf_from_home"],
  [{ HF_HOME: root, HF_TOKEN_PATH: join(root, "other-token") }, "hf_from_file"],
  [{ HF_HOME: root, HF_TOKEN: " hf_given\n" }, "hf_given"],
  [{ HF_HOME: root, HF_TOKEN: "" }, "hf_from_home"],
  [{ HF_HOME: root, HF_TOKEN: "hf_given", HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" }, undefined],
])("%j gives the token %s", async (env, token) => {
  expect((await hubSettings(env)).token).toBe(token);
});

test.each<[Record<string, string>, boolean]>([
  [{}, false],
  [{ HF_HUB_OFFLINE: "1" }, true],
  [{ HF_HUB_OFFLINE: "yes" }, true],
  [{ HF_HUB_OFFLINE: "0" }, false],
  [{ TRANSFORMERS_OFFLINE: "TRUE" }, true],
  [{ HF_HUB_OFFLINE: "0", TRANSFORMERS_OFFLINE: "1" }, false],
])("%j is offline: %s", async (env, offline) => {
  expect((await hubSettings(env)).offline).toBe(offline);
});

test("the endpoint and the patience can be set", async () => {
  expect(await hubSettings({})).toMatchObject({
    endpoint: "https://huggingface.co",
    metadataTimeout: 10_000,
    downloadTimeout: 10_000,
    progress: true,
    symlinks: true,
  });
  const env = {
    HF_ENDPOINT: "https://mirror.example/hub/",
    HF_HUB_ETAG_TIMEOUT: "3",
    HF_HUB_DOWNLOAD_TIMEOUT: "60",
    HF_HUB_DISABLE_PROGRESS_BARS: "1",
    HF_HUB_DISABLE_SYMLINKS: "on",
  };
  expect(await hubSettings(env)).toMatchObject({
    endpoint: "https://mirror.example/hub",
    metadataTimeout: 3_000,
    downloadTimeout: 60_000,
    progress: false,
    symlinks: false,
  });
});

test.each([
  ["HF_ENDPOINT", "huggingface.co", 'HF_ENDPOINT is "huggingface.co"; it must be an address.'],
  ["HF_ENDPOINT", "ftp://hub", 'HF_ENDPOINT is "ftp://hub"; it must be an address.'],
  ["HF_HUB_ETAG_TIMEOUT", "soon", 'HF_HUB_ETAG_TIMEOUT is "soon"; it must be a number of seconds.'],
  ["HF_HUB_DOWNLOAD_TIMEOUT", "0", 'HF_HUB_DOWNLOAD_TIMEOUT is "0"; it must be a number of seconds.'],
])("%s=%s is told", async (name, value, message) => {
  await expect(hubSettings({ [name]: value })).rejects.toMatchObject({ code: "option-invalid", message });
});
