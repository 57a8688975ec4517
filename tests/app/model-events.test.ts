import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { modelEvents } from "../../src/app/model-events.js";
import { openProgress } from "../../src/app/progress.js";
import type { ModelEvent } from "../../src/run/events.js";
import { captured } from "./run-in-process.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const arrived = (received: number): ModelEvent => ({
  kind: "download",
  model: "org/name",
  revision: "main",
  commit: "0123456789abcdef0123456789abcdef01234567",
  file: "model.safetensors",
  received,
  total: 440_473_133,
  bytesPerSecond: 12_300_000,
});

const first = "Downloading org/name (main, commit 0123456): 440.5 MB, 120.0 MB of it are here already.\n";
const line = "240.0 MB of 440.5 MB  54 %  12.3 MB/s  0:16 left  model.safetensors";

test("without a terminal a download is told when it begins, and every ten seconds", () => {
  const { stream, text } = captured();
  const tell = modelEvents(openProgress(stream, {}));
  for (const received of [120e6, 180e6, 240e6, 300e6]) {
    tell(arrived(received));
    vi.advanceTimersByTime(5000);
  }
  expect(text()).toBe(`${first}${line}\n`);
});

test("a server that doesn't say how large its files are has no share told", () => {
  const { stream, text } = captured({ columns: 80 });
  modelEvents(openProgress(stream, {}))({ ...arrived(120e6), total: 500 } as ModelEvent);
  expect(text()).toContain("Downloading org/name (main, commit 0123456), 120.0 MB of it are here already.\n");
  expect(text()).toContain("120.0 MB  12.3 MB/s  model.safetensors");
});

test("a terminal has one line that changes", () => {
  const { stream, text } = captured({ columns: 80 });
  const tell = modelEvents(openProgress(stream, {}));
  tell(arrived(120e6));
  vi.advanceTimersByTime(5000);
  tell(arrived(240e6));
  expect(text()).toContain(first);
  expect(text()).toContain(line);
});

test("--quiet is quiet, and notices are lines", () => {
  const quiet = captured();
  modelEvents(openProgress(quiet.stream, { quiet: true }))(arrived(0));
  expect(quiet.text()).toBe("");
  const { stream, text } = captured();
  modelEvents(openProgress(stream, {}))({ kind: "notice", text: "Using the copy." });
  expect(text()).toBe("Using the copy.\n");
});
