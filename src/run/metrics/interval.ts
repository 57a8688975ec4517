/** Where a number most likely lies for all texts of this kind, of which the tested ones are a sample. */
export interface Interval {
  low: number;
  high: number;
}

/** The 97.5 % point of the standard normal distribution: intervals are two-sided, at 95 %. */
const Z = 1.959963984540054;

/**
 * The 95 % score interval of a proportion; unlike the usual p ± 1.96·√(p(1-p)/n) it keeps its promise for few texts and
 * for proportions near 0 and 1. Undefined for none of none. Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953
 */
export function wilson(successes: number, total: number): Interval | undefined {
  if (total === 0) return undefined;
  const p = successes / total;
  const spread = (Z * Z) / total;
  const centre = p + spread / 2;
  const margin = Z * Math.sqrt((p * (1 - p)) / total + spread / (4 * total));
  return {
    low: successes === 0 ? 0 : (centre - margin) / (1 + spread),
    high: successes === total ? 1 : (centre + margin) / (1 + spread),
  };
}

/**
 * The 95 % interval of an F1 from its counts. Of the texts that have a label or are marked with it, so many are both:
 * that share J is a proportion, with Wilson's interval, and F1 = 2J/(1 + J) rises with it.
 */
export function wilsonF1(truePositives: number, falsePositives: number, falseNegatives: number) {
  const share = wilson(truePositives, truePositives + falsePositives + falseNegatives);
  const f1 = (j: number) => (2 * j) / (1 + j);
  return share && { low: f1(share.low), high: f1(share.high) };
}

/**
 * The middle 95 % of what was found in resamples, between neighbours by linear interpolation. Undefined where it says
 * nothing: in more than 5 % of the resamples the number has no value, or all of them have the same.
 */
export function percentileInterval(found: Float64Array): Interval | undefined {
  const known = found.filter(Number.isFinite).sort();
  if (known.length === 0 || known.length < 0.95 * found.length || known[0] === known.at(-1)) return undefined;
  return { low: quantile(known, 0.025), high: quantile(known, 0.975) };
}

/** Of sorted numbers; definition 7 of Hyndman and Fan, which numpy takes. https://doi.org/10.1080/00031305.1996.10473566 */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (place - below) * (sorted[above]! - sorted[below]!);
}
