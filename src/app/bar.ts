import { clock, grouped } from "../report/plain.js";

/** Blocks of a whole bar. */
const WIDTH = 20;

/**
 * The line of a job that is under way: `Tokenizing  ██████░░░░  2,786/5,572  0:03 left`. The time that is left comes from the
 * mean speed since the first call, once that is a second ago. `done` may begin above 0. `now` is in milliseconds.
 */
export function barOf(name: string, now: () => number = () => performance.now()) {
  let begun: { at: number; done: number } | undefined;
  return (done: number, total: number, unit = ""): string => {
    begun ??= { at: now(), done };
    const share = total === 0 ? 1 : Math.min(1, done / total);
    const full = Math.floor(share * WIDTH);
    const bar = "█".repeat(full) + "░".repeat(WIDTH - full);
    const amount = `${grouped(done)}/${grouped(total)}${unit}`;
    return [name, bar, amount, ...timeLeft(begun, { done, total }, now())].join("  ");
  };
}

const PATIENCE = 1; // seconds

function timeLeft(
  begun: { at: number; done: number },
  { done, total }: { done: number; total: number },
  now: number,
): string[] {
  const seconds = (now - begun.at) / 1000;
  const since = done - begun.done;
  if (seconds < PATIENCE || since <= 0) return [];
  return [`${clock((seconds / since) * (total - done))} left`];
}
