/** Steps counted from 0 → multiplier of the peak learning rate. */
export type Schedule = (step: number) => number;

/** The full rate throughout. */
export const constant = (): Schedule => () => 1;

/** From 0 up to the full rate in `warmup` steps, then the full rate. */
export const constantWithWarmup = (warmup: number): Schedule => warmedUp(warmup, () => 1);

/** Falls evenly from 1 after the warmup to 0 at step `total`. */
export const linear = (warmup: number, total: number): Schedule =>
  warmedUp(warmup, (step) => Math.max(0, 1 - progress(step, warmup, total)));

/** Follows `cycles` waves of a cosine; the default half wave falls from 1 to 0. https://arxiv.org/abs/1608.03983 */
export const cosine = (warmup: number, total: number, cycles = 0.5): Schedule =>
  warmedUp(warmup, (step) => halfWave(2 * cycles * progress(step, warmup, total)));

/** `cycles` times from 1 to 0 in a half wave of a cosine, and 0 from step `total` on. */
export const cosineWithRestarts = (warmup: number, total: number, cycles = 1): Schedule =>
  warmedUp(warmup, (step) => {
    const done = progress(step, warmup, total);
    return done >= 1 ? 0 : halfWave((cycles * done) % 1);
  });

/** end + (1 − end)·(1 − progress)^power; `end` is the multiplier at step `total` and after it. */
export const polynomial = (warmup: number, total: number, { power = 1, end = 0 } = {}): Schedule =>
  warmedUp(warmup, (step) => end + (1 - end) * Math.max(0, 1 - progress(step, warmup, total)) ** power);

/**
 * Falls with the square root of the step, without an end. `timescale`: steps after which it has fallen to 1/√2 (counted
 * from the warmup's end); the warmup's length by default, 10,000 without one.
 * https://arxiv.org/abs/2106.04560
 */
export const inverseSqrt = (warmup: number, timescale = warmup || 10_000): Schedule =>
  warmedUp(warmup, (step) => 1 / Math.sqrt((step - warmup) / timescale + 1));

/** By the names that transformers uses. */
export const schedules = {
  constant,
  constant_with_warmup: constantWithWarmup,
  linear,
  cosine,
  cosine_with_restarts: cosineWithRestarts,
  polynomial,
  inverse_sqrt: inverseSqrt,
};

// With a warmup of 5, step 0 has the rate 0 and step 5 the first full one.
const warmedUp =
  (warmup: number, after: Schedule): Schedule =>
  (step) =>
    step < warmup ? step / warmup : after(step);

const progress = (step: number, warmup: number, total: number): number =>
  (step - warmup) / Math.max(1, total - warmup);

/** 0 → 1, 1 → 0, and back up to 1 at 2. */
const halfWave = (x: number): number => 0.5 * (1 + Math.cos(Math.PI * x));
