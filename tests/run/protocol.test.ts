import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { TextgraftError } from "../../src/base/errors.js";
import type { Engine } from "../../src/run/engine.js";
import { connectEngine, type Port, serveEngine } from "../../src/run/protocol.js";
import { tinyBatch, tinyRows, tinySpec } from "../support/tiny-model.js";

const spec = { classifier: tinySpec, device: "cpu", frozenStages: 1 } as const;
const never = new Promise<never>(() => {});

/** Two ends of a line that copies and hands over as threads do, and the kinds of the messages sent by the first. */
function line() {
  const listeners: ((message: unknown) => void)[] = [() => {}, () => {}];
  const sent: string[] = [];
  const end = (own: number): Port => ({
    send: (message, transfer) => {
      if (own === 0) sent.push((message as { kind: string }).kind);
      const copy: unknown = structuredClone(message, { transfer: [...transfer] });
      setImmediate(() => listeners[1 - own]!(copy));
    },
    receive: (listener) => {
      listeners[own] = listener;
    },
  });
  return { caller: end(0), worker: end(1), sent };
}

/** An engine that keeps a log; what it is asked for comes from `answers`. */
function fakeEngine(answers: Partial<Engine> = {}) {
  const log: unknown[] = [];
  const logged =
    (name: keyof Engine) =>
    async (...args: unknown[]): Promise<never> => {
      log.push([name, ...args]);
      const result = await (answers[name] as ((...given: unknown[]) => Promise<unknown>) | undefined)?.(
        ...args,
      );
      return result as never;
    };
  const names = ["write", "read", "train", "logits", "keep", "restore", "close"] as const;
  const engine = Object.fromEntries(names.map((name) => [name, logged(name)])) as unknown as Engine;
  return { engine, log };
}

test("every request reaches the engine with what was given, and its answer comes back", async () => {
  const { caller, worker } = line();
  const { engine, log } = fakeEngine({
    read: async () => Float32Array.of(1, 2),
    train: async () => ({ loss: 0.5, gradientNorm: 2 }),
    logits: async () => Float32Array.of(3),
  });
  let opened: unknown;
  serveEngine(worker, (given) => {
    opened = given;
    return engine;
  });
  const remote = await connectEngine(caller, spec, never);
  expect(opened).toEqual(spec);

  const batch = tinyBatch(tinyRows(2));
  const step = { batches: [batch], denominator: 2, step: 1, learningRate: 0.1 };
  expect(await remote.write("a", Float32Array.of(7, 8))).toBeUndefined();
  expect(await remote.read("a")).toEqual(Float32Array.of(1, 2));
  expect(await remote.train(step)).toEqual({ loss: 0.5, gradientNorm: 2 });
  expect(await remote.logits(batch)).toEqual(Float32Array.of(3));
  for (const name of ["keep", "restore", "close"] as const) expect(await remote[name]()).toBeUndefined();
  expect(log).toEqual([
    ["write", "a", Float32Array.of(7, 8)],
    ["read", "a"],
    ["train", step],
    ["logits", batch],
    ["keep"],
    ["restore"],
    ["close"],
  ]);
});

test("requests are answered one after the other, in order, however long each takes", async () => {
  const { caller, worker, sent } = line();
  let running = 0;
  const slow = (time: number) => async () => {
    expect(++running).toBe(1);
    await sleep(time);
    running--;
  };
  const { engine, log } = fakeEngine({ keep: slow(20), restore: slow(1), close: slow(5) });
  serveEngine(worker, () => engine);
  const remote = await connectEngine(caller, spec, never);
  const done: string[] = [];
  const names = ["keep", "restore", "keep", "close"] as const;
  await Promise.all(names.map((name) => remote[name]().then(() => done.push(name))));
  expect(sent).toEqual(["open", ...names]);
  expect(log).toEqual(names.map((name) => [name]));
  expect(done).toEqual(names);
});

test("errors keep their code, message and remedy, and later requests go on", async () => {
  const { caller, worker } = line();
  const { engine } = fakeEngine({
    keep: async () => {
      throw new TextgraftError("weights-invalid", { message: "They are wrong.", fix: "Make them right." });
    },
    restore: async () => {
      throw new TypeError("x is not a function");
    },
    read: async () => Float32Array.of(1),
  });
  serveEngine(worker, () => engine);
  const remote = await connectEngine(caller, spec, never);
  const kept = await remote.keep().catch((error: unknown) => error);
  expect(kept).toBeInstanceOf(TextgraftError);
  expect(kept).toMatchObject({
    code: "weights-invalid",
    message: "They are wrong.",
    fix: "Make them right.",
  });
  const restored = await remote.restore().catch((error: unknown) => error);
  expect(restored).toBeInstanceOf(TextgraftError);
  expect(restored).toMatchObject({ code: "internal", message: "x is not a function", fix: undefined });
  // The stack is the one of the thread in which it happened.
  expect((restored as Error).stack).toMatch(/TypeError: x is not a function\n.*protocol\.test/);
  expect(await remote.read("a")).toEqual(Float32Array.of(1));
});

test("an engine that can't be opened is told at once", async () => {
  const { caller, worker } = line();
  serveEngine(worker, () => {
    throw new TextgraftError("model-invalid", { message: "Too large." });
  });
  await expect(connectEngine(caller, spec, never)).rejects.toMatchObject({
    code: "model-invalid",
    message: "Too large.",
  });
});

test("weights are handed over, not copied; a part of a memory is copied", async () => {
  const { caller, worker } = line();
  const whole = Float32Array.of(1, 2, 3);
  const part = Float32Array.of(0, 4, 5, 6).subarray(1);
  const { engine } = fakeEngine({ read: async (name) => (name === "whole" ? whole : part) });
  serveEngine(worker, () => engine);
  const remote = await connectEngine(caller, spec, never);
  const [given, view] = [Float32Array.of(1), Float32Array.of(0, 2).subarray(1)];
  await remote.write("a", given);
  await remote.write("b", view);
  expect([given.length, view.length]).toEqual([0, 1]);
  expect(await remote.read("whole")).toEqual(Float32Array.of(1, 2, 3));
  expect(await remote.read("part")).toEqual(Float32Array.of(4, 5, 6));
  expect([whole.length, part.length]).toEqual([0, 3]);
});

test("when the worker dies, open and later requests hear of it", async () => {
  const { caller, worker } = line();
  const { engine } = fakeEngine({ keep: () => never, restore: async () => {} });
  serveEngine(worker, () => engine);
  let die = (_error: Error) => {};
  const remote = await connectEngine(
    caller,
    spec,
    new Promise<never>((_, reject) => {
      die = reject;
    }),
  );
  const open = [remote.keep(), remote.restore()].map((request) => request.catch((error: unknown) => error));
  const death = new Error("out of memory");
  die(death);
  expect(await Promise.all(open)).toEqual([death, death]);
  await expect(remote.read("a")).rejects.toBe(death);
});

test("an answer that was given isn't held any longer", async () => {
  // Each request was raced against the worker's death, and that promise kept all answers until the worker ended.
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  const { caller, worker } = line();
  const { engine } = fakeEngine({ read: async () => new Float32Array(1000) });
  serveEngine(worker, () => engine);
  const remote = await connectEngine(caller, spec, never);
  const answer = new WeakRef(await remote.read("a"));
  await remote.keep();
  await sleep(1);
  collectGarbage();
  expect(answer.deref() === undefined).toBe(true);
  await remote.close();
});
