import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { parseBenchArguments, WORKLOADS } from "../../bench/arguments.js";

test("without flags everything is measured, with a thread for each core", () => {
  expect(parseBenchArguments([])).toEqual({
    help: false,
    quick: false,
    only: WORKLOADS,
    rounds: 5,
    threads: availableParallelism(),
    python: undefined,
    profile: undefined,
  });
});

test("flags are read in both spellings, workloads with commas between", () => {
  const args = ["--quick", "--only", "step,predict", "--rounds=7", "--threads", "3", "--python", "py"];
  const expected = { quick: true, only: ["step", "predict"], rounds: 7, threads: 3, python: "py" };
  expect(parseBenchArguments(args)).toMatchObject(expected);
});

test("--profile takes a shape, and with it --batch and --length", () => {
  const shape = { layers: 6, hiddenSize: 256, heads: 4, vocabSize: 30_522 };
  expect(parseBenchArguments(["--profile", "6x256x4"]).profile).toEqual({ shape, batch: 32, length: 25 });
  const args = ["--profile", "6x256x4", "--batch", "8", "--length", "64"];
  expect(parseBenchArguments(args).profile).toEqual({ shape, batch: 8, length: 64 });
});

test.each([
  [["--quik"], "There is no flag --quik.", "Did you mean --quick?"],
  [["--only", "step,preditc"], 'There is no workload "preditc".', "Did you mean predict?"],
  [["--only", "everything"], 'There is no workload "everything".', `There are ${WORKLOADS.join(", ")}.`],
  [["step"], "There is no argument step.", undefined],
  [["--rounds", "0"], '--rounds is "0"; expected a whole number of at least 1.', undefined],
  [["--threads", "two"], '--threads is "two"; expected a whole number of at least 1.', undefined],
  [["--rounds"], "--rounds needs a value.", undefined],
  [["--python", "--quick"], "--python needs a value.", undefined],
  [["--quick=yes"], "--quick takes no value.", undefined],
  [["--batch", "8"], "--batch and --length belong to --profile.", undefined],
  [["--profile", "base"], '--profile is "base"; expected', undefined],
  [["--profile", "2x100x3"], '--profile is "2x100x3"; expected', undefined],
])("%j is refused: %s", (args, message, fix) => {
  const refused = expect.objectContaining({
    code: "option-invalid",
    message: expect.stringContaining(message),
    fix: fix ?? expect.any(String),
  });
  expect(() => parseBenchArguments(args)).toThrow(refused);
});
