import type { Problem } from "../model/loss.js";

export const windowPoolings = ["mean", "max"] as const;
export type WindowPooling = (typeof windowPoolings)[number];

/**
 * The logits of a text from those of its windows. What is pooled are probabilities, label by label over the windows:
 * their mean, or the largest of each label (divided by their sum in single_label problems, so that they add up to 1).
 * The result gives exactly these probabilities through softmax or sigmoid; computed on logarithms, so that it
 * stays finite.
 */
export function poolWindows(
  windows: readonly ArrayLike<number>[],
  pooling: WindowPooling,
  problem: Problem,
): ArrayLike<number> {
  if (windows.length === 1) return windows[0]!;
  const pool = (logarithms: readonly (readonly number[])[]): number[] =>
    logarithms[0]!.map((_, label) => {
      const values = logarithms.map((window) => window[label]!);
      return pooling === "max" ? Math.max(...values) : logSumExp(values) - Math.log(values.length);
    });
  if (problem === "single_label") return pool(windows.map(logSoftmax));
  if (pooling === "max") return pool(windows.map((window) => Array.from(window))); // sigmoid rises with its logit
  const yes = pool(windows.map((window) => Array.from(window, logSigmoid)));
  const no = pool(windows.map((window) => Array.from(window, (x) => logSigmoid(-x))));
  return yes.map((x, label) => x - no[label]!);
}

function logSoftmax(logits: ArrayLike<number>): number[] {
  const values = Array.from(logits);
  const normalizer = logSumExp(values);
  return values.map((x) => x - normalizer);
}

/** ln σ(x) */
const logSigmoid = (x: number): number => Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)));

function logSumExp(values: readonly number[]): number {
  const largest = Math.max(...values);
  return largest + Math.log(values.reduce((sum, x) => sum + Math.exp(x - largest), 0));
}
