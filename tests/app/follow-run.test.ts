import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { failureOf } from "../../src/app/failure.js";
import { followRun, type Kept, stoppingLine } from "../../src/app/follow-run.js";
import { openProgress } from "../../src/app/progress.js";
import { TextgraftError } from "../../src/base/errors.js";
import type { DataFacts, EpochFacts, ModelFacts, TrainEvent, TrainResult } from "../../src/run/events.js";
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
    step: 4,
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

test("the facts of the data are told at once", async () => {
  const part = { rows: 2, byLabel: [1, 1] };
  const data: DataFacts = {
    source: "x.csv",
    textColumn: "text",
    labelColumn: "label",
    guessed: [],
    problem: "single_label",
    labels: ["a", "b"],
    unlabelled: 0,
    parts: { train: part, validation: part, test: part },
    exactDuplicates: 0,
    nearDuplicates: 0,
    leaks: { exact: 0, near: 0 },
  };
  const run: Run = {
    async *[Symbol.asyncIterator]() {
      yield { kind: "data", facts: data };
      yield* events;
    },
    result: Promise.resolve(result),
    cancel() {},
  };
  const { stream, text } = captured();
  await followRun(run, openProgress(stream, {}));
  expect(text()).toContain("Read x.csv;");
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

test("what the system refuses is told with a remedy, and is no bug of ours", async () => {
  const folder = await mkdtemp(join(tmpdir(), "textgraft-refused-"));
  try {
    const file = join(folder, "file");
    await writeFile(file, "x");
    const refused = [
      [() => writeFile(folder, "x"), folder, "it is a folder"],
      [() => mkdir(join(file, "below")), join(file, "below"), "is a file, not a folder"],
    ] as const;
    for (const [attempt, path, what] of refused) {
      const { text, exitCode } = failureOf(await attempt().catch((error: unknown) => error), {
        debug: false,
      });
      expect(exitCode).toBe(2);
      expect(text).toMatch(/^Error: .*\n.+\n$/);
      expect(text).toContain(path);
      expect(text).toContain(what);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  for (const [code, remedy] of [
    ["ENOSPC", "Free some space"],
    ["EDQUOT", "Free some space"],
    ["EACCES", "permissions"],
    ["EPERM", "permissions"],
    ["EROFS", "another place"],
  ] as const) {
    const error = Object.assign(new Error(`${code}: no`), { code, syscall: "write" });
    const { text, exitCode } = failureOf(error, { debug: false });
    expect({ text, exitCode }).toEqual({ text: expect.stringContaining(remedy), exitCode: 2 });
  }
});

test("what a signal cancelled ends with its code, a failure after it with its own", () => {
  const codeOf = (error: unknown) => failureOf(error, { debug: false, signalled: 143 }).exitCode;
  expect(codeOf(new TextgraftError("cancelled", { message: "x" }))).toBe(143);
  expect(codeOf(new TextgraftError("output-exists", { message: "x" }))).toBe(2);
  expect(codeOf(Object.assign(new Error("x"), { code: "ENOSPC", syscall: "write" }))).toBe(2);
  expect(codeOf(new RangeError("x"))).toBe(1);
});

test("a stopped run says whether anything will be saved", async () => {
  const said: string[] = [];
  let kept: Kept = "nothing";
  const stopping = (kind: string): void => {
    said.push(`${kind}: ${stoppingLine(kept).split(".")[0]}`);
  };
  const facts: ModelFacts = {
    model: "mini",
    parameters: 10,
    trainedParameters: 10,
    layers: 1,
    hiddenSize: 4,
    head: "stock",
    frozenStages: 0,
    maxLength: 8,
    long: "head",
    stride: 0,
    windowPooling: "mean",
    trainPassages: 1,
    cutShare: 0,
    learningRate: 1e-3,
    steps: 1,
    fresh: { encoder: [], head: [] },
    unused: [],
  };
  const step = events.find(({ kind }) => kind === "step")!;
  const stages: TrainEvent[] = [
    { kind: "model", facts },
    { kind: "estimate", facts: { seconds: 7200, bytes: 2.55e9 } },
    step,
  ];
  const run: Run = {
    ...runOf(),
    async *[Symbol.asyncIterator]() {
      for (const event of stages) {
        yield event;
        stopping(event.kind); // once the follower has heard of it
      }
    },
  };
  const silent = { say() {}, live() {}, end() {} };
  const onKept = (now: Kept) => {
    kept = now;
  };
  await followRun(run, silent, { onKept });
  const [early, late] = [
    "Stopping; no training has come far enough",
    "Stopping after this step; the best weights",
  ];
  expect(said).toEqual([
    `model: ${early}, so nothing is written`,
    `estimate: ${late} so far will be saved`,
    `step: ${late} so far will be saved`,
  ]);
});

test("an error that isn't ours is told in two lines", () => {
  const { text } = failureOf(new Error("first line\nsecond line"), { debug: false });
  expect(text).toBe(
    "Error: first line\nTextgraft did not expect this. Run again with --debug to see where it happened.\n",
  );
});
