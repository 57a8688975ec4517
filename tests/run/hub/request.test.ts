import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { HubUnavailable, persist } from "../../../src/run/hub/request.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const settings = { endpoint: "https://hub.example", token: undefined, pause: 1000 };

/** A job that fails in the given ways, and at what time it was tried. */
function failing(failures: (Error | undefined)[]) {
  const start = Date.now();
  const tried: number[] = [];
  const job = async () => {
    tried.push(Date.now() - start);
    const failure = failures[tried.length - 1];
    if (failure) throw failure;
    return "done";
  };
  return { job, tried };
}

const down = (wait?: number) => new HubUnavailable("it answers 503", { wait });

test("pauses double, and after five attempts in vain it ends", async () => {
  const { job, tried } = failing(Array(9).fill(down()));
  const ended = expect(persist({ settings }, job)).rejects.toThrow("it answers 503");
  await vi.runAllTimersAsync();
  await ended;
  expect(tried).toEqual([0, 1000, 3000, 7000, 15000]);
});

test("a server's wish to wait is respected, up to five minutes", async () => {
  const { job, tried } = failing([down(7000), down(3_600_000), undefined]);
  const ended = expect(persist({ settings }, job)).resolves.toBe("done");
  await vi.runAllTimersAsync();
  await ended;
  expect(tried).toEqual([0, 7000, 307_000]);
});

test("whatever brings it further starts the count again", async () => {
  let progress = 0;
  const { job, tried } = failing([...Array(6).fill(down()), undefined]);
  const advancing = () => {
    progress++;
    return job();
  };
  const ended = expect(persist({ settings }, advancing, { progress: () => progress })).resolves.toBe("done");
  await vi.runAllTimersAsync();
  await ended;
  expect(tried).toEqual([0, 1000, 2000, 3000, 4000, 5000, 6000]);
});

test("other errors aren't repeated", async () => {
  const { job, tried } = failing([new Error("no")]);
  await expect(persist({ settings }, job)).rejects.toThrow("no");
  expect(tried).toEqual([0]);
});

test("a pause can be stopped", async () => {
  const stop = new AbortController();
  const { job } = failing([down(100_000)]);
  const ended = expect(persist({ settings, signal: stop.signal }, job)).rejects.toMatchObject({
    code: "cancelled",
  });
  await vi.advanceTimersByTimeAsync(10);
  stop.abort();
  await ended;
});
