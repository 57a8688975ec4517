import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TrainEvent, train } from "textgraft";
import { expect, test } from "vitest";
import { topicRows } from "../app/topics.js";
import { readEventFile } from "../support/event-file.js";
import { tinyOptions, tinyWorkplace, trained } from "./train-tiny.js";

const place = await tinyWorkplace();
const data = topicRows(48);
const inputTo = (name: string) => ({
  ...tinyOptions,
  data,
  model: place.model,
  output: join(place.folder, name),
});
const linesOf = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test("the log has a line for each event, can be read meanwhile, and ends up in the model folder", async () => {
  const input = inputTo("logged");
  const growing = join(`${input.output}.running`, "log.jsonl");
  const run = train(input);
  const steps: (TrainEvent & { kind: "step" })[] = [];
  let meanwhile: Record<string, unknown>[] = [];
  for await (const event of run) {
    if (event.kind === "step") steps.push(event);
    if (event.kind === "epoch" && meanwhile.length === 0)
      meanwhile = linesOf(await readFile(growing, "utf8"));
  }
  const result = await run.result;
  expect(meanwhile[0]).toMatchObject({ event: "start", options: { epochs: 3, seed: 42 } });
  expect(meanwhile.filter(({ event }) => event === "step").length).toBeGreaterThan(0);
  expect(existsSync(`${input.output}.running`)).toBe(false);

  const lines = linesOf(await readFile(join(input.output, "log.jsonl"), "utf8"));
  expect(lines.slice(0, meanwhile.length)).toEqual(meanwhile);
  const logged = lines.filter(({ event }) => event === "step");
  expect(logged).toEqual(
    steps.map(({ epoch, loss, learningRate, gradientNorm, examplesPerSecond }, i) => ({
      ...{ time: expect.any(String), event: "step", step: i + 1, epoch, loss, learningRate, gradientNorm },
      examplesPerSecond,
    })),
  );
  const epochs = lines.filter(({ event }) => event === "epoch");
  expect(epochs.map(({ validationLoss }) => validationLoss)).toEqual(
    result.epochs.map(({ validationLoss }) => validationLoss),
  );
  expect(epochs.map(({ step }) => step)).toEqual([1, 2, 3].map((epoch) => (epoch * steps.length) / 3));
  expect(lines.at(-2)).toMatchObject({ event: "test", macroF1: result.test.metrics.macro.f1 });
  expect(lines.at(-1)).toMatchObject({ event: "end", bestEpoch: result.bestEpoch });
  expect(result.steps.map(({ loss }) => loss)).toEqual(steps.map(({ loss }) => loss));
  expect(lines.every(({ time }) => new Date(time as string).toISOString() === time)).toBe(true);
  expect(JSON.stringify(lines)).not.toContain(data[0]!.text);
});

test("--logs tensorboard adds an event file with the same numbers, and the folder can be replaced", async () => {
  const input = { ...inputTo("board"), epochs: 1, logs: "tensorboard" as const };
  await trained(input);
  const { result } = await trained({ ...input, overwrite: true });
  const [name, ...others] = await readdir(join(input.output, "runs"));
  expect(others).toEqual([]);
  expect(name).toMatch(/^events\.out\.tfevents\.\d+\./);
  const [first, ...events] = readEventFile(await readFile(join(input.output, "runs", name!)));
  expect(first!.fileVersion).toBe("brain.Event:2");
  const losses = events.filter(({ scalars }) => "train/loss" in scalars);
  expect(losses.map(({ step }) => step)).toEqual(result.steps.map(({ step }) => step));
  expect(losses.map(({ scalars }) => scalars["train/loss"])).toEqual(
    result.steps.map(({ loss }) => Math.fround(loss)),
  );
  const [evaluated] = events.filter(({ scalars }) => "eval/loss" in scalars);
  expect(evaluated).toMatchObject({
    step: result.steps.length,
    scalars: {
      "eval/loss": Math.fround(result.epochs[0]!.validationLoss),
      "eval/accuracy": Math.fround(result.epochs[0]!.validation.accuracy),
      "eval/f1": Math.fround(result.epochs[0]!.validation.macro.f1),
    },
  });
  expect(events.at(-1)!.scalars["test/loss"]).toBe(Math.fround(result.test.loss));
});

test("a training without a place for its log goes on, and says so", async () => {
  const input = { ...inputTo("unlogged"), epochs: 1 };
  await writeFile(`${input.output}.running`, "somebody's file");
  const { events } = await trained(input);
  const notices = events.flatMap((event) => (event.kind === "notice" ? [event.text] : []));
  expect(notices.filter((text) => text.includes("can't be written"))).toHaveLength(1);
  expect(await readFile(`${input.output}.running`, "utf8")).toBe("somebody's file");
  expect(existsSync(join(input.output, "model.safetensors"))).toBe(true);
  expect(existsSync(join(input.output, "log.jsonl"))).toBe(false);
});

test("what fails keeps its log and says where; other files beside it stay", async () => {
  const input = { ...inputTo("diverging"), learningRate: 1e30, maxGradientNorm: 0 };
  const growing = `${input.output}.running`;
  await mkdir(growing);
  await writeFile(join(growing, "notes.txt"), "mine");
  const run = train(input);
  const told: string[] = [];
  const all = (async () => {
    for await (const event of run) if (event.kind === "notice") told.push(event.text);
  })();
  await expect(all).rejects.toMatchObject({ code: "training-diverged" });
  expect(told.at(-1)).toBe(`The log of this training is in ${growing}.`);
  const lines = linesOf(await readFile(join(growing, "log.jsonl"), "utf8"));
  expect(lines.at(-1)).toMatchObject({ event: "step", loss: null });
  await trained({ ...inputTo("diverging"), epochs: 1 });
  expect(await readdir(growing)).toEqual(["notes.txt"]);
});

test("nothing is written before the first step", async () => {
  const input = inputTo("cancelled");
  const run = train(input);
  const all = (async () => {
    for await (const event of run) if (event.kind === "data") run.cancel();
  })();
  await expect(all).rejects.toMatchObject({ code: "cancelled" });
  expect(existsSync(`${input.output}.running`)).toBe(false);
});
