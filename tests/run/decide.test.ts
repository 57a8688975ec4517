import { execFile } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parse } from "csv-parse/sync";
import { exportOnnx, load, type TrainEvent, type TrainInput } from "textgraft";
import { describe, expect, test } from "vitest";
import { random } from "../../src/base/random.js";
import { inventedRows, inventedSets } from "../support/tiny-model.js";
import { csvOf, readJson, tinyOptions, tinyWorkplace, trained, weightsOf } from "./train-tiny.js";

const { folder, model } = await tinyWorkplace();
/** Two topics; every fifth text tells nothing of its own, and every eleventh label is wrong. */
const small = "the a and old new with in my we saw two small again today".split(" ");
const draw = random(5);
const noisy = inventedRows(400, ["sea", "garden"]).map(({ text, label }, i) => ({
  text: i % 5 === 0 ? Array.from({ length: 12 }, () => small[draw.int(small.length)]).join(" ") : text,
  label: i % 11 === 0 ? (label === "sea" ? "garden" : "sea") : label,
}));
const output = join(folder, "model");
const input: TrainInput = { ...tinyOptions, epochs: 4, model, output, overwrite: true, data: noisy };

/** The command line as it is built: engines run in workers, which are JavaScript. */
const run = (...args: string[]): Promise<{ stdout: string; stderr: string; code?: number }> =>
  promisify(execFile)("node", [
    fileURLToPath(new URL("../../dist/app/cli.js", import.meta.url)),
    ...args,
  ]).catch((failed: { stdout: string; stderr: string; code: number }) => failed);

describe("calibration", () => {
  test("divides the last layer by the temperature, and nothing else", async () => {
    const calibrated = await trained(input);
    const after = await weightsOf(output);
    const plain = await trained({ ...input, calibrate: false });
    const before = await weightsOf(output);
    const { temperature, before: scores } = calibrated.result.decision.calibration!;
    expect(temperature).not.toBe(1);
    for (const [name, values] of before) {
      const factor = name.startsWith("classifier.") ? temperature : 1;
      expect(after.get(name)).toEqual(values.map((value) => Math.fround(value / factor)));
    }
    // Answers stay, and what is said to have been the log loss was it.
    const ids = ({ result }: typeof plain) => result.test.judged.map(({ predictedIds }) => predictedIds);
    expect(ids(calibrated)).toEqual(ids(plain));
    const best = plain.result.epochs.find(({ epoch }) => epoch === plain.result.bestEpoch)!;
    expect(scores.logLoss).toBeCloseTo(best.validation.logLoss, 10);
    expect(calibrated.result.test.calibration!.before.logLoss).toBeCloseTo(
      plain.result.test.metrics.logLoss,
      5,
    );
    expect(calibrated.result.test.calibration!.after.logLoss).toBeCloseTo(
      calibrated.result.test.metrics.logLoss,
      10,
    );
    expect(plain.result.decision).toEqual({ texts: 60, decision: {}, thresholds: [] });
    expect(plain.result.test.calibration).toBeUndefined();
  });

  test("is what everybody sees who loads the folder, and goes on from there", async () => {
    const { result } = await trained({
      ...input,
      multiLabel: true,
      data: inventedSets(240),
      long: "windows",
      maxLength: 12,
    });
    const { run } = await readJson(output, "textgraft.json");
    expect((run as { calibration: unknown }).calibration).toEqual({
      ...result.decision.calibration,
      test: result.test.calibration,
    });
    const classifier = await load(output);
    const predictions = await classifier.predict(result.test.judged.map(({ text }) => text));
    for (const [i, { scores }] of predictions.entries())
      for (const [id, label] of classifier.labels.entries())
        expect(Math.abs(scores[label]! - result.test.judged[i]!.probabilities[id]!)).toBeLessThan(1e-5);
    await classifier.close();
    expect((await exportOnnx(output)).largestDifference).toBeLessThan(1e-5);
    const further = await trained({
      ...input,
      model: output,
      output: join(folder, "further"),
      multiLabel: true,
      data: inventedSets(240),
      epochs: 1,
    });
    expect(further.result.epochs[0]!.validationLoss).toBeLessThan(
      1.05 * result.epochs.at(-1)!.validationLoss,
    );
  });

  test("keeps what was frozen in the cache of features", async () => {
    const { result } = await trained({ ...input, freeze: "all", cache: false });
    expect(result.features!.computed).toBe(noisy.length);
  });
});

