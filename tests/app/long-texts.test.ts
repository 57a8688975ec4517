import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { runInProcess } from "./run-in-process.js";

const folder = await mkdtemp(join(tmpdir(), "textgraft-long-"));
afterAll(() => rm(folder, { recursive: true }));
const text = "a b c d e f g h i j";

interface Shown {
  length: number;
  window?: number;
  windows?: number;
  pieces: string[];
  attentionMask: number[];
}

const tokenize = async (...flags: string[]): Promise<Shown[]> => {
  const { stdout, stderr } = await runInProcess("tokenize", text, "--max-length", "6", "--json", ...flags);
  expect(stderr).toBe("");
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Shown);
};

test.each<[string[], string[]]>([
  [[], ["a b c d"]],
  [["--long", "tail"], ["g h i j"]],
  [["--long", "head+tail"], ["a b i j"]],
  [
    ["--long", "windows"],
    ["a b c d", "d e f g", "g h i j"],
  ],
  [
    ["--long=windows", "--stride=0"],
    ["a b c d", "e f g h", "i j"],
  ],
])("tokenize shows what is read of a long text: %j", async (flags, expected) => {
  const shown = await tokenize(...flags);
  expect(shown.map(({ pieces }) => pieces.filter((piece) => /^[a-j]$/.test(piece)).join(" "))).toEqual(
    expected,
  );
  for (const [i, { length, window, windows, pieces, attentionMask }] of shown.entries()) {
    expect([length, window, windows]).toEqual(
      expected.length > 1 ? [12, i + 1, expected.length] : [12, undefined, undefined],
    );
    expect([pieces[0], pieces.length, attentionMask.length]).toEqual(["[CLS]", 6, 6]);
  }
});

test("tokenize says what is left out, and nothing of texts that fit", async () => {
  const long = await runInProcess("tokenize", text, "--max-length", "6", "--long", "tail");
  expect(long.stdout).toContain(`${text}\nOf its 12 tokens, the last 6 are read (--long tail).\n`);
  expect((await runInProcess("tokenize", text)).stdout).not.toContain("--long");
});

test("inspect says how many texts are longer and what will happen to them", async () => {
  const file = join(folder, "rows.csv");
  await writeFile(file, `text,label\n${text},x\na b,y\nc d,x\nd e,y\n`);
  const { stdout } = await runInProcess("inspect", file, "--max-length", "6", "--long", "windows");
  expect(stdout).toContain(
    "1 text (25.0 %) has more than 6 tokens: of these, all are read, in windows of 6 that share 1 (--long windows), " +
      "6 passages in all.\n",
  );
  expect((await runInProcess("inspect", file)).stdout).toContain("No text has more than 16 tokens.\n");
});

test("a length that the model can't read is refused before anything is read", async () => {
  const file = join(folder, "some.csv");
  await writeFile(file, "text,label\na b,y\nc d,x\n");
  for (const [flags, message] of [
    [["--max-length", "513"], "--max-length is 513, but the model has only 512 positions."],
    [
      ["--long", "windows", "--max-length", "8", "--stride", "6"],
      "--stride is 6, but a window of 8 tokens has only 6",
    ],
  ] as const) {
    for (const verb of [
      ["inspect", file],
      ["tokenize", text],
      ["train", file, "--output", join(folder, "model")],
    ]) {
      const { stderr, code } = await runInProcess(...verb, ...flags);
      expect(stderr).toContain(`Error: ${message}`);
      expect(code).toBe(2);
    }
  }
});
