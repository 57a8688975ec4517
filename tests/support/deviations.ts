import { expect, type RunnerTestCase } from "vitest";
import type { Device } from "../../src/run/session.js";

type Trajectory = "full" | "partial" | "head";

/** The quantities that are compared with PyTorch, in the order of reports. Gradients without more: of the model's largest. */
const limits = {
  logits: 1e-5,
  "pooled output": 1e-5,
  "classifier input": 2e-5,
  "last hidden state": 2e-5,
  loss: 1e-5,
  "loss, gradient of the logits": 1e-5,
  gradients: 1e-5,
  "gradients that are zero": 1e-6,
  "gradients, of the parameter's own largest": 3e-5,
  "gradient norm": 1e-5,
  ...trajectoryLimits("full"),
  ...trajectoryLimits("partial"),
  ...trajectoryLimits("head"),
} as const;

function trajectoryLimits<T extends Trajectory>(kind: T) {
  const limits = {
    [`${kind}: loss`]: 1e-5,
    [`${kind}: gradient norm`]: 1e-5,
    [`${kind}: logits afterwards`]: 2e-5,
    [`${kind}: parameter norms`]: 2e-6,
  };
  return limits as Record<
    `${T}: ${"loss" | "gradient norm" | "logits afterwards" | "parameter norms"}`,
    number
  >;
}

type Quantity = keyof typeof limits;

const order = Object.keys(limits);

/** A difference from PyTorch and its limit, which is that of tests/reference/README.md, wider on a GPU. */
export interface Deviation {
  family: string;
  device: Device;
  quantity: Quantity;
  /** Where it stands in reports. */
  order: number;
  difference: number;
  limit: number;
}

declare module "vitest" {
  interface TaskMeta {
    /** Read by scripts/parity.mjs. */
    deviations?: Deviation[];
  }
}

/** An assertion that a difference is below its limit, which also keeps it for `npm run parity`. */
export const expectWithin =
  ({ family, device, factor }: { family: string; device: Device; factor: number }) =>
  (
    task: Readonly<RunnerTestCase>,
    quantity: Quantity,
    difference: number,
    where: string = quantity,
  ): void => {
    const limit = factor * limits[quantity];
    task.meta.deviations ??= [];
    task.meta.deviations.push({
      ...{ family, device, quantity, difference, limit },
      order: order.indexOf(quantity),
    });
    expect(difference, where).toBeLessThan(limit);
  };
