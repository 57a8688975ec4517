import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findModel } from "../../../src/run/find-model-node.js";
import { openPretrained } from "../../../src/run/pretrained-node.js";
import { MEMBER, STRANGER } from "../../support/hub-server.js";
import { hubCase, someFiles } from "./hub-case.js";

const hub = hubCase();

/** What a failed search says: code, message and fix, with a short name for the server. */
async function saidOf(model: string, { token, revision }: { token?: string; revision?: string } = {}) {
  const settings = await hub.settings({ token });
  try {
    await findModel(model, { settings, revision });
  } catch (error) {
    const { code, message, fix } = error as { code: string; message: string; fix: string };
    const short = (text: string) => text.replaceAll(hub.server.endpoint, "http://hub");
    return [code, short(message), short(fix)];
  }
  return "found";
}

test("a name that isn't there, with a hint for one that is mistyped", async () => {
  expect(await saidOf("bert-base-uncasd")).toEqual([
    "file-missing",
    "There is no model bert-base-uncasd: no folder of that name, none that is built in (mini), and http://hub has no public model bert-base-uncasd.",
    "Did you mean bert-base-uncased? For a private model set HF_TOKEN to a token from http://hub/settings/tokens.",
  ]);
  expect(await saidOf("org/something-of-mine", { token: STRANGER })).toEqual([
    "file-missing",
    "There is no model org/something-of-mine: no folder of that name, none that is built in (mini), and http://hub has no model org/something-of-mine, or none that your token may see.",
    "Check its name.",
  ]);
});

test("a private model is there for those who may see it", async () => {
  await hub.server.commit("org/secret", someFiles(), { access: "private" });
  expect((await saidOf("org/secret"))[1]).toContain("http://hub has no public model org/secret.");
  expect((await saidOf("org/secret", { token: STRANGER }))[1]).toContain("or none that your token may see");
  expect(await saidOf("org/secret", { token: MEMBER })).toBe("found");
});

test("a gated model tells where to ask for access", async () => {
  await hub.server.commit("org/gated", someFiles(), { access: "gated" });
  expect(await saidOf("org/gated")).toEqual([
    "hub-refused",
    "http://hub/org/gated is gated: only people to whom its owner gives access can download it, and no token was sent.",
    "Ask for access on that page, and set HF_TOKEN to a token from http://hub/settings/tokens.",
  ]);
  expect(await saidOf("org/gated", { token: STRANGER })).toEqual([
    "hub-refused",
    "http://hub/org/gated is gated: only people to whom its owner gives access can download it, and the owner of your token isn't among them.",
    "Ask for access on that page.",
  ]);
  expect(await saidOf("org/gated", { token: MEMBER })).toBe("found");
});

test("a token that has run out is told, though the model is public", async () => {
  await hub.server.commit("org/name", someFiles());
  expect(await saidOf("org/name", { token: "hf_old" })).toEqual([
    "hub-refused",
    "http://hub doesn't accept your token: Invalid credentials in Authorization header.",
    "Set HF_TOKEN to a valid one from http://hub/settings/tokens; for public models leave it out.",
  ]);
});

test("a revision that isn't there, with a hint for one that is mistyped", async () => {
  await hub.server.commit("org/name", someFiles());
  await hub.server.commit("org/name", someFiles(), { branch: "multilingual" });
  expect(await saidOf("org/name", { revision: "multilingal" })).toEqual([
    "hub-refused",
    "org/name has no revision multilingal.",
    "Did you mean --revision multilingual?",
  ]);
  expect((await saidOf("org/name", { revision: "v2.0" }))[2]).toBe(
    "--revision takes branches and tags, such as main, multilingual, and commits.",
  );
});

test.each(["", "../x", "a//b", "a b", ".hidden", "x/../../y", "/main", "-x y"])(
  "%j is no revision",
  async (revision) => {
    expect((await saidOf("org/name", { revision }))[0]).toBe("option-invalid");
    expect(hub.server.connections).toBe(0);
  },
);

