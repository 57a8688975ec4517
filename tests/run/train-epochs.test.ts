import { describe, expect, test } from "vitest";
import type { TextgraftError } from "../../src/base/errors.js";
import { random } from "../../src/base/random.js";
import { constant } from "../../src/model/schedule.js";
import type { Engine, TrainStep } from "../../src/run/engine.js";
import type { TrainEvent } from "../../src/run/events.js";
import type { Best } from "../../src/run/options.js";
import {
  stepsPerEpoch,
  type TrainData,
  type TrainHistory,
  type TrainSettings,
  trainEpochs,
} from "../../src/run/train.js";
import type { Passages } from "../../src/tokens/encode-all.js";

/** Text i has the ids i, i, … in 2 + i mod 4 tokens, and the label i mod 2; it is read in one passage or several. */
function dataOf(train: number, validation: number, { batchSize = 4, windows = 1 } = {}): TrainData {
  const lengthOf = (passage: number) => 2 + (passage % 4);
  const encodings: Passages = {
    count: windows * (train + validation),
    lengthOf,
    at: (text) => {
      const inputIds = new Int32Array(lengthOf(text)).fill(text + 1);
      return { inputIds, tokenTypeIds: new Int32Array(inputIds.length) };
    },
    of: (text) => Array.from({ length: windows }, (_, i) => windows * text + i),
    textOf: (passage) => Math.floor(passage / windows),
  };
  const range = (start: number, count: number) => Array.from({ length: count }, (_, i) => start + i);
  return {
    encodings,
    batchSize,
    padId: 0,
    problem: "single_label",
    windowPooling: "mean",
    labelIds: range(0, train + validation).map((text) => [text % 2]),
    labelCount: 2,
    train: range(0, train),
    validation: range(train, validation),
  };
}

const usual: TrainSettings = {
  epochs: 2,
  accumulate: 1,
  learningRate: 0.5,
  schedule: constant(),
  classWeights: [1, 1],
  labelSmoothing: 0,
  best: "loss",
  patience: 0,
  random: random(7),
  cancelled: () => false,
};

/** An engine whose loss is the step's number; `logits` gives an example's logits in an epoch. */
function fakeEngine(logits: (epoch: number, example: number) => readonly number[] = () => [0, 0]) {
  const log: string[] = [];
  const steps: TrainStep[] = [];
  const note = (entry: string) => {
    if (log.at(-1) !== entry) log.push(entry);
  };
  let epoch = 1;
  const engine: Pick<Engine, "train" | "logits" | "keep" | "restore"> = {
    train: async (step) => {
      if (log.at(-1) !== "train" && steps.length > 0) epoch++;
      note("train");
      steps.push(step);
      return { loss: step.step, gradientNorm: 10 * step.step };
    },
    logits: async ({ examples }) => {
      note("logits");
      return Float32Array.from([...examples].flatMap((example) => logits(epoch, example)));
    },
    keep: async () => note(`keep ${epoch}`),
    restore: async () => note("restore"),
  };
  return { engine: engine as Engine, log, steps };
}

async function run(engine: Engine, data: TrainData, settings: Partial<TrainSettings>) {
  const events: TrainEvent[] = [];
  const training = trainEpochs(engine, data, { ...usual, ...settings });
  for (;;) {
    const { value, done } = await training.next();
    if (done) return { events, history: value as TrainHistory };
    events.push(value);
  }
}

const examplesOf = ({ batches }: TrainStep) => batches.flatMap(({ examples }) => [...examples]);
const real = (examples: number[]) => examples.filter((example) => example >= 0);

test("each epoch sees every training example once, in an order of its own that the seed gives", async () => {
  const orders = await Promise.all(
    [7, 7, 8].map(async (seed) => {
      const { engine, steps } = fakeEngine();
      await run(engine, dataOf(30, 4), { random: random(seed) });
      const seen = steps.flatMap(examplesOf);
      return [real(seen.slice(0, 32)), real(seen.slice(32))];
    }),
  );
  for (const epoch of orders.flat())
    expect(epoch.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, i) => i));
  expect(orders[0]![0]).not.toEqual(orders[0]![1]);
  expect(orders[1]).toEqual(orders[0]);
  expect(orders[2]).not.toEqual(orders[0]);
});

