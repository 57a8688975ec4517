import { atOnce, type Steps, within } from "../base/steps.js";
import type { OpenSpill } from "./byte-store.js";
import { jaccard, shinglesOf, signatureOf } from "./minhash.js";
import { BandKeys, bandBuckets, bands } from "./minhash-bands.js";
import { TextNumbers } from "./text-numbers.js";
import type { Texts } from "./texts.js";
import { unionFind } from "./union-find.js";

/** Texts put together with all texts that are nearly the same. */
export interface NearDuplicates {
  /** For each text the number of its group; groups count from 0 in the order of their first texts. */
  groups: Uint32Array;
  groupCount: number;
  /** Texts that share a group with an earlier one: what would be left out to keep one text of each group. */
  repeated: number;
}

/** Least Jaccard similarity of the shingle sets of two near duplicates. */
export const nearThreshold = 0.75;

/** The text as exact duplicates are compared: lower case, each run of white space one blank. */
export const normalized = (text: string): string => text.toLowerCase().replace(/\s+/g, " ").trim();

/**
 * Groups exact duplicates (normalized) and near duplicates: texts whose sets of 5-character shingles have a
 * Jaccard similarity of at least 0.75. Candidates are texts whose MinHash signatures agree in a whole band
 * (locality-sensitive hashing, http://www.mmds.org chapter 3); 25 bands of 5 find a pair at 0.75 with
 * 1 - (1 - 0.75⁵)²⁵ = 0.999. Similar to similar is in the same group. Needs time linear in the texts.
 */
export const nearDuplicates = (texts: Texts, openSpill?: OpenSpill): NearDuplicates =>
  atOnce(findNearDuplicates(texts, openSpill));

/**
 * The same in steps. Signatures aren't kept: their bands' keys are written down, 100 bytes for each different text, which
 * leave memory where there is an `openSpill`, and are read band by band. In memory a text takes about 40 bytes meanwhile.
 */
export function* findNearDuplicates(texts: Texts, openSpill?: OpenSpill): Steps<NearDuplicates> {
  const { numbers, firsts, sizes, keys } = yield* within(readAll(texts, openSpill), 0, 0.5);
  const setOf = shingleSets(texts, firsts);
  const isNear = (a: number, b: number): boolean =>
    // Sets of such different sizes can't be similar enough: most pairs are told apart without making them again.
    Math.min(sizes[a]!, sizes[b]!) >= nearThreshold * Math.max(sizes[a]!, sizes[b]!) &&
    jaccard(setOf(a), setOf(b)) >= nearThreshold;
  const groupOf = yield* within(groupSimilar(keys, isNear), 0.5, 1);
  const groups = new Uint32Array(texts.length);
  const groupNumbers = new Uint32Array(firsts.length);
  let groupCount = 0;
  // A group's least member is its representative, so it comes first.
  for (let number = 0; number < firsts.length; number++) {
    const representative = groupOf(number);
    groupNumbers[number] = representative === number ? groupCount++ : groupNumbers[representative]!;
  }
  for (let i = 0; i < groups.length; i++) groups[i] = groupNumbers[numbers[i]!]!;
  return { groups, groupCount, repeated: texts.length - groupCount };
}

/** Numbers the different normalized texts, and notes where each first stands, how many shingles it has, and the keys of its bands. */
function* readAll(texts: Texts, openSpill: OpenSpill | undefined) {
  const known = new TextNumbers();
  const keys = new BandKeys(openSpill);
  const numbers = new Uint32Array(texts.length);
  const firsts = new Uint32Array(texts.length);
  const sizes = new Uint16Array(texts.length); // of sets of shingles, which are made of at most 8,192 characters
  for (let i = 0; i < texts.length; i++) {
    if (i % 16 === 0) yield i / texts.length;
    const key = normalized(texts.at(i)!);
    const different = known.count;
    numbers[i] = known.numberOf(key);
    if (known.count === different) continue;
    firsts[different] = i;
    const shingles = shinglesOf(key);
    sizes[different] = shingles.length;
    keys.push(signatureOf(shingles));
  }
  return { numbers, firsts: firsts.slice(0, known.count), sizes, keys };
}

/** A text is compared with so many others of its bucket at most, which bounds the work on huge buckets. */
const bucketRepresentatives = 4;

/** Joins similar sets; gives number → least number of its group. */
function* groupSimilar(
  keys: BandKeys,
  isNear: (a: number, b: number) => boolean,
): Steps<(number: number) => number> {
  const groups = unionFind(keys.length);
  const buckets = bandBuckets(keys);
  for (let band = 0; band < bands; band++) {
    buckets.open(band);
    for (let number = 0; number < keys.length; number++) {
      if (number % 64 === 0) yield (band + number / keys.length) / bands;
      let last = -1;
      let met = 0;
      for (let other = buckets.firstOf(number); other !== -1; other = buckets.nextOf(other)) {
        if (groups.find(other) === groups.find(number) || isNear(other, number)) {
          groups.union(other, number);
          met = bucketRepresentatives;
          break;
        }
        last = other;
        met++;
      }
      if (met < bucketRepresentatives) buckets.add(number, last);
    }
  }
  return groups.find;
}

/** The shingles of texts by their numbers; those used last are remembered. */
function shingleSets(texts: Texts, firsts: Uint32Array): (number: number) => Uint32Array {
  const sets = new Map<number, Uint32Array>();
  let bytes = 0;
  return (number) => {
    const found = sets.get(number);
    if (found) return found;
    if (bytes > REMEMBERED_BYTES) {
      sets.clear();
      bytes = 0;
    }
    const set = shinglesOf(normalized(texts.at(firsts[number]!)!));
    sets.set(number, set);
    bytes += set.byteLength + 200;
    return set;
  };
}

const REMEMBERED_BYTES = 32 * 2 ** 20;
