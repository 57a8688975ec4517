import { TextgraftError } from "../base/errors.js";
import { type Part, partNames, requireShares, type Shares } from "./split-quotas.js";

/** A split by time, and where it was cut. */
export interface TimeSplit {
  /** One for each row. */
  parts: Part[];
  /** Times of the oldest and the newest row of each part, in ms since 1970; absent where a part is empty. */
  spans: Record<Part, { from: number; to: number } | undefined>;
}

/**
 * Puts the newest rows into test, the ones before them into validation, and the oldest into train. Rows of the same time
 * stay together, so shares are as close as whole times allow; each part with a share gets at least one time.
 *
 * @param times Of each row, in ms since 1970.
 * @throws TextgraftError data-invalid where there are fewer different times than parts.
 */
export function splitByTime(times: readonly number[], shares: Shares): TimeSplit {
  requireShares(shares);
  const wanted = partNames.filter((part) => shares[part] > 0);
  const sorted = Float64Array.from(times).sort();
  const starts = startsOf(sorted); // where each different time begins
  if (starts.length < wanted.length) {
    throw new TextgraftError("data-invalid", {
      message: `The rows have ${starts.length === 1 ? "one time" : `only ${starts.length} different times`}; a split by time into ${wanted.length} parts needs ${wanted.length}.`,
      fix: "Name another column with --time, or leave it out to split at random.",
    });
  }
  // Cuts are chosen among the starts, each with enough of them left for the parts after it.
  const firsts: number[] = [0];
  let share = 0;
  let earlier = 0;
  for (const [i, part] of wanted.slice(0, -1).entries()) {
    share += shares[part];
    const last = starts.length - (wanted.length - 1 - i);
    earlier = nearest(starts, share * times.length, earlier + 1, last);
    firsts.push(starts[earlier]!);
  }
  const bounds = firsts.map((first) => sorted[first]!);
  const spans: TimeSplit["spans"] = { train: undefined, validation: undefined, test: undefined };
  for (const [i, part] of wanted.entries())
    spans[part] = { from: bounds[i]!, to: sorted[(firsts[i + 1] ?? times.length) - 1]! };
  return { parts: times.map((time) => wanted[bounds.findLastIndex((bound) => bound <= time)]!), spans };
}

function startsOf(sorted: Float64Array): number[] {
  const starts: number[] = [];
  for (let i = 0; i < sorted.length; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) starts.push(i);
  return starts;
}

/** The index from `from` to `to` whose start is nearest to a position; of two the first. */
function nearest(starts: readonly number[], position: number, from: number, to: number): number {
  let best = from;
  for (let i = from; i <= to; i++)
    if (Math.abs(starts[i]! - position) < Math.abs(starts[best]! - position)) best = i;
  return best;
}
