/** How long texts are, in tokens with special tokens. */
export interface LengthStatistics {
  count: number;
  mean: number;
  median: number;
  longest: number;
  /** The smallest length that so many hundredths of the texts don't exceed. */
  percentile(hundredths: number): number;
  /** About a dozen bars; `from` and `to` are both included. */
  histogram: { from: number; to: number; count: number }[];
  /** Share of the texts that a limit cuts, and of all tokens that it cuts off; in [0, 1]. */
  cutShare(limit: number): { texts: number; tokens: number };
  /** The shortest multiple of 8 that leaves at least 98 % of the texts whole. */
  suggestedLength: number;
}

/** Limits that people try. */
export const USUAL_LIMITS = [16, 25, 32, 64, 128, 256, 512];

const BARS = 12;
const WHOLE_SHARE = 98;

export function lengthStatistics(lengths: readonly number[]): LengthStatistics {
  const sorted = [...lengths].sort((a, b) => a - b);
  const count = sorted.length;
  const total = sorted.reduce((sum, length) => sum + length, 0);
  const longest = sorted.at(-1) ?? 0;
  const percentile = (hundredths: number) =>
    sorted[Math.max(0, Math.ceil((count * hundredths) / 100) - 1)] ?? 0;
  return {
    count,
    mean: total / count,
    median:
      count % 2 === 1
        ? sorted[(count - 1) / 2]!
        : ((sorted[count / 2 - 1] ?? 0) + (sorted[count / 2] ?? 0)) / 2,
    longest,
    percentile,
    histogram: bars(sorted, longest),
    cutShare: (limit) => {
      const over = sorted.filter((length) => length > limit);
      const cut = over.reduce((sum, length) => sum + length - limit, 0);
      return { texts: over.length / count, tokens: cut / total };
    },
    suggestedLength: roundUp(percentile(WHOLE_SHARE)),
  };
}

/** The next multiple of 8: what fits the vectors that lengths end up in. */
export const roundUp = (length: number): number => Math.max(8, Math.ceil(length / 8) * 8);

/** Bars of equal, round width; the last takes the longest texts, which are few and far apart. */
function bars(sorted: readonly number[], longest: number): { from: number; to: number; count: number }[] {
  const reach = sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0;
  const width = niceWidth(reach / BARS);
  const number = Math.max(1, Math.ceil(reach / width));
  const result = Array.from({ length: number }, (_, i) => ({
    from: i * width + 1,
    to: (i + 1) * width,
    count: 0,
  }));
  result.at(-1)!.to = Math.max(longest, result.at(-1)!.to);
  for (const length of sorted)
    result[Math.min(number - 1, Math.max(0, Math.ceil(length / width) - 1))]!.count++;
  return result;
}

/** 1, 2 or 5 times a power of ten, at least `least`. */
function niceWidth(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((width) => width >= least)!;
}
