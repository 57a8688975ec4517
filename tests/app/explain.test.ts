import { join } from "node:path";
import { load } from "textgraft";
import { beforeAll, describe, expect, test } from "vitest";
import { runCommandLine } from "#textgraft/app/program.js";
import { tinyOptions, tinyWorkplace, trained } from "../run/train-tiny.js";
import { inventedRows } from "../support/tiny-model.js";
import { type Captured, captured } from "./run-in-process.js";

/** Of the built program: the model runs in a thread of its own, which TypeScript's sources can't start. */
async function textgraft(...args: string[]): Promise<Captured> {
  const [stdout, stderr] = [captured(), captured()];
  const code = await runCommandLine(args, { stdout: stdout.stream, stderr: stderr.stream });
  return { stdout: stdout.text(), stderr: stderr.text(), code };
}

describe("explain", async () => {
  const { folder, model } = await tinyWorkplace();
  const output = join(folder, "model");
  const text = "the old whale saw my rose";
  beforeAll(async () => {
    await trained({ ...tinyOptions, model, output, data: inventedRows(120) });
  });

  test("prints the text with scores, the strongest words, and what they add up to", async () => {
    const { stdout, stderr, code } = await textgraft("explain", output, text, "--label", "sea");
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    expect(stdout).toMatch(/^sea {2}0\.\d{4} \(0\.\d{4} with all words masked\)\n\n/);
    expect(stdout).toMatch(/\[whale [+−]\d\.\d\d\]/);
    expect(stdout).toMatch(/\nFor sea +score +share\n {2}\S+ +\+\d\.\d\d +\d+\.\d %\n/);
    expect(stdout).toContain("They add up to ");
    expect(stdout).not.toContain("\u001b");
  });

  test("has colours where the terminal has them, and NO_COLOR isn't set", async () => {
    const shown = async (environment: Record<string, string>): Promise<string> => {
      const before = { ...process.env };
      Object.assign(process.env, environment);
      try {
        const [stdout, stderr] = [captured({ columns: 80 }), captured()];
        Object.assign(stdout.stream, { hasColors: () => true });
        await runCommandLine(["explain", output, text], { stdout: stdout.stream, stderr: stderr.stream });
        return stdout.text();
      } finally {
        process.env = before;
      }
    };
    expect(await shown({ NO_COLOR: "", FORCE_COLOR: "" })).toContain("\u001b[");
    expect(await shown({ NO_COLOR: "1", FORCE_COLOR: "" })).not.toContain("\u001b[");
  });

  test("--json has the same as the library", async () => {
    const other = "new soup";
    const { stdout } = await textgraft("explain", output, text, other, "--json");
    const classifier = await load(output);
    const expected = await classifier.explain([text, other]);
    await classifier.close();
    const lines = stdout.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(expected);
  });

  test.each<[string[], string]>([
    [["--label", "see"], 'The model has no label "see"; its labels are garden, kitchen, sea.'],
    [["--steps", "0"], "--steps is 0; it must be a whole number from 1 to 10000."],
    [["--steps", "few"], "It must be a whole number."],
    [["--method", "gradient", "--steps", "8"], "--method gradient has no steps"],
    [["--method", "lime"], "integrated, gradient"],
  ])("%j is refused", async (flags, message) => {
    const { stdout, stderr, code } = await textgraft("explain", output, text, ...flags);
    expect(stderr).toContain(message);
    expect({ stdout, code }).toEqual({ stdout: "", code: 2 });
  });
});