test.each([
  { examples: 16, accumulate: 1, batches: [1, 1, 1, 1] },
  { examples: 17, accumulate: 2, batches: [2, 2, 1] },
  { examples: 3, accumulate: 8, batches: [1] },
])("steps are counted on, with their own rate: %o", async ({ examples, accumulate, batches }) => {
  const { engine, steps } = fakeEngine();
  const schedule = (step: number) => 1 / (step + 1);
  const { events } = await run(engine, dataOf(examples, 4), { accumulate, schedule });
  const perEpoch = batches.length;
  expect(stepsPerEpoch(examples, 4, accumulate)).toBe(perEpoch);
  expect(steps.map((step) => step.batches.length)).toEqual([...batches, ...batches]);
  expect(steps.map(({ step }) => step)).toEqual(steps.map((_, i) => i + 1));
  expect(steps.map(({ learningRate }) => learningRate)).toEqual(steps.map((_, i) => 0.5 / (i + 1)));
  const told = events.filter((event) => event.kind === "step");
  expect(told).toMatchObject(
    steps.map(({ learningRate }, i) => ({
      epoch: i < perEpoch ? 1 : 2,
      epochs: 2,
      batch: (i % perEpoch) + 1,
      batches: perEpoch,
      loss: i + 1,
      gradientNorm: 10 * (i + 1),
      learningRate,
    })),
  );
  expect(told.at(-1)!.secondsLeft).toBe(0);
});

test("a batch holds tokens, labels and weights of its rows, and rows of weight 0 that only fill", async () => {
  const { engine, steps } = fakeEngine();
  const data = dataOf(6, 4);
  await run(engine, data, { epochs: 1, classWeights: [0.25, 3], labelSmoothing: 0.1 });
  expect(steps.flatMap(examplesOf).filter((example) => example < 0)).toEqual([-1, -1]);
  for (const { batches, denominator } of steps) {
    expect(batches).toHaveLength(1);
    const { examples, length, inputIds, attentionMask, labels, weights } = batches[0]!;
    expect(length).toBe(Math.max(...[...examples].filter((i) => i >= 0).map(data.encodings.lengthOf)));
    let sum = 0;
    for (const [row, example] of examples.entries()) {
      const ids = [...inputIds.subarray(row * length, (row + 1) * length)];
      const mask = [...attentionMask.subarray(row * length, (row + 1) * length)];
      const label = [...labels.subarray(2 * row, 2 * row + 2)];
      if (example < 0) {
        expect({ label, weight: weights[row] }).toEqual({ label: [0, 0], weight: 0 });
        expect(mask.reduce((a, b) => a + b)).toBe(1); // something to attend to
        continue;
      }
      const tokens = data.encodings.lengthOf(example);
      expect(ids).toEqual(mask.map((bit) => bit * (example + 1)));
      expect(mask).toEqual(mask.map((_, i) => (i < tokens ? 1 : 0)));
      const labelId = example % 2;
      expect(label).toEqual([0, 1].map((id) => Math.fround(id === labelId ? 0.95 : 0.05)));
      expect(weights[row]).toBe([0.25, 3][labelId]);
      sum += weights[row]!;
    }
    expect(denominator).toBe(sum);
  }
});

test("all steps of a training add up to the weight of all rows, micro-batch or not", async () => {
  for (const accumulate of [1, 3]) {
    const { engine, steps } = fakeEngine();
    await run(engine, dataOf(13, 4), { epochs: 1, accumulate, classWeights: [0.25, 3] });
    expect(steps.reduce((sum, { denominator }) => sum + denominator, 0)).toBe(7 * 0.25 + 6 * 3);
  }
});

