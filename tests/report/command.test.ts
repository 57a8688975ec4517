import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { trainCommand } from "../../src/report/command.js";
import { parseOption, resolveOptions, type TrainOptions } from "../../src/run/options.js";

test.each<[string, Partial<TrainOptions>]>([
  ["rows.csv", {}],
  ["my rows; rm -rf *.csv", { text: "the 'text' column", label: "$HOME", classWeights: "spam=3.5,ham=1" }],
  [
    "a.csv",
    { recipe: "tutorial", epochs: 2, cache: false, overwrite: true, learningRate: "auto", freeze: 2 },
  ],
])("the command for %s gives the same options again, through a shell", (source, given) => {
  const options = resolveOptions(given);
  const command = trainCommand(source, options);
  const words = execFileSync("sh", ["-c", `printf '%s\\0' ${command}`], { encoding: "utf8" })
    .split("\0")
    .slice(0, -1);
  expect(words.slice(0, 3)).toEqual(["textgraft", "train", source]);
  const read: Record<string, unknown> = {};
  for (let i = 3; i < words.length; i++) {
    const [, no, flag] = /^--(no-)?(.*)$/.exec(words[i]!)!;
    const name = flag!.replace(/-[a-z]/g, (letters) => letters[1]!.toUpperCase());
    const isSwitch = i + 1 === words.length || words[i + 1]!.startsWith("--");
    read[name] = isSwitch ? !no : parseOption(name, words[++i]!);
  }
  expect(resolveOptions(read as Partial<TrainOptions>)).toEqual(options);
});

test("defaults aren't repeated", () => {
  expect(trainCommand("rows.csv", resolveOptions({ output: "m" }))).toBe(
    "textgraft train rows.csv --output m",
  );
});
