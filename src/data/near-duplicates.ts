import { jaccard, mix, shinglesOf, signatureOf, signatureSize } from "./minhash.js";

/** Texts put together with all texts that are nearly the same. */
export interface NearDuplicates {
  /** For each text the number of its group; groups count from 0 in the order of their first texts. */
  groups: number[];
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
export function nearDuplicates(texts: readonly string[]): NearDuplicates {
  const keys = texts.map(normalized);
  const distinct = [...new Set(keys)];
  const groupOf = groupSimilar(distinct.map(shinglesOf));
  const numbers = new Map<number, number>(); // representative of a group → its number
  const byKey = new Map(
    distinct.map((key, index) => {
      const representative = groupOf(index);
      if (!numbers.has(representative)) numbers.set(representative, numbers.size);
      return [key, numbers.get(representative)!];
    }),
  );
  const groups = keys.map((key) => byKey.get(key)!);
  return { groups, groupCount: numbers.size, repeated: texts.length - numbers.size };
}

const bands = 25;
const bandSize = Math.floor(signatureSize / bands);

/** A text is compared with so many others of its bucket at most, which bounds the work on huge buckets. */
const bucketRepresentatives = 4;

/** Joins similar sets; gives index → index of the first set of its group. */
function groupSimilar(sets: readonly Uint32Array[]): (index: number) => number {
  const signatures = sets.map(signatureOf);
  const groups = unionFind(sets.length);
  for (let band = 0; band < bands; band++) {
    const buckets = new Map<number, number[]>();
    for (const [index, signature] of signatures.entries()) {
      const key = bandKey(signature, band);
      const representatives = buckets.get(key);
      if (representatives === undefined) {
        buckets.set(key, [index]);
        continue;
      }
      const twin = representatives.find(
        (other) =>
          groups.find(other) === groups.find(index) || jaccard(sets[other]!, sets[index]!) >= nearThreshold,
      );
      if (twin !== undefined) groups.union(twin, index);
      else if (representatives.length < bucketRepresentatives) representatives.push(index);
    }
  }
  return groups.find;
}

/** 52 bits of a hash of one band, so that different bands practically never meet in a bucket. */
function bandKey(signature: Uint32Array, band: number): number {
  let [high, low] = [band, ~band];
  for (let i = band * bandSize; i < (band + 1) * bandSize; i++) {
    high = mix(Math.imul(high, 31) + signature[i]!);
    low = mix(Math.imul(low, 37) ^ signature[i]!);
  }
  return (high >>> 12) * 2 ** 32 + low;
}

/** Disjoint sets of 0..size-1; the least member stands for its set. */
function unionFind(size: number) {
  const parents = Uint32Array.from({ length: size }, (_, index) => index);
  const find = (index: number): number => {
    while (parents[index] !== index) {
      parents[index] = parents[parents[index]!]!; // halves the path
      index = parents[index]!;
    }
    return index;
  };
  const union = (a: number, b: number): void => {
    const [x, y] = [find(a), find(b)];
    parents[Math.max(x, y)] = Math.min(x, y);
  };
  return { find, union };
}
