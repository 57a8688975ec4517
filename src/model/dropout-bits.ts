import { TextgraftError } from "../base/errors.js";

/** The two uint32 keys of one dropout mask. */
export type DropoutKeys = readonly [key0: number, key1: number];

/**
 * The keys of the mask of one example at one dropout site in one step, so that a mask can be made anywhere
 * and again, whatever else is in the batch. All four are integers, taken modulo 2³²; 0 is like any other.
 *
 * Each key is a chain key = mix(key + integer) over the four, from a start of its own (the digits of π).
 */
export function dropoutKeys(seed: number, step: number, site: number, example: number): DropoutKeys {
  const chain = (start: number) => [seed, step, site, example].reduce((key, n) => mix(key + n), start);
  return [chain(0x243f6a88), chain(0x85a308d3)];
}

/**
 * Whether the element is kept: 1, or 0 for dropped. `element` is a uint32 that counts through the mask.
 *
 * The hash is `mix` of the element's place in a Weyl sequence that starts at key0, with key1 added halfway.
 * The constant of the sequence is 2³² divided by the golden ratio.
 */
export function dropoutBit([key0, key1]: DropoutKeys, element: number, threshold: number): 0 | 1 {
  return mix(Math.imul(element, 0x9e3779b9) + key0, key1) >= threshold ? 1 : 0;
}

/** The hashes below it are dropped: p·2³² as a uint32. `p` is the share to drop, in [0, 1). */
export function dropoutThreshold(p: number): number {
  if (!(p >= 0 && p < 1)) {
    throw new TextgraftError("option-invalid", {
      message: `The dropout probability is ${p}, but it must be at least 0 and below 1.`,
      fix: "Give the share of values to drop, for example 0.1.",
    });
  }
  return Math.min(Math.round(p * 2 ** 32), 2 ** 32 - 1);
}

/**
 * A bijection of uint32 in which each bit of the input flips each bit of the output in about half the cases.
 * The constants were found by search: https://github.com/skeeto/hash-prospector/issues/19
 */
function mix(input: number, key = 0): number {
  let x = input ^ (input >>> 16);
  x = Math.imul(x, 0x21f0aaad);
  x ^= x >>> 15;
  x = Math.imul(x + key, 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}
