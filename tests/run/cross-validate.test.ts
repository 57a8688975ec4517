import { stat } from "node:fs/promises";
import { join } from "node:path";
import { crossValidate, load, type TrainEvent, type TrainingFacts, train } from "textgraft";
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
  const { runs, chosen, spread } = result.seeds!;
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

test("stopped in a fold, nothing is written", async () => {
  const output = join(folder, "stopped");
  const run = train({ ...options, data: rows, cv: 3, output });
  const events: string[] = [];
  await expect(async () => {
    for await (const { kind } of run) {
      events.push(kind);
      if (kind === "trained") run.cancel();
    }
  }).rejects.toMatchObject({ code: "cancelled" });
  expect(events.filter((kind) => kind === "trained")).toHaveLength(1);
  await expect(stat(output)).rejects.toMatchObject({ code: "ENOENT" });
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