test("events come in order: steps, evaluation, epoch", async () => {
  const { engine, log } = fakeEngine((epoch, example) => [example % 2 ? 0 : epoch, example % 2 ? epoch : 0]);
  const { events, history } = await run(engine, dataOf(8, 6), {});
  const kinds = events.map((event) =>
    event.kind === "evaluating" ? `${event.done}/${event.total}` : event.kind,
  );
  const epoch = ["step", "step", "4/6", "6/6", "epoch"];
  expect(kinds).toEqual([...epoch, ...epoch]);
  expect(log).toEqual(["train", "logits", "keep 1", "train", "logits", "keep 2", "restore"]);
  expect(history.epochs).toEqual(events.flatMap((event) => (event.kind === "epoch" ? [event.facts] : [])));
  expect(history.epochs.map(({ trainLoss }) => trainLoss)).toEqual([1.5, 3.5]);
  // ln(1 + e^-epoch): all rows have the same margin
  for (const { epoch, validationLoss, validation } of history.epochs) {
    expect(validationLoss).toBeCloseTo(Math.log1p(Math.exp(-epoch)), 6);
    expect(validation.accuracy).toBe(1);
  }
  expect(history).toMatchObject({ bestEpoch: 2, stopped: null });
});

test("validation loss is weighted as the training is", async () => {
  // Rows of label 0 have the loss ln 2, rows of label 1 next to none.
  const { engine } = fakeEngine((_epoch, example) => (example % 2 ? [0, 100] : [0, 0]));
  const { history } = await run(engine, dataOf(8, 4), { epochs: 1, classWeights: [3, 1] });
  expect(history.epochs[0]!.validationLoss).toBeCloseTo((3 / 4) * Math.LN2, 6);
});

/** Of the validation rows with labels 0, 0, 0, 1, which are predicted right and how surely. */
interface Shown {
  right: readonly boolean[];
  margin: number;
}
const labels = [0, 0, 0, 1];
/** accuracy 3/4, macro F1 0.43, loss large */
const majority: Shown = { right: [true, true, true, false], margin: 4 };
/** accuracy 1/2, macro F1 1/2, loss larger */
const fair: Shown = { right: [false, false, true, true], margin: 4 };
/** accuracy 0, macro F1 0, loss small */
const unsure: Shown = { right: [false, false, false, false], margin: 0.01 };
const surer = (shown: Shown): Shown => ({ ...shown, margin: 1.5 * shown.margin });
const lessSure = (shown: Shown): Shown => ({ ...shown, margin: shown.margin / 1.5 });

/** Trains one epoch for each of what is shown. */
function showing(shown: readonly Shown[], settings: Partial<TrainSettings>) {
  const data = { ...dataOf(4, 4), labelIds: [0, 1, 0, 1, ...labels].map((labelId) => [labelId]) };
  const fake = fakeEngine((epoch, example) => {
    const { right, margin } = shown[epoch - 1]!;
    const predicted = right[example - 4] ? labels[example - 4]! : 1 - labels[example - 4]!;
    return predicted === 0 ? [margin, 0] : [0, margin];
  });
  return run(fake.engine, data, { epochs: shown.length, ...settings }).then((result) => ({
    ...result,
    ...fake,
  }));
}

describe("the best epoch", () => {
  test.each<[Best, string, Shown[], number[]]>([
    ["loss", "has the lowest validation loss", [majority, fair, unsure], [1, 3]],
    ["accuracy", "has the highest accuracy", [fair, majority, unsure], [1, 2]],
    ["macro-f1", "has the highest macro F1", [majority, fair, unsure], [1, 2]],
    ["loss", "is the first of equal ones", [unsure, unsure, unsure], [1]],
    ["accuracy", "is the first of equal ones", [majority, majority], [1]],
    [
      "accuracy",
      "has the lower loss where accuracy is equal",
      [surer(majority), majority, lessSure(majority)],
      [1, 2, 3],
    ],
    ["accuracy", "isn't one of a higher loss", [majority, surer(majority)], [1]],
    ["macro-f1", "has the lower loss where macro F1 is equal", [fair, lessSure(fair), fair], [1, 2]],
    ["macro-f1", "isn't one of a lower loss alone", [fair, unsure], [1]],
  ])("by %s %s", async (best, _name, shown, kept) => {
    const { history, log, events } = await showing(shown, { best });
    expect(log.filter((entry) => entry.startsWith("keep"))).toEqual(kept.map((epoch) => `keep ${epoch}`));
    expect(log.at(-1)).toBe("restore");
    expect(history.bestEpoch).toBe(kept.at(-1));
    const told = events.flatMap((event) =>
      event.kind === "epoch" && event.facts.best ? [event.facts.epoch] : [],
    );
    expect(told).toEqual(kept);
  });
});

