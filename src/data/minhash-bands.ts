import { ByteStore, type OpenSpill } from "./byte-store.js";
import { mix, signatureSize } from "./minhash.js";

export const bands = 25;
const bandSize = Math.floor(signatureSize / bands);

/** Keys are written down in blocks of so many signatures; within a block one band after the other. */
const blockSize = 4096;
const keyWords = 2;

/** The keys of the bands of many signatures: 64 bits of hash for each band. */
export class BandKeys {
  private readonly store: ByteStore;
  private readonly block = new Uint32Array(bands * blockSize * keyWords);
  length = 0;

  constructor(openSpill?: OpenSpill) {
    this.store = new ByteStore(openSpill);
  }

  push(signature: Uint32Array): void {
    const within = this.length++ % blockSize;
    for (let band = 0; band < bands; band++) {
      // hashed with the band's number, though only keys of one band are compared
      let [high, low] = [band, ~band];
      for (let i = band * bandSize; i < (band + 1) * bandSize; i++) {
        high = mix(Math.imul(high, 31) + signature[i]!);
        low = mix(Math.imul(low, 37) ^ signature[i]!);
      }
      const at = (band * blockSize + within) * keyWords;
      this.block[at] = low;
      this.block[at + 1] = high;
    }
    if (within === blockSize - 1) this.store.append(new Uint8Array(this.block.buffer));
  }

  /** The keys of one band: low and high 32 bits of each signature. */
  read(band: number): Uint32Array {
    const keys = new Uint32Array(keyWords * this.length);
    const bytes = new Uint8Array(keys.buffer);
    const size = blockSize * keyWords * 4;
    const rest = this.length % blockSize;
    const full = this.length - rest;
    for (let first = 0; first < full; first += blockSize) {
      const start = (first * bands + band * blockSize) * keyWords * 4;
      bytes.set(this.store.read(start, start + size), first * keyWords * 4);
    }
    const last = band * blockSize * keyWords;
    keys.set(this.block.subarray(last, last + rest * keyWords), full * keyWords);
    return keys;
  }
}

/** Which numbers of one band have equal keys; only numbers that were added are found. */
export function bandBuckets(size: number) {
  let keys: Uint32Array = new Uint32Array(0);
  let capacity = 1024;
  while (capacity < 1.6 * size) capacity *= 2;
  const slots = new Uint32Array(capacity); // number + 1 of a bucket's first, or 0
  const next = new Uint32Array(size); // number + 1 of the next in the same bucket, or 0
  let free = 0; // the slot where the number asked for last belongs

  return {
    /** Empties the buckets, for the keys of another band. */
    open(bandKeys: Uint32Array): void {
      keys = bandKeys;
      slots.fill(0);
      next.fill(0);
    },
    /** The first number that was added with the key of this one, or -1. */
    firstOf(number: number): number {
      const [low, high] = [keys[2 * number]!, keys[2 * number + 1]!];
      for (let slot = low & (capacity - 1); ; slot = (slot + 1) & (capacity - 1)) {
        const first = slots[slot]! - 1;
        if (first === -1) {
          free = slot;
          return -1;
        }
        if (keys[2 * first] === low && keys[2 * first + 1] === high) return first;
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
