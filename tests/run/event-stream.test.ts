import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { eventStream, reporting, telling } from "../../src/run/event-stream.js";

/** Tells 1 to `count`, slowly where `pause` is given, and ends with the result or the error. */
async function* job(count: number, { pause = 0, error }: { pause?: number; error?: Error } = {}) {
  for (let i = 1; i <= count; i++) {
    if (pause > 0) await sleep(pause);
    yield i;
  }
  if (error) throw error;
  return "done";
}

async function collect(events: AsyncIterable<number>): Promise<number[]> {
  const seen: number[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

test("a job runs although nobody listens, and its events wait", async () => {
  const stream = eventStream(job(5));
  expect(await stream.result).toBe("done");
  expect(await collect(stream)).toEqual([1, 2, 3, 4, 5]);
});

test("events come while the job runs, in order", async () => {
  const stream = eventStream(job(5, { pause: 2 }));
  expect(await collect(stream)).toEqual([1, 2, 3, 4, 5]);
  expect(await stream.result).toBe("done");
});

test("who stops listening stops nothing, and can listen again", async () => {
  const stream = eventStream(job(5, { pause: 1 }));
  for await (const event of stream) if (event === 2) break;
  expect(await collect(stream)).toEqual([3, 4, 5]);
});

test("two who listen share the events, and both come to the end", async () => {
  // The first was never woken again.
  const stream = eventStream(job(6, { pause: 1 }));
  const seen = await Promise.all([collect(stream), collect(stream)]);
  expect(seen.flat().sort()).toEqual([1, 2, 3, 4, 5, 6]);
});

test("an error comes after the events before it, to those who listen and to those who await the result", async () => {
  const error = new Error("no such file");
  const stream = eventStream(job(2, { error }));
  const seen: number[] = [];
  const listening = (async () => {
    for await (const event of stream) seen.push(event);
  })();
  await expect(listening).rejects.toBe(error);
  expect(seen).toEqual([1, 2]);
  await expect(stream.result).rejects.toBe(error);
});

test("an error that nobody asks for ends no process", async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on("unhandledRejection", note);
  eventStream(job(1, { error: new Error("nobody listens") }));
  await sleep(20);
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

describe("a job that reports", () => {
  /** Drives a reporting job; the one who asks takes `pause` milliseconds for each report. */
  async function driven(job: Parameters<typeof reporting<string>>[0], pause = 0) {
    const told: number[] = [];
    const reports = reporting(job);
    for (;;) {
      const { value, done } = await reports.next();
      if (done) return { told, result: value };
      told.push(value.done);
      if (pause > 0) await sleep(pause);
    }
  }

  test("tells each report to one who keeps up, and then its result", async () => {
    const { told, result } = await driven(async (report) => {
      for (let i = 1; i <= 4; i++) {
        await sleep(1);
        report(i, 4);
      }
      return "done";
    });
    expect({ told, result }).toEqual({ told: [1, 2, 3, 4], result: "done" });
  });

  test("tells the newest, and always the last, to one who is slow", async () => {
    // What was reported while the one who asks was busy got lost.
    const { told, result } = await driven(async (report) => {
      for (let i = 1; i <= 20; i++) {
        report(i, 20);
        await sleep(1);
      }
      return "done";
    }, 50);
    expect(result).toBe("done");
    expect(told.length).toBeLessThan(20);
    expect(told.at(-1)).toBe(20);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
  });

  test("that tells nothing has its result, and its error, all the same", async () => {
    expect(await driven(async () => "done")).toEqual({ told: [], result: "done" });
    const error = new Error("no such text");
    await expect(driven(() => Promise.reject(error))).rejects.toBe(error);
  });
});

describe("a job that tells events", () => {
  test("has each of them given, and then its result, to one who is slow, too", async () => {
    const told: number[] = [];
    const events = telling<number, string>(async (tell) => {
      for (let i = 1; i <= 6; i++) {
        tell(i);
        if (i % 2 === 0) await sleep(1);
      }
      tell(7);
      return "done";
    });
    for (;;) {
      const { value, done } = await events.next();
      if (done) {
        expect({ told, value }).toEqual({ told: [1, 2, 3, 4, 5, 6, 7], value: "done" });
        return;
      }
      told.push(value as number);
      await sleep(2);
    }
  });

  test("that fails has what it told given first", async () => {
    const error = new Error("no such model");
    const events = telling<number, never>(async (tell) => {
      tell(1);
      throw error;
    });
    expect(await events.next()).toEqual({ value: 1, done: false });
    await expect(events.next()).rejects.toBe(error);
  });
});
