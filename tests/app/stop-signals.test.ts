import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { onStopSignals, type StopSignals } from "../../src/app/stop-signals.js";

const stop = vi.fn();
const kill = vi.spyOn(process, "kill").mockReturnValue(true);
let signals: StopSignals;
beforeEach(() => {
  vi.clearAllMocks();
  signals = onStopSignals(stop);
});
afterEach(() => signals.release());

/** Only the listeners hear of it, not the process. */
const come = (signal: NodeJS.Signals) => process.emit(signal, signal);

// The numbers are those of POSIX, plus 128.
test.each([
  ["SIGHUP", 129],
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s stops the work once, with exit code %i", (signal, exitCode) => {
  expect(signals.exitCode).toBeUndefined();
  come(signal);
  expect(stop).toHaveBeenCalledTimes(1);
  expect(signals.exitCode).toBe(exitCode);
  expect(kill).not.toHaveBeenCalled();
});

test.each(["SIGINT", "SIGTERM"] as const)("a second %s ends the process", (signal) => {
  come("SIGHUP");
  come(signal);
  expect(kill).toHaveBeenCalledExactlyOnceWith(process.pid, signal);
  expect(stop).toHaveBeenCalledTimes(1);
});

test("a terminal that closes may tell it twice", () => {
  come("SIGHUP");
  come("SIGHUP");
  expect(kill).not.toHaveBeenCalled();
  expect(signals.exitCode).toBe(129);
});

test("once released, nothing listens", () => {
  const before = process.listenerCount("SIGHUP");
  signals.release();
  expect(process.listenerCount("SIGHUP")).toBe(before - 1);
});