describe("a threshold and an unknown answer", async () => {
  const output = join(folder, "decided");
  const { result } = await trained({
    ...input,
    output,
    threshold: "sea: precision>=0.8",
    unknownBelow: "0.7",
  });
  const file = join(folder, "noisy.csv");
  await writeFile(file, csvOf(noisy));
  const texts = noisy.map(({ text }) => text);
  const { decision } = result.decision;
  const [, threshold] = decision.thresholds!;

  test("are chosen on the validation texts", () => {
    expect(threshold).toBeGreaterThan(0);
    expect(decision).toEqual({ thresholds: [null, threshold], unknownBelow: 0.7 });
    const [facts] = result.decision.thresholds;
    expect(facts).toMatchObject({ label: "sea", aim: "precision>=0.8", reached: true, threshold });
    expect(facts!.precision).toBeGreaterThanOrEqual(0.8);
  });

  test("are obeyed by the judgement on the test texts", () => {
    const { judged, answered } = result.test;
    for (const { probabilities, predictedIds, unknown } of judged) {
      const label = probabilities[1]! >= threshold! ? 1 : 0;
      expect(predictedIds).toEqual([label]);
      expect(unknown ?? false).toBe(probabilities[label]! < 0.7);
    }
    const given = judged.filter(({ unknown }) => !unknown);
    expect(given.length).toBeLessThan(judged.length);
    const right = given.filter(({ labelIds, predictedIds }) => labelIds[0] === predictedIds[0]).length;
    expect(answered).toMatchObject({
      texts: judged.length,
      answered: given.length,
      right,
      coverage: given.length / judged.length,
    });
  });

  test("are saved, and obeyed by load and predict", async () => {
    expect((await readJson(output, "textgraft.json")).decision).toEqual({
      thresholds: { sea: threshold },
      unknownBelow: 0.7,
    });
    const classifier = await load(output);
    expect(classifier.decision).toEqual(decision);
    const predictions = await classifier.predict(texts);
    for (const { label, labels, score, scores } of predictions) {
      const wanted = scores.sea! >= threshold! ? "sea" : "garden";
      const known = scores[wanted]! >= 0.7;
      expect({ label, labels, score }).toEqual({
        label: known ? wanted : null,
        labels: known ? [wanted] : [],
        score: scores[wanted],
      });
    }
    expect(predictions.some(({ label }) => label === null)).toBe(true);
    await classifier.close();
    const csv = await run("predict", output, "--input", file, "--text", "review", "--output", "-");
    const rows = parse(csv.stdout, { columns: true }) as Record<string, string>[];
    expect(rows.map((row) => row.predicted_label)).toEqual(
      predictions.map(({ label }) => label ?? "unknown"),
    );
    const lines = await run("predict", output, ...texts.slice(0, 40));
    expect(
      lines.stdout
        .split("\n")
        .slice(0, 40)
        .map((line) => line.split(/\s+/)[0]),
    ).toEqual(predictions.slice(0, 40).map(({ label }) => label ?? "unknown"));
  });

  test("are obeyed by evaluate, which counts what was answered", async () => {
    const { stdout } = await run("evaluate", output, file, "--json");
    const found = JSON.parse(stdout) as {
      answered: { texts: number; answered: number; right: number };
      mistakes: number;
      accuracy: number;
    };
    expect(found.answered.texts).toBe(400);
    expect(found.answered.answered).toBeLessThan(400);
    expect(found.mistakes).toBe(Math.round(400 * (1 - found.accuracy)));
    const listed = await run("evaluate", output, file, "--output", "-");
    expect(parse(listed.stdout)).toHaveLength(1 + found.answered.answered - found.answered.right);
    const report = await run("evaluate", output, file);
    expect(report.stdout).toContain(`Answered: ${found.answered.answered} of 400 texts`);
  });

  test("can be replaced by others when the model is used", async () => {
    const usual = await load(output, { threshold: "none", unknownBelow: "none" });
    for (const { label, scores } of await usual.predict(texts))
      expect(label).toBe(scores.sea! > scores.garden! ? "sea" : "garden");
    await usual.close();
    const { stdout } = await run(
      "evaluate",
      output,
      file,
      "--json",
      "--unknown-below",
      "none",
      "--threshold",
      "sea: 0.01",
    );
    const found = JSON.parse(stdout) as { answered?: unknown; report: { sea: { recall: number } } };
    expect(found.answered).toBeUndefined();
    expect(found.report.sea.recall).toBeGreaterThan(0.99);
    const refused = await run("predict", output, "--threshold", "f1", "a text");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("chosen on validation rows");
  });

  test("a folder from before there were any is loaded as before", async () => {
    const path = join(output, "textgraft.json");
    const { decision: _gone, ...facts } = await readJson(output, "textgraft.json");
    await writeFile(path, JSON.stringify(facts));
    const classifier = await load(output);
    expect(classifier.decision).toEqual({});
    await classifier.close();
    await writeFile(path, JSON.stringify({ ...facts, decision: { threshold: 0.7 } }));
    await expect(load(output)).rejects.toMatchObject({
      code: "model-invalid",
      message: expect.stringContaining("decision.threshold"),
    });
    await rm(output, { recursive: true });
  });
});

