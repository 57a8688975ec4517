import { randomBytes } from "node:crypto";
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { pause } from "./request.js";

/** Milliseconds between looks at a lock that another holds, between signs of life, and until a silent one is stale. */
export interface LockTimes {
  look: number;
  beat: number;
  stale: number;
}

const usual: LockTimes = { look: 200, beat: 5_000, stale: 30_000 };

/**
 * Runs a job while no other process of Textgraft holds the same lock. The lock is a file that says who holds it, and
 * that its holder touches now and then; it is taken over from a process of this machine that no longer runs, and from
 * any that hasn't touched it for long. So it saves double work, but a job has to come out right without it, too.
 * Throws `cancelled` where `signal` ends the waiting.
 */
export async function withLock<T>(
  file: string,
  job: () => Promise<T>,
  { signal, times = usual }: { signal?: AbortSignal | undefined; times?: LockTimes } = {},
): Promise<T> {
  const mine = `${process.pid}\n${hostname()}\n${randomBytes(8).toString("hex")}\n`;
  await mkdir(dirname(file), { recursive: true });
  let seen: { content: string; touched: number; since: number } | undefined;
  while (!(await take(file, mine))) {
    const touched = await stat(file).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    const content = await readFile(file, "utf8").catch(() => undefined);
    if (content === undefined) continue; // just released
    // By our own clock only: that of the machine where the file lies may go wrong.
    if (seen?.content !== content || seen.touched !== touched) seen = { content, touched, since: Date.now() };
    if (isGone(content) || Date.now() - seen.since > times.stale) await takeAway(file, content);
    else await pause(times.look, signal);
  }
  const beat = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => undefined);
  }, times.beat);
  try {
    return await job();
  } finally {
    clearInterval(beat);
    if ((await readFile(file, "utf8").catch(() => "")) === mine) await rm(file, { force: true });
  }
}

/** Makes the lock file with its content, at once; false where there is one. */
async function take(file: string, content: string): Promise<boolean> {
  const temporary = `${file}.${randomBytes(4).toString("hex")}`;
  await writeFile(temporary, content);
  try {
    await link(temporary, file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    // No hard links on this file system: the file is there a moment before its content.
    return await writeFile(file, content, { flag: "wx" }).then(
      () => true,
      (second: NodeJS.ErrnoException) => {
        if (second.code === "EEXIST") return false;
        throw second;
      },
    );
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Removes a stale lock, but not the one that another, who was faster, has taken since. */
async function takeAway(file: string, stale: string): Promise<void> {
  const aside = `${file}.${randomBytes(4).toString("hex")}`;
  await rename(file, aside).catch(() => undefined);
  const moved = await readFile(aside, "utf8").catch(() => undefined);
  if (moved !== undefined && moved !== stale) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}

/** Whether the holder was a process of this machine that no longer runs. */
function isGone(content: string): boolean {
  const [pid, host] = content.split("\n");
  if (host !== hostname() || !/^\d+$/.test(pid!)) return false;
  try {
    process.kill(Number(pid), 0); // signal 0 only asks
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
