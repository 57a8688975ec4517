import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { withLock } from "../../../src/run/hub/lock-node.js";

const root = await mkdtemp(join(tmpdir(), "textgraft-lock-"));
afterAll(() => rm(root, { recursive: true }));
const times = { look: 5, beat: 20, stale: 300 };
let count = 0;
const lockFile = () => join(root, String(count++), "some.lock");

/** A lock that another has taken. */
async function heldBy(content: string): Promise<string> {
  const file = lockFile();
  await mkdir(join(file, ".."));
  await writeFile(file, content);
  return file;
}

test("jobs run one at a time, and leave nothing", async () => {
  const file = lockFile();
  let running = 0;
  const job = async () => {
    expect(++running).toBe(1);
    await sleep(10);
    running--;
  };
  await Promise.all(Array.from({ length: 8 }, () => withLock(file, job, { times })));
  expect(await readdir(join(file, ".."))).toEqual([]);
});

test("a job that fails frees the lock", async () => {
  const file = lockFile();
  const failing = withLock(file, () => Promise.reject(new Error("no")), { times });
  await expect(failing).rejects.toThrow("no");
  expect(await withLock(file, async () => "next", { times })).toBe("next");
});

test("the lock of a process that no longer runs is taken over", async () => {
  const file = await heldBy(`${2 ** 22 + 1}\n${hostname()}\nabc\n`); // above every process number of Linux
  const holder = await withLock(file, () => readFile(file, "utf8"), { times: { ...times, stale: 1e9 } });
  expect(holder.split("\n").slice(0, 2)).toEqual([String(process.pid), hostname()]);
});

test.each(["4\nanother-machine\nabc\n", `${process.pid}\n${hostname()}\nabc\n`, "", "?"])(
  "a lock of %j that nobody touches for long is taken over",
  async (content) => {
    const file = await heldBy(content);
    expect(await withLock(file, async () => "mine", { times })).toBe("mine");
  },
);

test("a lock whose holder shows that it works is waited for, however long", async () => {
  const file = lockFile();
  const order: string[] = [];
  const first = withLock(file, () => sleep(900).then(() => order.push("first")), { times });
  await sleep(10);
  await withLock(file, async () => order.push("second"), { times });
  await first;
  expect(order).toEqual(["first", "second"]);
});

test("waiting can be stopped", async () => {
  const file = await heldBy("4\nanother-machine\nabc\n");
  const stop = new AbortController();
  const waiting = withLock(file, async () => "mine", {
    signal: stop.signal,
    times: { ...times, stale: 1e9 },
  });
  setTimeout(() => stop.abort(), 20);
  await expect(waiting).rejects.toMatchObject({ code: "cancelled" });
  expect(await readdir(join(file, ".."))).toEqual(["some.lock"]);
});
