import { expect, test } from "vitest";
import { failureOf } from "../../src/app/failure.js";
import { followRun } from "../../src/app/follow-run.js";
import { openProgress } from "../../src/app/progress.js";
import { TextgraftError } from "../../src/base/errors.js";
import type { EpochFacts, TrainEvent, TrainResult } from "../../src/run/events.js";
import type { Run } from "../../src/run/train-node.js";
import { captured } from "./run-in-process.js";

const facts = {
  epoch: 1,
  trainLoss: 0.5,
  validationLoss: 0.25,
  validation: { accuracy: 0.75, macro: { f1: 0.7 } },
  best: true,
  seconds: 9,
} as EpochFacts;

const events: TrainEvent[] = [
  {
    kind: "step",
    epoch: 1,
    epochs: 3,
    batch: 4,
    batches: 20,
    loss: 0.123456,
    gradientNorm: 1,
    learningRate: 1e-3,
    examplesPerSecond: 210.4,
    secondsLeft: 75,
  },
  { kind: "epoch", facts },
  { kind: "notice", text: "Something to know." },
  { kind: "saved", folder: "models/x" },
];

const result = { folder: "models/x" } as TrainResult;

const runOf = (fails?: Error): Run => ({
  async *[Symbol.asyncIterator]() {
    yield* events;
    if (fails) throw fails;
  },
  result: Promise.resolve(result),
  cancel() {},
});

const lastingLines = [
  "Epoch 1: train loss 0.5000, validation loss 0.2500, accuracy 0.7500, macro F1 0.7000 (best so far), 0:09",
  "Something to know.",
  "Saved in models/x; reloaded, it gives the same answers.",
];

test("without a terminal there is a plain line for each epoch and none for each step", async () => {
  const { stream, text } = captured();
  expect(await followRun(runOf(), openProgress(stream, {}))).toBe(result);
  expect(text()).toBe(lastingLines.map((line) => `${line}\n`).join(""));
});

test("a terminal has a live line with epoch, batch, loss, speed and time left", async () => {
  const { stream, text } = captured({ columns: 80 });
  await followRun(runOf(), openProgress(stream, {}));
  expect(text()).toContain("epoch 1/3  batch 4/20  loss 0.1235  210 examples/s  1:15 left");
  for (const line of lastingLines) expect(text()).toContain(`${line}\n`);
});

test("the live line is cut to the terminal's width", async () => {
  const { stream, text } = captured({ columns: 20 });
  await followRun(runOf(), openProgress(stream, {}));
  expect(text()).toContain("epoch 1/3  batch 4/");
  expect(text()).not.toContain("loss 0.1235");
});

test("--quiet tells nothing", async () => {
  const { stream, text } = captured({ columns: 80 });
  await followRun(runOf(), openProgress(stream, { quiet: true }));
  expect(text()).toBe("");
});

test("a training's error reaches the caller", async () => {
  const error = new TextgraftError("data-invalid", { message: "No." });
  const { stream } = captured();
  await expect(followRun(runOf(error), openProgress(stream, {}))).rejects.toBe(error);
});

test("errors have the exit codes of their kind", () => {
  const codeOf = (error: unknown) => failureOf(error, { debug: false }).exitCode;
  expect(codeOf(new TextgraftError("label-unknown", { message: "x" }))).toBe(2);
  expect(codeOf(new TextgraftError("cancelled", { message: "x" }))).toBe(130);
  expect(codeOf(new TextgraftError("internal", { message: "x" }))).toBe(1);
  expect(codeOf(new RangeError("x"))).toBe(1);
  expect(codeOf("x")).toBe(1);
});

test("an error that isn't ours is told in two lines", () => {
  const { text } = failureOf(new Error("first line\nsecond line"), { debug: false });
  expect(text).toBe(
    "Error: first line\nTextgraft did not expect this. Run again with --debug to see where it happened.\n",
  );
});
