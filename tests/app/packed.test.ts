import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inventedSets, writeTinyModel } from "../support/tiny-model.js";
import { type PackedPackage, packPackage } from "./packed-package.js";
import { topicCsv, topicRows } from "./topics.js";

let app: PackedPackage;
const at = (name: string): string => join(app.folder, name);
const posix = process.platform !== "win32";
const short = ["--max-length", "24", "--batch-size", "8", "--threads", "1"];

beforeAll(async () => {
  app = await packPackage();
  await writeFile(at("topics.csv"), topicCsv(200));
  await writeFile(at("odd.csv"), topicCsv(20, { text: "Words", label: "Kind", seed: 2 }));
});
afterAll(() => app.remove());

test("inspect", async () => {
  const { stdout, stderr, code } = await app.textgraft(["inspect", "topics.csv"]);
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  expect(stdout).toContain('200 texts of topics.csv; texts in column "text", labels in "label" (guessed');
  expect(stdout).toMatch(/^ {2}garden +100 +50\.0 %$/m);
  expect(stdout).toContain("0 rows repeat an earlier text exactly");
  expect(stdout).toMatch(/^ {2}\d+–\d+ +\d+ {2}█+$/m);
  const json = JSON.parse((await app.textgraft(["inspect", "topics.csv", "--json"])).stdout);
  expect(json).toMatchObject({ rows: 200, labels: [{ label: "garden", count: 100 }, { label: "space" }] });
  const counts: number[] = json.tokens.histogram.map((bar: { count: number }) => bar.count);
  expect(counts.reduce((sum, count) => sum + count)).toBe(200);
});

test("inspect tells conflicting labels and duplicates", async () => {
  await writeFile(at("twice.csv"), "text,label\nsame text,a\nother words,b\nsame text,b\n");
  const { stdout } = await app.textgraft(["inspect", "twice.csv"]);
  expect(stdout).toContain("1 row repeats an earlier text exactly, 0 more nearly (1 group in all).");
  expect(stdout).toContain("1 text has different labels in different rows:\n  rows 1, 3 (a, b): same text\n");
});

test("tokenize: arguments and standard input give the same, padding and truncation", async () => {
  const text = "The rocket, launched!";
  const whole = JSON.parse((await app.textgraft(["tokenize", text, "--json"])).stdout);
  const piped = JSON.parse((await app.textgraft(["tokenize", "--json"], `${text}\n`)).stdout);
  expect(piped).toEqual(whole);
  const count = whole.inputIds.length;
  expect(whole.attentionMask).toEqual(Array(count).fill(1));
  const padded = JSON.parse((await app.textgraft(["tokenize", text, "--json", "--max-length=20"])).stdout);
  expect(padded.inputIds.slice(0, count)).toEqual(whole.inputIds);
  expect(padded.attentionMask).toEqual([...Array(count).fill(1), ...Array(20 - count).fill(0)]);
  const cut = JSON.parse((await app.textgraft(["tokenize", text, "--json", "--max-length", "4"])).stdout);
  expect(cut.inputIds).toEqual([...whole.inputIds.slice(0, 3), whole.inputIds.at(-1)]);
  const { stdout } = await app.textgraft(["tokenize", text]);
  for (const piece of whole.pieces) expect(stdout).toContain(piece);
  for (const id of whole.inputIds) expect(stdout).toContain(String(id));
});

