import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  crossValidate,
  load,
  type TrainEvent,
  type TrainingFacts,
  type TrainingOutcome,
  train,
} from "textgraft";
import { expect, test } from "vitest";
import { classificationMetrics, confusionMatrix } from "../../src/run/metrics/confusion.js";
import type { SavedFacts } from "../../src/run/saved-facts.js";
import { inventedRows, inventedSets } from "../support/tiny-model.js";
import { collect, readJson, tinyOptions, tinyWorkplace, trained, weightsOf } from "./train-tiny.js";

const { folder, model } = await tinyWorkplace();
const options = { ...tinyOptions, epochs: 2, model };
const rows = inventedRows(90);

const trainings = (events: readonly TrainEvent[]): TrainingFacts[] =>
  events.flatMap((event) => (event.kind === "training" ? [event.facts] : []));

test("each row is tested once by a training that had not seen it, and mean and spread are those of the folds", async () => {
  const run = crossValidate({ ...options, data: rows, cv: 3 });
  const events = await collect(run);
  const { folds, spread, test: all, data } = await run.result;
  expect(trainings(events).map(({ of, number, total }) => `${of} ${number}/${total}`)).toEqual([
    "fold 1/3",
    "fold 2/3",
    "fold 3/3",
  ]);
  expect(events.filter(({ kind }) => kind === "data")).toHaveLength(1);
  expect(folds.map(({ rows: count }) => count)).toEqual([30, 30, 30]);
  expect(all.judged.map(({ row }) => row)).toEqual(rows.map((_, i) => i + 1));
  expect(all.judged.map(({ labelIds }) => data.labels[labelIds[0]!])).toEqual(rows.map(({ label }) => label));
  const accuracies = folds.map(({ metrics }) => metrics.accuracy);
  const mean = accuracies.reduce((a, b) => a + b) / 3;
  const deviation = Math.sqrt(accuracies.reduce((total, a) => total + (a - mean) ** 2, 0) / 2);
  expect(spread.accuracy.mean).toBeCloseTo(mean, 12);
  expect(spread.accuracy.deviation).toBeCloseTo(deviation, 12);
  expect([spread.accuracy.min, spread.accuracy.max]).toEqual([
    Math.min(...accuracies),
    Math.max(...accuracies),
  ]);
  const right = all.judged.filter(({ labelIds, predictedIds }) => labelIds[0] === predictedIds[0]).length;
  expect(all.metrics.accuracy).toBe(right / 90);
  expect(spread.floors.map(({ name }) => name)).toEqual(["the majority label", "naive Bayes"]);
  const [majority] = all.floors;
  const truth = all.judged.map(({ labelIds }) => labelIds[0]!);
  expect(majority!.metrics).toEqual(
    classificationMetrics(
      confusionMatrix(
        truth,
        majority!.predictedIds.map(([id]) => id!),
        3,
      ),
    ),
  );
});

test("the seed alone decides", async () => {
  const answers = async (seed: number) => {
    const short = { ...options, epochs: 1, data: rows.slice(0, 45), cv: 2, seed };
    return (await crossValidate(short).result).test.judged;
  };
  const first = await answers(42);
  expect(await answers(42)).toEqual(first);
  expect(await answers(7)).not.toEqual(first);
});

test("train with cv saves a model of all rows, and what the folds came to", async () => {
  const output = join(folder, "cv");
  const { events, result } = await trained({
    ...options,
    epochs: 8,
    learningRate: 1e-2,
    data: rows,
    cv: 3,
    output,
  });
  expect(trainings(events).map(({ of }) => of)).toEqual(["fold", "fold", "fold", "final"]);
  expect(result.test.judged).toHaveLength(90);
  const { train: rest, validation, test: tested } = result.data.parts;
  expect([rest.rows + validation.rows, tested.rows]).toEqual([90, 0]);
  expect(validation.rows).toBe(14);
  const saved = (await readJson(output, "textgraft.json")).run as unknown as SavedFacts["run"];
  expect(saved.crossValidation!.folds).toHaveLength(3);
  expect(saved.crossValidation!.spread.accuracy).toEqual(result.crossValidation!.spread.accuracy);
  expect(saved.test!.accuracy).toBe(result.test.metrics.accuracy);
  const classifier = await load(output);
  const right = (await classifier.predict(rows.map(({ text }) => text))).filter(
    ({ label }, i) => label === rows[i]!.label,
  );
  await classifier.close();
  expect(right.length).toBeGreaterThan(45);
});

test("near duplicates are tested together", async () => {
  const doubled = rows.slice(0, 45).flatMap((row) => [row, { ...row, text: row.text.toUpperCase() }]);
  const { folds } = await crossValidate({ ...options, epochs: 1, data: doubled, cv: 3 }).result;
  expect(folds.map(({ rows: count }) => count % 2)).toEqual([0, 0, 0]);
});

test("texts with several labels are cross-validated, too", async () => {
  const run = crossValidate({ ...options, epochs: 1, multiLabel: true, data: inventedSets(60), cv: 3 });
  const { test: all, spread } = await run.result;
  expect(all.judged).toHaveLength(60);
  expect(spread.perLabel).toHaveLength(3);
  expect(all.floors[0]!.predictedIds).toHaveLength(60);
});

