/** Hashes in a signature. */
export const signatureSize = 128;

/** Characters of a shingle. */
const shingleSize = 5;

/**
 * Characters looked at. BERT reads at most 512 tokens, about 2,500 characters, so texts that differ only beyond
 * this are the same example to it.
 */
const longestPrefix = 8192;

/** The hashes of a text's shingles: every run of 5 characters (a shorter text is one shingle), distinct, ascending. */
export function shinglesOf(text: string): Uint32Array {
  const length = Math.min(text.length, longestPrefix);
  const count = Math.max(1, length - shingleSize + 1);
  const hashes = new Uint32Array(count);
  for (let start = 0; start < count; start++) {
    let hash = 0;
    const end = Math.min(length, start + shingleSize);
    for (let i = start; i < end; i++) hash = Math.imul(hash, 0x01000193) + text.charCodeAt(i);
    hashes[start] = mix(hash);
  }
  hashes.sort();
  let distinct = 0;
  for (const hash of hashes) if (distinct === 0 || hash !== hashes[distinct - 1]) hashes[distinct++] = hash;
  return hashes.slice(0, distinct);
}

/** Shared part of two ascending sets, |A ∩ B| / |A ∪ B|. */
export function jaccard(a: Uint32Array, b: Uint32Array): number {
  let shared = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [x, y] = [a[i]!, b[j]!];
    if (x === y) shared++;
    if (x <= y) i++;
    if (y <= x) j++;
  }
  return shared / (a.length + b.length - shared);
}

/**
 * MinHash signature of a set of hashes: two sets agree in a place with a probability of their Jaccard similarity.
 * One permutation: each hash falls into one of 128 bins, which keeps its least one
 * (https://arxiv.org/abs/1208.1259); an empty bin copies a full one, tried in an order of its own that is the
 * same for all sets (https://arxiv.org/abs/1703.04664).
 */
export function signatureOf(shingles: Uint32Array): Uint32Array {
  const bins = new Uint32Array(signatureSize).fill(empty);
  for (let i = 0; i < shingles.length; i++) {
    const hash = shingles[i]!;
    const bin = hash % signatureSize;
    const least = hash >>> 7;
    if (least < bins[bin]!) bins[bin] = least;
  }
  const signature = new Uint32Array(signatureSize);
  for (let bin = 0; bin < signatureSize; bin++) {
    let least = bins[bin]!;
    for (let attempt = 1; least === empty; attempt++) least = bins[otherBin(bin, attempt)]!;
    signature[bin] = least;
  }
  return signature;
}

/** The bin that an empty one copies at an attempt, counted from 1. */
const otherBin = (bin: number, attempt: number): number =>
  attempt < knownAttempts
    ? otherBins[bin * knownAttempts + attempt]!
    : mix(bin * 0x10000 + attempt) % signatureSize;

const knownAttempts = 64;
const otherBins = Uint8Array.from(
  { length: signatureSize * knownAttempts },
  (_, i) => mix(Math.floor(i / knownAttempts) * 0x10000 + (i % knownAttempts)) % signatureSize,
);

/** More than any hash without its 7 bits for the bin. */
const empty = 0xffffffff;

/** Spreads 32 bits over all 32; the finisher of MurmurHash3. */
export function mix(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