describe("a trained model", () => {
  let trained: Awaited<ReturnType<PackedPackage["textgraft"]>>;
  beforeAll(async () => {
    trained = await app.textgraft(["train", "topics.csv", "--output", "model", "--epochs", "2", ...short]);
  });

  test("train reports on standard output and tells its progress on standard error", async () => {
    const { stdout, stderr, code } = trained;
    expect(code).toBe(0);
    expect(stderr).toContain('texts in column "text", labels in "label" (guessed');
    expect(stderr).toMatch(/^Epoch 1: train loss \d/m);
    expect(stderr).toContain("Saved in model");
    expect(stdout).toMatch(/^ +accuracy +\d\.\d\d +30$/m);
    expect(stdout).toContain("It lies in model. ");
    expect(await readFile(at("model/report.txt"), "utf8")).toBe(stdout);
    const mistakes = parse(await readFile(at("model/mistakes.csv")), { columns: true }) as unknown[];
    if (mistakes.length > 0) expect(stdout).toContain(`${mistakes.length} text`);
    expect((await readdir(app.folder)).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test("the same output folder again needs --overwrite, and says so before any work", async () => {
    const again = await app.textgraft(["train", "topics.csv", "--output", "model", ...short]);
    expect(again.code).toBe(2);
    expect(again.stdout).toBe("");
    expect(again.stderr).toMatch(/^Error: .*model is already there.*\n.*--overwrite.*\n$/);
  });

  test("predict: arguments, standard input, text file and CSV agree", async () => {
    const rows = topicRows(12, 3);
    const texts = rows.map(({ text }) => text);
    const json = await app.textgraft(["predict", "model", "--json", ...texts]);
    expect(json.stderr).toBe("");
    const predictions = json.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(predictions.map(({ text }) => text)).toEqual(texts);
    for (const { label, score, scores } of predictions) {
      expect(Object.keys(scores)).toEqual(["garden", "space"]);
      expect(score).toBe(Math.max(...Object.values<number>(scores)));
      expect(scores[label]).toBe(score);
      expect(scores.garden + scores.space).toBeCloseTo(1, 9);
    }
    const right = predictions.filter(({ label }, i) => label === rows[i]!.label).length;
    expect(right).toBeGreaterThanOrEqual(10); // two topics without a common word

    const piped = await app.textgraft(["predict", "model", "--json"], `${texts.join("\n")}\n`);
    expect(piped.stdout).toBe(json.stdout);
    const spaced = await app.textgraft(["predict", "model", "--json"], `${texts.join("\n\n")}\n`);
    expect(spaced).toEqual({ ...json, stderr: "Left out 11 blank lines.\n" });
    const pipedCsv = ["id,review", ...texts.map((text, i) => `${i},"${text}"`)].join("\n");
    const fromCsv = await app.textgraft(["predict", "model", "--json", "--input", "-"], pipedCsv);
    expect(fromCsv.stdout).toBe(json.stdout);
    expect(fromCsv.stderr).toContain('read as CSV with commas.\nTexts are in column "review"');
    await writeFile(at("texts.txt"), texts.join("\r\n"));
    const fromFile = await app.textgraft(["predict", "model", "--json", "--input", "texts.txt"]);
    expect(fromFile.stdout).toBe(json.stdout);

    const csv = [["id", "Words"], ...texts.map((text, i) => [`${i}`, text])]
      .map((row) => row.join(";"))
      .join("\n");
    await writeFile(at("new.csv"), `${csv}\n`);
    const labelled = await app.textgraft([
      "predict",
      "model",
      "--input",
      "new.csv",
      "--text",
      "Words",
      "--output",
      "labelled.csv",
    ]);
    expect(labelled).toEqual({ stdout: "", stderr: "Wrote 12 rows to labelled.csv.\n", code: 0 });
    const written = parse(await readFile(at("labelled.csv")), { columns: true, delimiter: ";" });
    expect(written).toEqual(
      predictions.map(({ text, label, score, scores }, i) => ({
        id: String(i),
        Words: text,
        predicted_label: label,
        predicted_score: String(score),
        score_garden: String(scores.garden),
        score_space: String(scores.space),
      })),
    );
    const { stdout: human } = await app.textgraft(["predict", "model", ...texts]);
    expect(human).toBe(
      predictions
        .map(({ text, label, score }) => `${label.padEnd(6)}  ${score.toFixed(4)}  ${text}\n`)
        .join(""),
    );
  });

  test("the library of the package loads it", async () => {
    const text = "the rocket and the moon";
    const program = `import { load } from "textgraft";
      const classifier = await load("model");
      console.log(JSON.stringify(await classifier.predict(${JSON.stringify(text)})));
      await classifier.close();`;
    await writeFile(at("package/program.mjs"), program); // in there a package finds itself by its name
    const { stdout } = await promisify(execFile)(process.execPath, ["package/program.mjs"], {
      cwd: app.folder,
    });
    expect(stdout).toBe((await app.textgraft(["predict", "model", "--json", text])).stdout);
  });

  test("evaluate counts as its own CSV of mistakes does", async () => {
    const args = ["evaluate", "model", "odd.csv", "--text", "Words", "--label=Kind"];
    const { stdout, code } = await app.textgraft([...args, "--output", "mistakes.csv", "--json"]);
    expect(code).toBe(0);
    const { texts, mistakes, accuracy, report } = JSON.parse(stdout);
    const rows = parse(await readFile(at("mistakes.csv")), { columns: true }) as Record<string, string>[];
    expect(rows.length).toBe(mistakes);
    expect(accuracy).toBeCloseTo(1 - mistakes / 20, 12);
    expect(texts).toBe(20);
    expect(report["macro avg"].support).toBe(20);
    const told = await app.textgraft(args);
    expect(told.stdout).toMatch(/^ +garden +\d\.\d\d +\d\.\d\d +\d\.\d\d +10$/m);
    expect(told.stdout).toContain("garden texts");
  });

  test("labels that the model doesn't know", async () => {
    await writeFile(at("unknown.csv"), "text,label\nthe rose,garden\nthe ship,sea\n");
    const { stdout, stderr, code } = await app.textgraft(["evaluate", "model", "unknown.csv"]);
    expect({ stdout, code }).toEqual({ stdout: "", code: 2 });
    expect(stderr).toMatch(/^Error: unknown\.csv has an unknown label: "sea" \(row 2\).*\n.*\n$/);
  });

  test("export writes an ONNX file", async () => {
    const { stdout, code } = await app.textgraft(["export", "model", "--to", "onnx", "--json"]);
    expect(code).toBe(0);
    const { file, bytes } = JSON.parse(stdout);
    expect((await readFile(file)).length).toBe(bytes);
  });

  test.runIf(posix)("a reader that leaves early is no error", async () => {
    await writeFile(
      at("many.txt"),
      topicRows(1000, 4)
        .map(({ text }) => text)
        .join("\n"),
    );
    const command = `"${process.execPath}" "${app.bin}" predict model --input many.txt --json | head -n 1`;
    const { stdout, stderr } = await promisify(execFile)("sh", ["-c", command], { cwd: app.folder });
    expect(stdout.trim().split("\n").length).toBe(1);
    expect(stderr).toBe("");
  });

  test("--overwrite replaces the model; --json prints one object and --quiet nothing else", async () => {
    const args = [
      "train",
      "topics.csv",
      "--output=model",
      "--overwrite",
      "--recipe",
      "tutorial",
      "--epochs=1",
    ];
    const { stdout, stderr, code } = await app.textgraft([...args, "--json", "--quiet"]);
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ folder: "model", stopped: null, test: { texts: 30 } });
    expect(result.options).toMatchObject({ recipe: "tutorial", head: "mlp", epochs: 1 });
    expect(JSON.parse(await readFile(at("model/textgraft.json"), "utf8")).head).toBe("mlp");
  });
});

test("texts with several labels or none: from JSON lines to predictions that can be trained on", async () => {
  const rows = inventedSets(240);
  await writeTinyModel(at("tiny"));
  await writeFile(at("sets.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const quick = ["--model", "tiny", "--epochs", "8", "--batch-size", "16", "--learning-rate", "5e-3"];
  const train = ["train", "sets.jsonl", "--multi-label", "--output", "sets", "--threads", "1", ...quick];
  const { stdout, code } = await app.textgraft(train);
  expect(code).toBe(0);
  expect(stdout).toContain("no label: 40 (16.7 %)");
  expect(stdout).toMatch(/^ samples avg( +\d\.\d\d){3} +\d+$/m);
  expect(stdout).toContain("the commonest set of labels (");

  const predict = ["predict", "sets", "--input", "sets.jsonl"];
  expect((await app.textgraft([...predict, "--output", "sets.csv"])).code).toBe(0);
  const written = parse(await readFile(at("sets.csv")), { columns: true }) as Record<string, string>[];
  const json = (await app.textgraft([...predict, "--json"])).stdout.trimEnd().split("\n");
  const lines = (await app.textgraft(predict)).stdout.trimEnd().split("\n");
  for (const [i, row] of written.entries()) {
    const { labels, scores } = JSON.parse(json[i]!);
    expect(labels).toEqual(["garden", "kitchen", "sea"].filter((label) => scores[label] >= 0.5));
    expect(row).toEqual({
      text: rows[i]!.text,
      labels: JSON.stringify(rows[i]!.labels),
      predicted_labels: labels.join("|"),
      score_garden: String(scores.garden),
      score_kitchen: String(scores.kitchen),
      score_sea: String(scores.sea),
    });
    const told =
      labels.map((label: string) => `${label} ${scores[label].toFixed(4)}`).join(", ") || "no label";
    expect(lines[i]!.startsWith(`${told}  `)).toBe(true);
  }

  // What it predicted, taken for the truth, is right throughout.
  const judge = ["evaluate", "sets", "sets.csv", "--text", "text", "--label", "predicted_labels", "--json"];
  const own = JSON.parse((await app.textgraft(judge)).stdout);
  expect(own).toMatchObject({ texts: 240, mistakes: 0, accuracy: 1, hammingLoss: 0 });
  const truth = await app.textgraft(["evaluate", "sets", "sets.jsonl", "--output", "wrong.csv", "--json"]);
  const { mistakes, report } = JSON.parse(truth.stdout);
  expect(parse(await readFile(at("wrong.csv")), { columns: true })).toHaveLength(mistakes);
  expect(report["samples avg"].support).toBe(rows.reduce((sum, { labels }) => sum + labels.length, 0));
  expect(report["micro avg"]["f1-score"]).toBeGreaterThan(0.85);
  const exported = await app.textgraft(["export", "sets", "--to", "onnx", "--json"]);
  expect(JSON.parse(exported.stdout).largestDifference).toBeLessThan(1e-5);

  // A file of sets, read without the flag.
  const hint = await app.textgraft(["train", "sets.csv", "--label", "predicted_labels", "--output", "no"]);
  expect(hint.code).toBe(2);
  expect(hint.stderr).toContain("add --multi-label");
});

test("errors are two lines on standard error, exit code 2", async () => {
  const { stdout, stderr, code } = await app.textgraft([
    "train",
    "odd.csv",
    "--text",
    "Wrds",
    "--output",
    "odd",
  ]);
  expect({ stdout, code }).toEqual({ stdout: "", code: 2 });
  expect(stderr).toMatch(/^Error: odd\.csv has no column .*Words.*\n.*--text.*\n$/);
  expect(existsSync(at("odd"))).toBe(false);
});

test.runIf(posix).each([
  ["SIGHUP", 129],
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s keeps the best so far as a whole model folder", async (signal, exitCode) => {
  const folder = `stopped-${signal}`;
  const run = app.start(["train", "topics.csv", "--output", folder, "--epochs", "5000", ...short]);
  await run.says("Epoch 1:");
  run.kill(signal);
  const { stdout, stderr, code } = await run.answer;
  expect(code).toBe(exitCode);
  expect(stderr).toContain("the best weights so far will be saved");
  expect(stdout).toContain("Stopped after ");
  const predicted = await app.textgraft(["predict", folder, "the rose and the soil"]);
  expect(predicted).toMatchObject({ stderr: "", code: 0 });
});

test.runIf(posix)("a second Ctrl-C ends at once and leaves nothing", async () => {
  const run = app.start(["train", "topics.csv", "--output", "twice", "--epochs", "5000", ...short]);
  await run.says("Epoch 1:");
  run.kill("SIGINT");
  await run.says("Stopping");
  run.kill("SIGINT");
  const { stdout, code } = await run.answer;
  expect({ stdout, code }).toEqual({ stdout: "", code: null }); // a shell makes 130 of it
  expect(existsSync(at("twice"))).toBe(false);
});

test.runIf(posix)("a training killed while it saves leaves no half folder", async () => {
  const args = ["train", "topics.csv", "--output", "killed", "--epochs", "1", ...short];
  const run = app.start(args);
  const temporary = async () => (await readdir(app.folder)).filter((name) => name.startsWith(".killed.tmp-"));
  let ended = false;
  void run.answer.finally(() => (ended = true));
  while ((await temporary()).length === 0 && !ended) await new Promise((resolve) => setTimeout(resolve, 1));
  run.kill("SIGKILL");
  await run.answer;
  expect(await temporary()).toHaveLength(1); // it was killed in the middle
  expect(existsSync(at("killed"))).toBe(false);
  expect((await app.textgraft([...args, "--quiet"])).code).toBe(0);
  expect(await temporary()).toEqual([]);
});
