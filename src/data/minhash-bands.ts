import { ByteStore, type OpenSpill } from "./byte-store.js";
import { mix, signatureSize } from "./minhash.js";

export const bands = 25;
const bandSize = Math.floor(signatureSize / bands);

/** Keys are written down in blocks of so many signatures; within a block one band after the other. */
const blockSize = 4096;
const blockBytes = 4 * blockSize;

/**
 * The keys of the bands of many signatures: 32 bits of hash for each band. Two different bands have the same key once in
 * 4 billion pairs, which costs a comparison of two texts.
 */
export class BandKeys {
  private readonly store: ByteStore;
  private readonly block = new Uint32Array(bands * blockSize);
  length = 0;

  constructor(openSpill?: OpenSpill) {
    this.store = new ByteStore(openSpill);
  }

  push(signature: Uint32Array): void {
    const within = this.length++ % blockSize;
    for (let band = 0; band < bands; band++) {
      let key = band; // though only keys of one band are compared
      for (let i = band * bandSize; i < (band + 1) * bandSize; i++)
        key = mix(Math.imul(key, 31) + signature[i]!);
      this.block[band * blockSize + within] = key;
    }
    if (within === blockSize - 1) this.store.append(new Uint8Array(this.block.buffer));
  }

  /** Puts the keys of one band, one for each signature, into `keys`. */
  read(band: number, keys: Uint32Array): void {
    const bytes = new Uint8Array(keys.buffer);
    const rest = this.length % blockSize;
    const full = this.length - rest;
    for (let first = 0; first < full; first += blockSize) {
      const start = 4 * first * bands + band * blockBytes;
      bytes.set(this.store.read(start, start + blockBytes), 4 * first);
    }
    const last = band * blockSize;
    keys.set(this.block.subarray(last, last + rest), full);
  }
}

/** Which numbers of one band have equal keys; only numbers that were added are found. 14 bytes for each. */
export function bandBuckets(all: BandKeys) {
  const size = all.length;
  const keys = new Uint32Array(size);
  const capacity = Math.ceil(1.5 * size) + 1;
  const slots = new Uint32Array(capacity); // number + 1 of a bucket's first, or 0
  const next = new Uint32Array(size); // number + 1 of the next in the same bucket, or 0
  let free = 0; // the slot where the number asked for last belongs

  return {
    /** Empties the buckets, for the keys of another band. */
    open(band: number): void {
      all.read(band, keys);
      slots.fill(0);
      next.fill(0);
    },
    /** The first number that was added with the key of this one, or -1. */
    firstOf(number: number): number {
      const key = keys[number]!;
      for (let slot = key % capacity; ; slot = slot + 1 === capacity ? 0 : slot + 1) {
        const first = slots[slot]! - 1;
        if (first === -1) {
          free = slot;
          return -1;
        }
        if (keys[first] === key) return first;
      }
    },
    /** The next of a bucket, or -1. */
    nextOf: (number: number): number => next[number]! - 1,
    /** Adds the number that `firstOf` was asked for last, behind the last of its bucket; -1 where that is empty. */
    add(number: number, last: number): void {
      if (last === -1) slots[free] = number + 1;
      else next[last] = number + 1;
    },
  };
}
