import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/**
 * A stream of random numbers that is a function of a seed and of the purposes it was forked for, so that
 * any part of a run can be repeated without saving a generator's state.
 */
export interface Random {
  /** An independent stream for one purpose, such as `fork("shuffle", epoch)`. Doesn't advance this one. */
  fork(...purpose: readonly (string | number)[]): Random;
  /** An integer in [0, below). */
  int(below: number): number;
  /** A number in [0, 1). */
  uniform(): number;
  /** A draw from the standard normal distribution (Box-Muller). */
  normal(): number;
}

/** The stream of a seed; 0 is a seed like any other. */
export function random(seed: number): Random {
  return stream(hash32(`seed ${seed}`));
}

/** The items in random order (Fisher-Yates); the input stays as it is. */
export function shuffled<T>(items: readonly T[], random: Random): T[];
export function shuffled(items: Uint32Array, random: Random): Uint32Array;
export function shuffled<T>(items: readonly T[] | Uint32Array, random: Random): unknown[] | Uint32Array {
  const result: unknown[] | Uint32Array = items.slice();
  for (let i = result.length - 1; i > 0; i--) {
    const j = random.int(i + 1);
    const last = result[i]!;
    result[i] = result[j]!;
    result[j] = last;
  }
  return result;
}

/** FNV-1a over UTF-16 code units with a final avalanche; 32 bits. http://www.isthe.com/chongo/tech/comp/fnv/ */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function stream(key: number): Random {
  const generator = xoroshiro128plus(key | 0);
  return {
    fork: (...purpose) => stream(hash32(`${key} ${purpose.join(" ")}`)),
    int: (below) => uniformInt(generator, 0, below - 1),
    uniform: () => uniformFloat64(generator),
    normal: () => {
      const radius = Math.sqrt(-2 * Math.log(1 - uniformFloat64(generator)));
      return radius * Math.cos(2 * Math.PI * uniformFloat64(generator));
    },
  };
}
