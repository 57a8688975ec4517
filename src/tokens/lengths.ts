import { TextgraftError } from "../base/errors.js";
import { roundUp } from "../base/numbers.js";

/** How long texts are, in tokens with the special ones, and what limits would cut. */
export interface LengthStatistics {
  count: number;
  mean: number;
  /** At most 12 ranges without gaps, `from` and `to` included; the last takes the rare long texts. */
  histogram: { from: number; to: number; count: number }[];
  /** The smallest multiple of 8 that keeps 98 % of the texts whole, or what the model reads. */
  suggestedLength: number;
  /** The smallest length that at least `percent` % of the texts don't exceed (nearest rank); 50 gives the median. */
  percentile(percent: number): number;
  cutShare(limit: number): CutShare;
}

/** What a limit cuts. */
export interface CutShare {
  /** How many texts are longer. */
  count: number;
  /** Their share of all texts. */
  texts: number;
  /** Share of all tokens that is cut off. */
  tokens: number;
}

/** Limits that people use; 25 is the tutorial's. */
export const USUAL_LIMITS: readonly number[] = [16, 25, 32, 64, 128, 256, 512];

/** Statistics of at least one text's length; `maxLength`, the model's, bounds the suggestion. */
export function lengthStatistics(
  lengths: ArrayLike<number>,
  maxLength = Number.POSITIVE_INFINITY,
): LengthStatistics {
  const sorted = Int32Array.from(lengths).sort();
  const count = sorted.length;
  if (count === 0) {
    throw new TextgraftError("data-invalid", {
      message: "There are no texts whose lengths could be counted.",
    });
  }
  const total = sorted.reduce((sum, length) => sum + length, 0);
  const percentile = (percent: number): number =>
    sorted[Math.max(0, Math.ceil((percent * count) / 100) - 1)]!;
  return {
    count,
    mean: total / count,
    histogram: histogramOf(sorted, percentile(99)),
    suggestedLength: Math.min(roundUp(Math.max(1, percentile(KEPT_WHOLE)), 8), maxLength),
    percentile,
    cutShare: (limit) => {
      const longer = sorted.filter((length) => length > limit);
      const tokens = longer.reduce((sum, length) => sum + length - limit, 0);
      return { count: longer.length, texts: longer.length / count, tokens: tokens / Math.max(1, total) };
    },
  };
}

const KEPT_WHOLE = 98;
const BINS = 12;

/** Bins of a round width that reach from the shortest text to `usual`, and one for what is longer. */
function histogramOf(sorted: Int32Array, usual: number): LengthStatistics["histogram"] {
  const [shortest, longest] = [sorted[0]!, sorted.at(-1)!];
  const width = roundWidth(shortest, usual);
  const start = Math.floor(shortest / width) * width;
  const bins: LengthStatistics["histogram"] = [];
  for (let from = start; from <= usual; from += width) bins.push({ from, to: from + width - 1, count: 0 });
  const end = bins.at(-1)!.to;
  if (longest > end) bins.push({ from: end + 1, to: longest, count: 0 });
  for (const length of sorted) bins[Math.min(Math.floor((length - start) / width), bins.length - 1)]!.count++;
  return bins;
}

/** The smallest of 1, 2, 5, 10, 20, 50 … that needs few enough bins. */
function roundWidth(shortest: number, usual: number): number {
  for (let power = 1; ; power *= 10) {
    for (const width of [power, 2 * power, 5 * power]) {
      if (Math.floor(usual / width) - Math.floor(shortest / width) + 1 < BINS) return width;
    }
  }
}
