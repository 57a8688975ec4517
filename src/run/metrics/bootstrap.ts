import type { Random } from "../../base/random.js";

/** How often texts are drawn anew, at most; enough that the ends of an interval move little from seed to seed. */
const MOST = 2_000;
/** And at least, however many texts there are: then the intervals are narrow anyway. */
const LEAST = 200;
/** Texts times labels times resamples that are computed in a few seconds. */
const WORK = 1e8;

/** How many resamples are drawn of so many texts. */
export const resamplesOf = (texts: number, labelCount: number): number =>
  Math.min(MOST, Math.max(LEAST, Math.floor(WORK / (texts * labelCount))));

/**
 * The bootstrap: from n texts n are drawn with replacement, again and again; how a number varies over such draws is how it
 * would vary over other test sets of this size. Each draw is how often each text came; the array is used again.
 *
 * All texts are in one urn: how many of each label there are is left to chance, as in another sample of the same texts.
 * Drawing by label would keep these numbers and so make the intervals too narrow, and several labels a text allow no such
 * strata. Efron 1979, https://doi.org/10.1214/aos/1176344552
 */
export function* resamples(texts: number, count: number, random: Random): Generator<Uint32Array> {
  const drawn = new Uint32Array(texts);
  for (let resample = 0; resample < count; resample++) {
    drawn.fill(0);
    for (let i = 0; i < texts; i++) drawn[random.int(texts)]!++;
    yield drawn;
  }
}