test("several labels have thresholds of their own", async () => {
  const { result } = await trained({
    ...input,
    multiLabel: true,
    data: inventedSets(240),
    threshold: "f1; sea: 0.25",
  });
  const { thresholds } = result.decision.decision;
  expect(thresholds).toHaveLength(3);
  expect(thresholds![2]).toBe(0.25);
  for (const { probabilities, predictedIds } of result.test.judged)
    expect(predictedIds).toEqual([0, 1, 2].filter((id) => probabilities[id]! >= thresholds![id]!));
});

test("what can't be chosen is told before the long work", async () => {
  const code = (wanted: Partial<TrainInput>) => expect(trained({ ...input, ...wanted })).rejects;
  await code({ threshold: "spam: f1" }).toMatchObject({ code: "label-unknown" });
  await code({ threshold: "sea: best" }).toMatchObject({ code: "option-invalid" });
  await code({ unknownBelow: "2" }).toMatchObject({ code: "option-invalid" });
  await code({ loss: "focal", labelSmoothing: 0.1 }).toMatchObject({ code: "option-invalid" });
  await code({ focalGamma: 3 }).toMatchObject({ code: "option-invalid" });
  await code({ sampling: "balanced", multiLabel: true }).toMatchObject({ code: "option-invalid" });
});

describe("imbalance", () => {
  const rare = inventedRows(500, ["sea", "garden"]).filter(({ label }, i) => label === "sea" || i % 10 === 1);

  test("balanced sampling and the focal loss train, each with the same result for the same seed", async () => {
    for (const wanted of [
      { sampling: "balanced" },
      { loss: "focal", focalGamma: 1.5 },
      { sampling: "balanced", freeze: "all" },
    ] as const) {
      const once = await trained({ ...input, data: rare, ...wanted });
      const weights = await weightsOf(output);
      await trained({ ...input, data: rare, ...wanted });
      expect(await weightsOf(output)).toEqual(weights);
      const steps = once.events.filter((event) => event.kind === "step");
      expect(steps).toHaveLength(once.result.model.steps);
      expect(once.result.epochs.at(-1)!.validationLoss).toBeLessThan(
        once.result.epochs[0]!.validationLoss + 0.05,
      );
    }
  });

  test("balanced sampling takes texts in windows, too", async () => {
    const { events, result } = await trained({
      ...input,
      data: rare,
      sampling: "balanced",
      long: "windows",
      maxLength: 10,
    });
    const steps = events.filter((event) => event.kind === "step");
    expect(steps).toHaveLength(result.model.steps);
    expect(steps.at(-1)!.secondsLeft).toBe(0);
  });

  test("the validation loss stays the cross-entropy, whatever is minimized", async () => {
    const { result } = await trained({ ...input, data: rare, loss: "focal" });
    for (const { validationLoss, validation } of result.epochs)
      expect(validationLoss).toBeCloseTo(validation.logLoss, 10);
  });
});

describe("a training that comes to nothing", () => {
  const warned = (event: TrainEvent) =>
    event.kind === "notice" && /^The training (has collapsed|has learned nothing|goes wrong)/.test(event.text)
      ? event.text
      : undefined;
  const warnings = ({ events }: Awaited<ReturnType<typeof trained>>) =>
    events.flatMap((event) => warned(event) ?? []);

  test("is named after its first epoch, once", async () => {
    const run = await trained({ ...input, learningRate: 50, schedule: "constant", warmup: 0 });
    expect(warnings(run)).toHaveLength(1);
    expect(warnings(run)[0]).toContain("The learning rate is 50,");
    const kinds = run.events.map((event) => event.kind);
    expect(kinds.indexOf("notice", kinds.indexOf("epoch"))).toBe(kinds.indexOf("epoch") + 1);
    expect(run.result.collapsed).toMatch(/^The training /);
  });

  test("labels that mean nothing are", async () => {
    const labels = inventedRows(400, ["sea", "garden"], 3);
    const senseless = labels.map(({ text }, i) => ({ text, label: i % 4 === 0 ? "rare" : "common" }));
    const run = await trained({ ...input, data: senseless, epochs: 3, learningRate: 1e-3 });
    // Before, there were too few steps to be alarmed.
    const epochs = run.events.flatMap((event, i) => (event.kind === "epoch" ? [i] : []));
    expect(run.events.findIndex((event) => warned(event) !== undefined)).toBe(epochs.at(-1)! + 1);
    expect(warnings(run)).toHaveLength(1);
    expect(warnings(run)[0]).toContain("(common)");
  });

  test("one that learns isn't", async () => {
    const run = await trained({ ...input, data: inventedRows(400, ["sea", "garden"]) });
    expect(warnings(run)).toEqual([]);
    expect(run.result.collapsed).toBeUndefined();
  });
});
