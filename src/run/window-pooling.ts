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

/**
 * How much the log-odds of a text's pooled probability for one label change with the log-odds that each window has for it:
 * the derivative of `poolWindows`. With `max` in single_label problems of more than two labels it takes the other
 * labels' shares among themselves as fixed.
 */
export function poolingSlopes(
  windows: readonly ArrayLike<number>[],
  pooling: WindowPooling,
  problem: Problem,
  label: number,
): number[] {
  if (windows.length === 1) return [1];
  const odds = windows.map((window) => logOddsOf(window, problem, label));
  if (pooling === "mean") {
    // P = mean of p  =>  d ln(P / (1 - P)) = Σ p(1 - p) du / (n·P·(1 - P))
    const yes = odds.map(logSigmoid);
    const no = odds.map((u) => logSigmoid(-u));
    const both = logSumExp(yes) + logSumExp(no) - Math.log(windows.length);
    return odds.map((_, i) => Math.exp(yes[i]! + no[i]! - both));
  }
  if (problem === "multi_label") return odds.map((_, i) => (i === indexOfLargest(odds) ? 1 : 0));
  // M_c = largest p_c  =>  d ln(M / Σ_{c≠label} M_c) = (1 - p) du at its window, + Σ p·M_c du / Σ M_c at those of the others
  const logarithms = windows.map(logSoftmax);
  const slopes = odds.map(() => 0);
  const largest = logarithms[0]!.map((_, c) => indexOfLargest(logarithms.map((window) => window[c]!)));
  const rest = logSumExp(largest.flatMap((window, c) => (c === label ? [] : [logarithms[window]![c]!])));
  for (const [c, window] of largest.entries()) {
    const share = c === label ? 1 : Math.exp(logarithms[window]![c]! - rest);
    slopes[window]! += share * Math.exp(logSigmoid(c === label ? -odds[window]! : odds[window]!));
  }
  return slopes;
}

/** ln(p / (1 - p)) of a label's probability. */
export function logOddsOf(logits: ArrayLike<number>, problem: Problem, label: number): number {
  const own = logits[label]!;
  if (problem === "multi_label") return own;
  return own - logSumExp(Array.from(logits).filter((_, c) => c !== label));
}

const indexOfLargest = (values: readonly number[]): number => values.indexOf(Math.max(...values));

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