test("seeds share a split; the best on validation rows is kept, and saved bit for bit", async () => {
  const output = join(folder, "seeds");
  const { events, result } = await trained({ ...options, data: rows, seeds: 3, seed: 5, output });
  const { runs, chosen, spread, stoppedAfter } = result.seeds!;
  expect(stoppedAfter).toBeUndefined();
  expect(trainings(events).map(({ seed }) => seed)).toEqual([5, 6, 7]);
  expect(runs.map(({ seed }) => seed)).toEqual([5, 6, 7]);
  const losses = runs.map(({ validationLoss }) => validationLoss);
  expect(new Set(losses).size).toBe(3);
  expect(chosen).toBe(5 + losses.indexOf(Math.min(...losses)));
  expect(result.test.metrics).toEqual(runs[chosen - 5]!.metrics);
  expect(spread.loss.max).toBe(Math.max(...runs.map(({ loss }) => loss)));
  // The first of the seeds is the training that it is alone.
  const alone = await trained({ ...options, data: rows, seed: 5, output: join(folder, "alone") });
  expect(alone.result.test.metrics).toEqual(runs[0]!.metrics);
  expect(alone.result.test.judged.map(({ row }) => row)).toEqual(result.test.judged.map(({ row }) => row));
  if (chosen === 5) expect(await weightsOf(output)).toEqual(await weightsOf(join(folder, "alone")));
});

test("stopped before a fold has ended, nothing is written", async () => {
  const output = join(folder, "stopped-at-once");
  const run = train({ ...options, data: rows, cv: 3, output });
  await expect(async () => {
    for await (const { kind } of run) if (kind === "step") run.cancel();
  }).rejects.toThrow("Stopped in training 1 of 3; nothing was written.");
  for (const path of [output, `${output}-folds`, `${output}.running`])
    await expect(stat(path)).rejects.toMatchObject({ code: "ENOENT" });
});

test("stopped in a later fold, there is no model, but what the others came to is told and written", async () => {
  const output = join(folder, "stopped");
  const run = train({ ...options, data: rows, cv: 3, output });
  const events: TrainEvent[] = [];
  await expect(async () => {
    for await (const event of run) {
      events.push(event);
      if (event.kind === "step" && events.some(({ kind }) => kind === "trained")) run.cancel();
    }
  }).rejects.toMatchObject({
    code: "cancelled",
    message: `Stopped after 1 of 3 folds: there is no model; what they came to is in ${output}-folds.`,
  });
  await expect(stat(output)).rejects.toMatchObject({ code: "ENOENT" });
  const [told] = events.flatMap((event) => (event.kind === "folds" ? [event.result] : []));
  const [trained] = events.flatMap((event) => (event.kind === "trained" ? [event.facts] : []));
  expect(told).toMatchObject({ stoppedAfter: { ended: 1, total: 3 }, folds: [trained] });
  expect((await readdir(`${output}-folds`)).sort()).toEqual(["out-of-fold.csv", "report.txt"]);
  const answers = await readFile(join(`${output}-folds`, "out-of-fold.csv"), "utf8");
  expect(answers.trimEnd().split("\n")).toHaveLength(1 + 30);
});

test("a cross-validation that is stopped has the rows of the folds that ended, as the whole has them", async () => {
  const stopped = crossValidate({ ...options, data: rows, cv: 3 });
  let ended = 0;
  for await (const { kind } of stopped) {
    if (kind === "trained") ended++;
    if (kind === "step" && ended === 2) stopped.cancel();
  }
  const part = await stopped.result;
  const { stoppedAfter, test: all, folds } = await crossValidate({ ...options, data: rows, cv: 3 }).result;
  expect(stoppedAfter).toBeUndefined();
  expect(part.stoppedAfter).toEqual({ ended: 2, total: 3 });
  const scores = ({ number, metrics }: TrainingOutcome) => [number, metrics.accuracy];
  expect(part.folds.map(scores)).toEqual(folds.slice(0, 2).map(scores));
  const tested = new Set(part.test.judged.map(({ row }) => row));
  expect(tested.size).toBe(60);
  expect(part.test.judged).toEqual(all.judged.filter(({ row }) => tested.has(row)));
});

test("stopped when all folds have ended, but not the model, the folds are kept", async () => {
  const output = join(folder, "stopped-at-last");
  const run = train({ ...options, data: rows, cv: 2, output });
  await expect(async () => {
    for await (const event of run) if (event.kind === "training" && event.facts.of === "final") run.cancel();
  }).rejects.toThrow("Stopped after 2 of 2 folds");
  const answers = await readFile(join(`${output}-folds`, "out-of-fold.csv"), "utf8");
  expect(answers.trimEnd().split("\n")).toHaveLength(1 + 90);
});

test("stopped in a later seed, the best of those that ended is saved", async () => {
  const output = join(folder, "stopped-seed");
  const run = train({ ...options, data: rows, seeds: 3, seed: 5, output });
  let ended = 0;
  for await (const { kind } of run) {
    if (kind === "trained") ended++;
    if (kind === "step" && ended === 1) run.cancel();
  }
  const { seeds, stopped } = await run.result;
  expect(seeds!.runs.map(({ seed }) => seed)).toEqual([5]);
  expect(seeds!.stoppedAfter).toEqual({ ended: 1, total: 3 });
  expect(stopped).toBeNull();
  expect(await weightsOf(output)).toEqual(await weightsOf(join(folder, "alone")));
});

test("what can't go together is refused before anything is read", async () => {
  const refused = (more: object) =>
    expect(train({ ...options, data: "missing.csv", output: join(folder, "no"), ...more }).result).rejects;
  await refused({ cv: 1 }).toThrow("--cv is 1");
  await refused({ cv: 5, seeds: 2 }).toThrow("both ask for several trainings");
  await refused({ cv: 5, split: "time" }).toThrow("would be the future");
  await refused({ cv: 5, test: "test.csv" }).toThrow("so --test has no place");
});