test.each([
  { patience: 0, epochs: 6, notices: 0 },
  { patience: 1, epochs: 3, notices: 1 },
  { patience: 2, epochs: 6, notices: 0 }, // a new best comes in time
  { patience: 3, epochs: 6, notices: 0 },
])("with a patience of $patience, $epochs of 6 epochs are run", async ({ patience, epochs, notices }) => {
  const shown = [surer(fair), fair, surer(fair), lessSure(fair), fair, fair];
  const { history, events } = await showing(shown, { patience });
  expect(history.epochs).toHaveLength(epochs);
  expect(history.bestEpoch).toBe(epochs === 3 ? 2 : 4);
  expect(events.filter(({ kind }) => kind === "notice")).toHaveLength(notices);
});

test.each<[boolean, string, number[]]>([
  [true, "fell in the last epoch by more than one hundredth", [2, 1.5, 1]],
  [true, "fell at last below all before", [1, 2, 0.9]],
  [false, "fell by less than one hundredth", [2, 1.5, 1.49]],
  [false, "rose in the last epoch", [2, 1, 1.5]],
  [false, "fell, but not below the best", [1, 2, 1.5]],
  [false, "has only one epoch", [1]],
])("stillFalling is %s where validation loss %s", async (falling, _name, margins) => {
  // Rows that are all predicted wrong have a loss that grows with the margin.
  const shown = margins.map((margin) => ({ right: unsure.right, margin }));
  expect((await showing(shown, {})).history.stillFalling).toBe(falling);
});

describe("a loss that is no number any more", () => {
  const losing = (from: number) => {
    const fake = fakeEngine();
    const train: Engine["train"] = async (step) => {
      const result = await fake.engine.train(step);
      return step.step < from ? result : { ...result, loss: Number.NaN };
    };
    return { ...fake, engine: { ...fake.engine, train } };
  };

  test("in the first epoch is an error at once", async () => {
    const { engine, steps } = losing(2);
    await expect(run(engine, dataOf(16, 4), {})).rejects.toMatchObject({
      code: "training-diverged",
      message: expect.stringContaining("In epoch 1 "),
      fix: expect.stringContaining("--learning-rate 0.001"),
    });
    expect(steps).toHaveLength(2);
  });

  test.each([
    ["float16", true],
    ["float32", false],
  ] as const)("in %s may be due to the precision: %s", async (precision, said) => {
    const error = await run(losing(1).engine, dataOf(16, 4), { precision }).catch((error: unknown) => error);
    expect(String((error as TextgraftError).fix).includes("--precision float32")).toBe(said);
  });

  test("in a later epoch ends the training with the best weights so far", async () => {
    const { engine, log, steps } = losing(6);
    const { history, events } = await run(engine, dataOf(16, 4), { epochs: 3 });
    expect(steps).toHaveLength(6);
    expect(log).toEqual(["train", "logits", "keep 1", "train", "restore"]);
    expect(history).toMatchObject({ bestEpoch: 1, stopped: "diverged" });
    expect(events.at(-1)).toMatchObject({ kind: "notice", text: expect.stringContaining("no number") });
  });

  test("counts on the validation examples, too, and never becomes the best", async () => {
    const fake = fakeEngine();
    const nothing: Engine["logits"] = async (batch) => (await fake.engine.logits(batch)).fill(Number.NaN);
    const broken = { ...fake.engine, logits: nothing };
    await expect(run(broken, dataOf(16, 4), {})).rejects.toMatchObject({ code: "training-diverged" });
    expect(fake.log).not.toContain("keep 1");
  });
});

