import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { train as runTraining } from "textgraft";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { HubServer } from "../support/hub-server.js";
import { inventedRows, writeTinyModel } from "../support/tiny-model.js";

let folder: string;
let server: HubServer;
let commit: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "textgraft-hub-app-"));
  server = await HubServer.open();
  commit = await server.commit("tiny-org/tiny-bert", await writeTinyModel(join(folder, "tiny")));
  const rows = inventedRows(60).map(({ text, label }) => `${text},${label}`);
  await writeFile(join(folder, "rows.csv"), `text,label\n${rows.join("\n")}\n`);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const cli = fileURLToPath(new URL("../../dist/app/cli.js", import.meta.url));

interface Ended {
  stdout: string;
  stderr: string;
  code: number;
}

const environment = () => ({
  HF_HUB_OFFLINE: "",
  HF_ENDPOINT: server.endpoint,
  HF_HOME: join(folder, "home"),
});

/** Runs the built program in a process of its own: training needs its worker. */
async function textgraft(...args: string[]): Promise<Ended> {
  return textgraftWith({}, ...args);
}

async function textgraftWith(variables: Record<string, string>, ...args: string[]): Promise<Ended> {
  const env = { ...process.env, ...environment(), ...variables };
  return promisify(execFile)(process.execPath, [cli, ...args], { env }).then(
    ({ stdout, stderr }) => ({ stdout, stderr, code: 0 }),
    ({ stdout, stderr, code }) => ({ stdout, stderr, code }),
  );
}

const train = (output: string, ...flags: string[]) =>
  textgraft(
    "train",
    join(folder, "rows.csv"),
    ...["--output", join(folder, output), "--epochs", "1", "--batch-size", "8", "--seed", "3"],
    ...flags,
  );

test("train takes a model of the Hub by its name, as it takes its folder", async () => {
  const byName = await train("by-name", "--model", "tiny-org/tiny-bert");
  expect(byName.stderr).toMatch(
    new RegExp(
      `^Downloading tiny-org/tiny-bert \\(main, commit ${commit.slice(0, 7)}\\): \\d+\\.\\d kB\\.$`,
      "m",
    ),
  );
  expect(byName.stderr).toContain(`Model: tiny-org/tiny-bert (commit ${commit.slice(0, 7)}), 2 layers`);
  expect(byName.code).toBe(0);
  const byFolder = await train("by-folder", "--model", join(folder, "tiny"));
  expect(byFolder.code).toBe(0);
  const weights = (output: string) => readFile(join(folder, output, "model.safetensors"));
  expect((await weights("by-name")).equals(await weights("by-folder"))).toBe(true);
  const record = JSON.parse(await readFile(join(folder, "by-name", "textgraft.json"), "utf8"));
  expect(record.run).toMatchObject({ commit, options: { model: "tiny-org/tiny-bert", revision: "main" } });

  const text = await textgraft("tokenize", "the old ship", "--model", "tiny-org/tiny-bert", "--json");
  expect(JSON.parse(text.stdout).pieces).toEqual(["[CLS]", "the", "old", "ship", "[SEP]"]);
  expect(text.stderr).toBe("");
});

test("offline, the same command goes by the cache alone", async () => {
  server.seen.length = 0;
  const { stderr, code } = await textgraftWith(
    { TRANSFORMERS_OFFLINE: "1" },
    "tokenize",
    ...["the old ship", "--model", "tiny-org/tiny-bert"],
  );
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  expect(server.seen).toEqual([]);
});

test("a run that waits for a model can be cancelled", async () => {
  await server.commit("tiny-org/other", join(folder, "tiny"));
  server.faults.push({ path: "signature=x", method: "GET", stallAfter: 100 });
  for (const [name, value] of Object.entries(environment())) vi.stubEnv(name, value);
  const data = join(folder, "rows.csv");
  const run = runTraining({ data, model: "tiny-org/other", output: join(folder, "x") });
  for await (const event of run) {
    if (event.kind === "download" && event.file === "model.safetensors") break;
  }
  run.cancel();
  await expect(run.result).rejects.toMatchObject({
    code: "cancelled",
    message:
      "Stopped while getting the model; what has arrived is kept, and the next run goes on from there.",
  });
  vi.unstubAllEnvs();
});

test("a name that the Hub doesn't know is an error of the user's, in two lines", async () => {
  const { stderr, code } = await train("none", "--model", "bert-base-uncasd");
  expect(stderr).toBe(
    `Error: There is no model bert-base-uncasd: no folder of that name, none that is built in (mini), and ${server.endpoint} has no public model bert-base-uncasd.\n` +
      `Did you mean bert-base-uncased? For a private model set HF_TOKEN to a token from ${server.endpoint}/settings/tokens.\n`,
  );
  expect(code).toBe(2);
});
