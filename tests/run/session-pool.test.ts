import { expect, test } from "vitest";
import { type Pooled, SessionPool } from "../../src/run/session-pool.js";

/** A pool of sessions that only tell when they are opened (+) and disposed of (-). */
function poolOf(budget?: number) {
  const log: string[] = [];
  const pool = new SessionPool(budget);
  const get = (key: string, bytes = 10): Promise<Pooled> =>
    pool.get(key, async () => {
      log.push(`+${key}`);
      const session = {
        inputs: new Set<string>(),
        run: async () => ({}),
        dispose: async () => void log.push(`-${key}`),
      };
      return { session, bytes };
    });
  return { pool, get, log };
}

test("a session is opened once and stays", async () => {
  const { get, log } = poolOf();
  const first = await get("a");
  await get("b");
  expect(await get("a")).toBe(first);
  expect(log).toEqual(["+a", "+b"]);
});

test("beyond the budget, the least recently used go first", async () => {
  const { get, log } = poolOf(30);
  for (const key of ["a", "b", "c", "a", "d"]) await get(key);
  expect(log).toEqual(["+a", "+b", "+c", "+d", "-b"]);
  await get("e", 20); // c and a have to go
  expect(log.slice(5)).toEqual(["+e", "-c", "-a"]);
  await get("b");
  expect(log.slice(8)).toEqual(["+b", "-d"]);
});

test("the session asked for last stays, however large", async () => {
  const { get, log } = poolOf(30);
  await get("a");
  await get("b");
  await get("huge", 100);
  expect(log).toEqual(["+a", "+b", "+huge", "-a", "-b"]);
  await get("huge", 100);
  await get("c");
  expect(log.slice(5)).toEqual(["+c", "-huge"]);
});

test("what can't be opened leaves no trace", async () => {
  const { pool, get, log } = poolOf();
  await get("a");
  await expect(pool.get("b", () => Promise.reject(new Error("no memory")))).rejects.toThrow("no memory");
  await get("b");
  expect(log).toEqual(["+a", "+b"]);
});

test("closing disposes of all", async () => {
  const { pool, get, log } = poolOf();
  await get("a");
  await get("b");
  await pool.close();
  expect(log).toEqual(["+a", "+b", "-a", "-b"]);
  await pool.close();
  expect(log).toHaveLength(4);
});