describe("stopped", () => {
  const stoppedAfter = async (count: number) => {
    const { engine, log, steps } = fakeEngine();
    const { history, events } = await run(engine, dataOf(16, 4), {
      epochs: 3,
      cancelled: () => steps.length >= count,
    });
    return { log, steps: steps.length, history, kinds: new Set(events.map(({ kind }) => kind)) };
  };

  test("before the first step, nothing is trained", async () => {
    const { log, history } = await stoppedAfter(0);
    expect(log).toEqual(["restore"]);
    expect(history).toEqual({
      ...{ epochs: [], bestEpoch: 0, stillFalling: false, stopped: "cancelled" },
      steps: [],
    });
  });

  test("in the first epoch, the weights stay as they are by then", async () => {
    const { log, steps, history, kinds } = await stoppedAfter(2);
    expect(steps).toBe(2);
    expect(log).toEqual(["train", "restore"]); // nothing was kept, so there is nothing to go back to
    expect(history).toMatchObject({ epochs: [], bestEpoch: 0, stillFalling: false, stopped: "cancelled" });
    expect(history.steps).toHaveLength(2);
    expect(kinds).toEqual(new Set(["step"]));
  });

  test("in a later epoch, the best weights so far come back", async () => {
    const { log, steps, history } = await stoppedAfter(6);
    expect(steps).toBe(6);
    expect(log).toEqual(["train", "logits", "keep 1", "train", "restore"]);
    expect(history).toMatchObject({ bestEpoch: 1, stopped: "cancelled" });
    expect(history.epochs.map(({ epoch }) => epoch)).toEqual([1]);
  });
});

describe("a text in several windows", () => {
  test("trains as one: each window has its label and a share of its weight", async () => {
    const { engine, steps } = fakeEngine();
    const data = dataOf(10, 4, { windows: 3 });
    await run(engine, data, { epochs: 1, classWeights: [1, 6] });
    const seen = steps.flatMap(({ batches }) =>
      batches.flatMap(({ examples, labels, weights, inputIds, length }) =>
        [...examples].map((example, row) => ({
          example,
          id: inputIds[row * length]!,
          label: labels[2 * row + 1]!,
          weight: weights[row]!,
        })),
      ),
    );
    const windows = seen.filter(({ example }) => example >= 0).toSorted((a, b) => a.example - b.example);
    expect(windows).toHaveLength(30);
    for (const [passage, { example, id, label, weight }] of windows.entries()) {
      const text = Math.floor(passage / 3);
      expect([example, id, label]).toEqual([passage, passage + 1, text % 2]);
      expect(weight).toBeCloseTo((text % 2 === 0 ? 1 : 6) / 3, 6);
    }
    expect(steps).toHaveLength(stepsPerEpoch(30, 4, 1));
    const weight = steps.reduce((sum, { denominator }) => sum + denominator, 0);
    expect(weight).toBeCloseTo(5 * 1 + 5 * 6, 4); // each text once
  });

  test("is judged as one: by the mean of its windows' probabilities", async () => {
    const odds = (example: number) => 1 + (example % 3); // of the second label against the first
    const { engine } = fakeEngine((_epoch, example) => [0, Math.log(odds(example))]);
    const { events, history } = await run(engine, dataOf(8, 5, { windows: 3 }), { epochs: 1 });
    const second = (1 / 2 + 2 / 3 + 3 / 4) / 3;
    const labelIds = [8, 9, 10, 11, 12].map((text) => text % 2);
    const losses = labelIds.map((labelId) => -Math.log(labelId === 1 ? second : 1 - second));
    const [epoch] = history.epochs;
    expect(epoch!.validationLoss).toBeCloseTo(losses.reduce((a, b) => a + b) / 5, 6);
    expect(epoch!.validation.accuracy).toBe(2 / 5);
    const told = events.flatMap((event) => (event.kind === "evaluating" ? [[event.done, event.total]] : []));
    expect(told.at(-1)).toEqual([5, 5]);
  });
});
