import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { flagName, recipes, trainOptions } from "../../src/run/options.js";
import { runInProcess } from "./run-in-process.js";

const verbs = [
  "init",
  "sweep",
  "inspect",
  "tokenize",
  "train",
  "evaluate",
  "compare",
  "predict",
  "explain",
  "export",
  "cache",
];

let folder: string;
let rows: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "textgraft-arguments-"));
  rows = join(folder, "rows.csv");
  await writeFile(rows, "text,label\nhello,a\nbye,b\n");
});
afterAll(() => rm(folder, { recursive: true }));

test("--help tells all verbs, on standard output", async () => {
  const { stdout, stderr, code } = await runInProcess("--help");
  for (const verb of verbs) expect(stdout).toMatch(new RegExp(`^  ${verb} `, "m"));
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
});

test("--version is the package's", async () => {
  const { version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"));
  expect(await runInProcess("--version")).toEqual({ stdout: `${version}\n`, stderr: "", code: 0 });
});

test("audit's help tells its own defaults where they aren't train's", async () => {
  const help = (await runInProcess("audit", "--help")).stdout.replace(/\s+/g, " ");
  expect(help).toContain("(default: all, under a new hidden layer; none if --epochs is given)");
  expect(help).toContain("(default: 10; 3 if --freeze is given)");
  expect(help).toContain(`${trainOptions.batchSize.help} (default: ${trainOptions.batchSize.default})`);
});

test("nothing at all is answered with the help, as an error", async () => {
  const { stdout, stderr, code } = await runInProcess();
  expect(stderr).toContain("Usage: textgraft");
  expect({ stdout, code }).toEqual({ stdout: "", code: 2 });
});

test("train's help has a flag for every option, its default, and the recipes", async () => {
  const { stdout } = await runInProcess("train", "--help");
  const help = stdout.replace(/\s+/g, " ");
  for (const [name, option] of Object.entries(trainOptions)) {
    expect(help).toContain(`--${option.default === true ? "no-" : ""}${flagName(name)} `);
    expect(help).toContain(option.help);
    const told = option.placeholder !== "" && option.default !== "";
    if (told) expect(help).toContain(`${option.help} (default: ${option.default})`);
  }
  for (const [recipe, options] of Object.entries(recipes)) {
    const flags = Object.entries(options).map(([name, value]) => `--${flagName(name)} ${value}`);
    expect(help).toContain(`${recipe} ${flags.length === 0 ? "the defaults above" : flags.join(" ")}`);
  }
});

test.each(verbs)("%s --help has the flags of all verbs and fits into lines", async (verb) => {
  const { stdout, code } = await runInProcess(verb, "--help");
  for (const flag of ["--json", "--quiet", "--debug"]) expect(stdout).toContain(flag);
  expect(stdout).toContain(`Usage: textgraft ${verb} `);
  for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  expect(code).toBe(0);
});

test.each<[string, string[], string]>([
  ["a verb", ["trian", "x.csv"], "Error: Unknown command 'trian'.\nDid you mean train?\n"],
  [
    "a flag",
    ["train", "x.csv", "--epoch", "3"],
    "Error: Unknown option '--epoch'.\nDid you mean --epochs?\n",
  ],
  [
    "a flag without likeness",
    ["evaluate", "m", "x.csv", "--zzzzzzzz"],
    "Error: Unknown option '--zzzzzzzz'.\nSee textgraft evaluate --help.\n",
  ],
  [
    "a text that looks like a flag",
    ["predict", "m", "-50 % today"],
    "Error: Unknown option '-50 % today'.\nSee textgraft predict --help. A text that begins with - goes behind -- .\n",
  ],
  ["missing data", ["inspect"], "Error: Missing required argument 'data'.\nSee textgraft inspect --help.\n"],
  [
    "missing data of a training, which may stand in a file",
    ["train"],
    "Error: No data was named.\nName a file with labelled texts: textgraft train reviews.csv.\n",
  ],
  [
    "too many arguments",
    ["inspect", "a.csv", "b.csv"],
    "Error: Too many arguments for 'inspect'. Expected 1 argument but got 2.\nSee textgraft inspect --help.\n",
  ],
  [
    "a flag without its value",
    ["train", "x.csv", "--epochs"],
    "Error: Option '--epochs <number>' argument missing.\nSee textgraft train --help.\n",
  ],
  [
    "a number that is none",
    ["train", "x.csv", "--epochs=many"],
    'Error: --epochs is "many"; it must be a whole number of at least 1.\nFor example --epochs 3.\n',
  ],
  [
    "a choice that is none",
    ["train", "x.csv", "--recipe", "slow"],
    'Error: --recipe is "slow"; it must be quick|standard|thorough|tutorial.\nFor example --recipe standard.\n',
  ],
  [
    "a format that is none",
    ["export", "m", "--to", "pickle"],
    "Error: Option '--to <format>' argument 'pickle' is invalid. Allowed choices are onnx.\nSee textgraft export --help.\n",
  ],
  [
    "a missing format",
    ["export", "m"],
    "Error: Required option '--to <format>' not specified.\nSee textgraft export --help.\n",
  ],
  [
    "texts twice",
    ["predict", "m", "hello", "--input", "x.csv"],
    "Error: There are texts as arguments (1 text) and as --input x.csv.\nGive one of the two.\n",
  ],
  [
    "a column for arguments",
    ["predict", "m", "hello", "--text", "body"],
    "Error: There are texts as arguments (1 text) and a column as --text body.\n" +
      "Leave out --text, or give a file with --input.\n",
  ],
  [
    "a length that the model can't read",
    ["tokenize", "hello", "--max-length", "9999"],
    "Error: --max-length is 9999, but the model has only 512 positions.\n" +
      "Use --max-length 512 or less; --long says what is read of longer texts.\n",
  ],
  [
    "two results for standard output",
    ["predict", "m", "hello", "--json", "--output=-"],
    "Error: --json and --output - both ask for standard output.\nGive --output a file, or leave one of them out.\n",
  ],
])("%s is told in two lines, exit code 2", async (_name, args, stderr) => {
  expect(await runInProcess(...args)).toEqual({ stdout: "", stderr, code: 2 });
});

test("a file that isn't there is told with the nearest name, and without a stack", async () => {
  const { stdout, stderr, code } = await runInProcess("inspect", join(folder, "row.csv"));
  expect(stderr).toBe(`Error: There is no file ${join(folder, "row.csv")}.\nDid you mean rows.csv?\n`);
  expect({ stdout, code }).toEqual({ stdout: "", code: 2 });
});

test("--debug adds the stack and its cause", async () => {
  const { stderr, code } = await runInProcess("inspect", join(folder, "row.csv"), "--debug");
  expect(stderr).toContain("\n    at ");
  expect(stderr).toContain("Caused by:\nError: ENOENT");
  expect(code).toBe(2);
});

test("an output that can't be written is refused before the work", async () => {
  const { stderr, code } = await runInProcess(
    "predict",
    "m",
    "hello",
    "--output",
    join(folder, "no", "x.csv"),
  );
  expect(stderr).toContain(`there is no folder ${join(folder, "no")}`);
  expect(code).toBe(2);
});

test("the input is never overwritten", async () => {
  const { stderr, code } = await runInProcess("predict", "m", "--input", rows, "--output", rows);
  expect(stderr).toBe(`Error: --output ${rows} is the input itself.\nName another file.\n`);
  expect(code).toBe(2);
});

test("a model folder that isn't there", async () => {
  const { stderr, code } = await runInProcess("predict", join(folder, "model"), "hello");
  expect(stderr).toContain(`There is no folder ${join(folder, "model")}`);
  expect(code).toBe(2);
});
