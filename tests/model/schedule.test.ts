import { expect, test } from "vitest";
import {
  constant,
  constantWithWarmup,
  cosine,
  cosineWithRestarts,
  inverseSqrt,
  linear,
  polynomial,
  type Schedule,
  schedules,
} from "../../src/model/schedule.js";
import { readReference } from "../support/reference.js";

interface Reference {
  base_lr: number;
  warmup_steps: number;
  total_steps: number;
  schedules: Record<string, { type: string; options: Record<string, number>; lr: number[] }>;
}
const reference = readReference<Reference>("schedules.json");
const { base_lr: peak, warmup_steps: warmup, total_steps: total } = reference;

/** What transformers' `get_scheduler` makes of a name and options. */
function scheduleOf(
  type: string,
  { num_cycles, power, lr_end, timescale }: Record<string, number>,
): Schedule {
  switch (type) {
    case "constant":
      return constant();
    case "constant_with_warmup":
      return constantWithWarmup(warmup);
    case "linear":
      return linear(warmup, total);
    case "cosine":
      return cosine(warmup, total, num_cycles);
    case "cosine_with_restarts":
      return cosineWithRestarts(warmup, total, num_cycles);
    case "polynomial": // theirs ends at a rate, 1e-7 by default; ours at a multiplier
      return polynomial(warmup, total, { power: power ?? 1, end: (lr_end ?? 1e-7) / peak });
    case "inverse_sqrt":
      return inverseSqrt(warmup, timescale);
    default:
      throw new Error(`the reference file has an unknown schedule: ${type}`);
  }
}

test.each(Object.entries(reference.schedules))(
  "%s gives the rates of transformers",
  (_, { type, options, lr }) => {
    const schedule = scheduleOf(type, options);
    for (const [step, rate] of lr.entries())
      expect(Math.abs(peak * schedule(step) - rate)).toBeLessThan(1e-12);
  },
);

test("the table holds every type of the reference file", () => {
  const types = new Set(Object.values(reference.schedules).map(({ type }) => type));
  expect(Object.keys(schedules).sort()).toEqual([...types].sort());
});

test.each(Object.entries(schedules))("%s without warmup starts at the full rate", (_, make) => {
  const schedule = make(0, 10);
  expect(schedule(0)).toBe(1);
});

test.each([
  ["linear", linear(2, 10), 0],
  ["cosine_with_restarts", cosineWithRestarts(2, 10, 3), 0],
  ["polynomial", polynomial(2, 10, { power: 2, end: 0.1 }), 0.1],
])("%s stays at its end", (_, schedule, end) => {
  for (const step of [10, 11, 100]) expect(schedule(step)).toBe(end);
});

test("a run that ends with its warmup stays finite", () => {
  expect([0, 1, 2].map(linear(2, 2))).toEqual([0, 0.5, 1]);
});