test("weights that are only in a pickle are refused before anything is downloaded", async () => {
  const { "model.safetensors": _weights, ...files } = someFiles();
  await hub.server.commit("org/pickled", files);
  const refused = [
    "weights-invalid",
    "org/pickled has its weights only in pytorch_model.bin. Such a file is a pickle, and opening a pickle runs the code in it: Textgraft refuses.",
    'If you trust it, convert it once in Python: import transformers; transformers.BertModel.from_pretrained("org/pickled").save_pretrained("pickled"); transformers.AutoTokenizer.from_pretrained("org/pickled").save_pretrained("pickled"). That writes model.safetensors and tokenizer.json.',
  ];
  expect(await saidOf("org/pickled")).toEqual(refused);
  hub.server.offerConversion("org/pickled", 6);
  expect(await saidOf("org/pickled")).toEqual([
    ...refused.slice(0, 2),
    `The Hub's converter offers them as safetensors, too: --revision refs/pr/6. Or: ${refused[2]}`,
  ]);
  expect(await readdir(hub.cache)).toEqual([]);
  expect(hub.server.seen.filter(({ path }) => path.includes("resolve"))).toEqual([]);
});

test("a cache that can't be written is told, and what to do", async () => {
  await hub.server.commit("org/name", someFiles());
  const cache = join(hub.cache, "a-file", "hub");
  await writeFile(join(hub.cache, "a-file"), "");
  await expect(hub.resolve("org/name", "main", { cache })).rejects.toMatchObject({
    code: "file-unwritable",
    message: `org/name can't be written to the cache ${cache}: a part of the path is a file (ENOTDIR).`,
    fix: expect.stringContaining("Set HF_HUB_CACHE"),
  });
});

test("a model of another kind is refused by its config.json, before its weights are downloaded", async () => {
  await hub.server.commit("org/gpt", { ...someFiles(), "config.json": '{"model_type": "gpt2"}' });
  const settings = await hub.settings();
  await expect(openPretrained("org/gpt", { settings })).rejects.toThrow("gpt2");
  expect(hub.server.storageBytes).toBe(0);
});

test("what is no checkpoint is told by what it lacks", async () => {
  await hub.server.commit("org/data", { "README.md": "", "data.csv": "" });
  expect(await saidOf("org/data")).toEqual([
    "model-invalid",
    "org/data has no config.json, no tokenizer.json, no model.safetensors; it holds README.md, data.csv.",
    "Name a repository with a checkpoint in transformers' format.",
  ]);
});

test("a tokenizer of older files alone is told with what makes tokenizer.json of them", async () => {
  const { "tokenizer.json": _tokenizer, "vocab.txt": _vocabulary, ...files } = someFiles();
  await hub.server.commit("org/pieces", { ...files, "spm.model": "" });
  const [code, message, fix] = await saidOf("org/pieces");
  expect(code).toBe("model-invalid");
  expect(message).toContain("org/pieces has no tokenizer.json; it holds");
  expect(fix).toContain('AutoTokenizer.from_pretrained("pieces").save_pretrained("pieces")');
});

test.each([
  ["a page of HTML", { status: 200 }, "its answer is not JSON"],
  [
    "a redirect to a login page elsewhere",
    { status: 302, headers: { location: "https://login.example/" } },
    "302",
  ],
])("%s is no answer of a Hub", async (_name, fault, reason) => {
  hub.server.faults.push({ path: "/api/models/", ...fault });
  const [code, message, fix] = await saidOf("org/name");
  expect([code, fix]).toEqual([
    "download-failed",
    "Check HF_ENDPOINT, and whether a proxy or a login page answers instead.",
  ]);
  expect(message).toContain(reason);
});

test("names that can't be a repository's aren't asked for", async () => {
  const settings = await hub.settings();
  for (const name of [
    "./folder",
    "a/b/c",
    "/tmp/nothing",
    "model\\x",
    "a--b",
    "..",
    "x.git",
    "org/",
    "C:\\x",
  ]) {
    await expect(openPretrained(name, { settings }), name).rejects.toMatchObject({ code: "file-missing" });
  }
  expect(hub.server.connections).toBe(0);
});

test("a revision of what has none is an error of the user's", async () => {
  for (const [model, what] of [
    ["mini", "built in"],
    ["models/mini", "a folder"],
  ]) {
    expect(await saidOf(model!, { revision: "v2" })).toEqual([
      "option-invalid",
      `--revision v2 is for models of the Hugging Face Hub; ${model} is ${what}.`,
      "Leave it out.",
    ]);
  }
});
