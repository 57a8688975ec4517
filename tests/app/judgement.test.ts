import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { DOMParser } from "linkedom";
import { compare, evaluate } from "textgraft";
import { beforeAll, describe, expect, test } from "vitest";
import { runCommandLine } from "#textgraft/app/program.js";
import { csvOf, readJson, tinyOptions, tinyWorkplace } from "../run/train-tiny.js";
import { schemaProblems } from "../support/json-schema.js";
import { inventedRows, inventedSets } from "../support/tiny-model.js";
import { type Captured, captured } from "./run-in-process.js";

/** The command line as it is built, whose engine can open its worker. */
async function runInProcess(...args: string[]): Promise<Captured> {
  const [stdout, stderr] = [captured(), captured()];
  const code = await runCommandLine(args, { stdout: stdout.stream, stderr: stderr.stream });
  return { stdout: stdout.text(), stderr: stderr.text(), code };
}

const schema = await readJson(new URL("../../schema/metrics.schema.json", import.meta.url).pathname);

describe("evaluate and compare", async () => {
  const { folder, model } = await tinyWorkplace();
  const at = (name: string) => join(folder, name);
  const [good, hasty, several, rows] = [at("good"), at("hasty"), at("several"), at("rows.csv")];

  beforeAll(async () => {
    await writeFile(at("train.csv"), csvOf(inventedRows(210)));
    await writeFile(rows, csvOf(inventedRows(300).slice(210)));
    const sets = inventedSets(210).map(({ text, labels }) => JSON.stringify({ text, labels }));
    await writeFile(at("sets.jsonl"), `${sets.join("\n")}\n`);
    const flags = Object.entries(tinyOptions).flatMap(([name, value]) => [
      `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
      String(value),
    ]);
    const train = async (data: string, output: string, ...more: string[]) => {
      const run = await runInProcess(
        "train",
        data,
        "--model",
        model,
        "--output",
        output,
        "--quiet",
        ...flags,
        ...more,
      );
      expect(run.stderr).toBe("");
    };
    await train(at("train.csv"), good);
    await train(at("train.csv"), hasty, "--epochs", "1", "--learning-rate", "0.001");
    await train(at("sets.jsonl"), several, "--multi-label", "--epochs", "1");
  });

  test.each(["good", "several"])(
    "train leaves metrics.json and report.md in the folder: %s",
    async (name) => {
      const metrics = await readJson(at(name), "metrics.json");
      expect(schemaProblems(schema, metrics)).toEqual([]);
      const { run } = (await readJson(at(name), "textgraft.json")) as {
        run: { test: { accuracy: number; macro: { f1: number } } };
      };
      expect(metrics).toMatchObject({
        schema: "textgraft-metrics/1",
        metrics: { accuracy: { value: run.test.accuracy }, "macro-f1": { value: run.test.macro.f1 } },
      });
      const report = await readFile(join(at(name), "report.md"), "utf8");
      expect(report).toMatch(new RegExp(`^## Textgraft: ${name}\n`));
      expect(report).toMatch(/^\| macro F1 \| \d\.\d{3} \|/m);
    },
  );

  test("the schema tells what breaks it", () => {
    expect(schemaProblems(schema, { schema: "textgraft-metrics/2", texts: 0.5 })).toEqual(
      expect.arrayContaining([
        '/schema: const "textgraft-metrics/1"',
        '/texts: type "integer"',
        ": no metrics",
      ]),
    );
  });

  test("gates that are kept end with 0, and the files say so", async () => {
    const files = [
      "--junit",
      at("gates.xml"),
      "--markdown",
      at("comment.md"),
      "--metrics",
      at("metrics.json"),
    ];
    const gates = [
      "--fail-under",
      "accuracy=0.9",
      "--fail-under",
      "sea.recall=0.5",
      "--fail-over",
      "log-loss=2",
    ];
    const { stdout, stderr, code } = await runInProcess("evaluate", good, rows, ...gates, ...files);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\nAll 3 gates passed\.\n$/);
    expect(stderr).not.toContain("gates");
    expect(stdout).toMatch(/\nGates\n=====\npassed {2}accuracy is at least 0\.9: found /);
    expect(stdout).toMatch(/^accuracy +\d\.\d{3} +\d\.\d{3} to \d\.\d{3}$/m);
    const suite = new DOMParser()
      .parseFromString(await readFile(at("gates.xml"), "utf8"), "text/xml")
      .querySelector("testsuite")!;
    expect([suite.getAttribute("tests"), suite.getAttribute("failures")]).toEqual(["3", "0"]);
    const metrics = await readJson(at("metrics.json"));
    expect(schemaProblems(schema, metrics)).toEqual([]);
    expect(metrics).toMatchObject({
      texts: 90,
      gates: [{ passed: true }, { passed: true }, { passed: true }],
    });
    expect(await readFile(at("comment.md"), "utf8")).toContain("**All 3 gates passed.**");
  });

  test("a gate that fails ends with 3, and the results are told", async () => {
    const { stdout, stderr, code } = await runInProcess("evaluate", good, rows, "--fail-over", "log-loss=0");
    expect(code).toBe(3);
    expect(stdout).toContain("FAILED  log-loss is at most 0: found ");
    expect(stderr).not.toContain("gate");
    const json = await runInProcess("evaluate", good, rows, "--json", "--fail-over", "log-loss=0");
    expect({ code: json.code, told: json.stderr.trim().split("\n").at(-1) }).toEqual({
      code: 3,
      told: "1 of 1 gate failed.",
    });
    expect(JSON.parse(json.stdout)).toMatchObject({ gates: [{ name: "log-loss", passed: false }] });
  });

  test("where no report is printed, the line about gates says what they hold of a model that leaves texts unknown", async () => {
    const told = async (...more: string[]) => {
      const gate = ["--fail-under", "accuracy=0.5", "--output", "-"];
      return (await runInProcess("evaluate", good, rows, ...gate, ...more)).stderr.trim().split("\n").at(-1);
    };
    expect(await told()).toBe("The gate passed.");
    expect(await told("--unknown-below", "0.9999999")).toMatch(
      /^The gate passed\. Gates hold numbers as if every text had been answered: /,
    );
  });

  test("the comment alone can go to standard output", async () => {
    const { stdout, code } = await runInProcess(
      "evaluate",
      good,
      rows,
      "--markdown",
      "-",
      "--fail-over",
      "log-loss=0",
    );
    expect(code).toBe(3);
    expect(stdout).toMatch(/^## Textgraft: good on rows\.csv\n/);
    expect(stdout).not.toContain("support");
  });

  test.each<[string, string[], string]>([
    ["an unknown number", ["--fail-under", "seaa.recall=1"], "Did you mean sea.recall?"],
    ["JUnit without gates", ["--junit", "gates.xml"], "Add a gate"],
    [
      "two things on standard output",
      ["--markdown", "-", "--output", "-"],
      "Give all of them but one a file.",
    ],
  ])("%s is told before any text is predicted", async (_name, flags, fix) => {
    const { stdout, stderr, code } = await runInProcess("evaluate", good, rows, ...flags);
    expect({ stdout, code }).toEqual({ stdout: "", code: 2 });
    expect(stderr).toContain(fix);
  });

  test("compare tells a good model from a hasty one, and lists what changed", async () => {
    const changed = at("changed.csv");
    const { stdout, code } = await runInProcess("compare", good, hasty, rows, "--output", changed);
    expect(code).toBe(0);
    expect(stdout).toContain(`A: ${good}\nB: ${hasty}\n`);
    expect(stdout).toMatch(/^A is better on these 90 texts: only A has \d+ of them right, only B \d+\./m);
    const flips = parse(await readFile(changed, "utf8"), { columns: true }) as Record<string, string>[];
    const predictions = await Promise.all([good, hasty].map((each) => evaluate(each, rows)));
    const [a, b] = predictions.map(({ judged, labels }) =>
      judged.map(({ predictedIds }) => labels[predictedIds[0]!]!),
    );
    const expected = a!.flatMap((label, i) => (label === b![i] ? [] : [[String(i + 1), label, b![i]]]));
    expect(flips.map(({ row, predicted_a, predicted_b }) => [row, predicted_a, predicted_b]).sort()).toEqual(
      expected.sort(),
    );
  });

  test("compare's gates: the worse model fails, the better one and the same one don't", async () => {
    const gates = ["--fail-if-worse", "--fail-under", "accuracy=-0.01", "--json"];
    const worse = await runInProcess("compare", good, hasty, rows, ...gates);
    expect(worse.code).toBe(3);
    const { gates: found, verdict, a, b, differences } = JSON.parse(worse.stdout);
    expect(found.map(({ passed }: { passed: boolean }) => passed)).toEqual([false, false, false]);
    expect(verdict).toBe("a");
    expect(differences.accuracy.value).toBeCloseTo(b.metrics.accuracy.value - a.metrics.accuracy.value, 12);
    expect((await runInProcess("compare", hasty, good, rows, ...gates)).code).toBe(0);
    const same = await runInProcess("compare", good, good, rows, ...gates);
    expect(same.code).toBe(0);
    expect(JSON.parse(same.stdout)).toMatchObject({ flips: [], mcnemar: { p: 1 } });
  });

  test("several labels a text: evaluated and compared", async () => {
    const sets = at("sets.jsonl");
    const { stdout, code } = await runInProcess("evaluate", several, sets, "--fail-over", "hamming-loss=0.9");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Hamming loss +0\.\d{3} +0\.\d{3} to 0\.\d{3}$/m);
    const same = await compare(several, several, sets);
    expect(same).toMatchObject({ problem: "multi_label", flips: [], verdict: "undecided" });
  });

  test("models of another kind, or with other labels, are refused before any text is predicted", async () => {
    const { stderr, code } = await runInProcess("compare", good, several, rows);
    expect(code).toBe(2);
    expect(stderr).toContain("gives a text any number of labels");
  });

  test("the library gives the same, from folders, loaded models and rows", async () => {
    const [, ...lines] = (await readFile(rows, "utf8")).split("\n");
    const given = lines.map((line) => {
      const [, text, label] = /^"(.*)",(.*)$/.exec(line)!;
      return { text: text!, label: label! };
    });
    const ofFile = await evaluate(good, rows, { failUnder: ["accuracy=0.5"] });
    const ofRows = await evaluate(good, given);
    expect(ofRows.metrics).toEqual(ofFile.metrics);
    expect(ofRows.intervals).toEqual(ofFile.intervals);
    expect(ofFile.gates).toMatchObject([{ passed: true }]);
  });
});
