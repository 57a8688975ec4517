/** Long work in small steps: a step yields which share of all is done. */
export type Steps<T> = Generator<number, T>;

/** Other work waits at most about so many milliseconds. */
const PAUSE_EVERY = 50;

/** Does all steps at once. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { value, done } = steps.next();
    if (done) return value;
  }
}

/** Does the steps, and now and then lets other work of the thread run; then it tells the share that is done. */
export async function breathing<T>(steps: Steps<T>, tell?: (share: number) => void): Promise<T> {
  const pause = pauses();
  for (;;) {
    const { value, done } = steps.next();
    if (done) return value;
    await pause(() => tell?.(value));
  }
}

/** A function that, where others have waited for long enough, calls its argument and lets them run. */
export function pauses(): (before?: () => void) => Promise<void> | undefined {
  let paused = performance.now();
  return (before) => {
    if (performance.now() - paused < PAUSE_EVERY) return undefined;
    before?.();
    return new Promise<void>((resolve) => setTimeout(resolve)).then(() => {
      paused = performance.now();
    });
  };
}

/** Some steps as the part of longer work from one share of it to another. */
export function* within<T>(steps: Steps<T>, from: number, to: number): Steps<T> {
  for (;;) {
    const { value, done } = steps.next();
    if (done) return value;
    yield from + value * (to - from);
  }
}
