import { unionFind } from "./union-find.js";

/**
 * Rows put together that share a number in either list, directly or through others; groups count from 0 in the order of
 * their first rows.
 */
export function joinedGroups(a: ArrayLike<number>, b: ArrayLike<number>): Uint32Array {
  const { find, union } = unionFind(a.length);
  for (const list of [a, b]) {
    const firsts = new Map<number, number>();
    for (let row = 0; row < list.length; row++) {
      const number = list[row]!;
      const first = firsts.get(number);
      if (first === undefined) firsts.set(number, row);
      else union(first, row);
    }
  }
  return numbered(Uint32Array.from({ length: a.length }, (_, row) => find(row)));
}

/** Numbers for the values of a column: the same value, the same number, from 0 in the order of their first rows. */
export function numbered<T>(values: Iterable<T>): Uint32Array {
  const numbers = new Map<T, number>();
  return Uint32Array.from(values, (value) => {
    const known = numbers.get(value) ?? numbers.size;
    numbers.set(value, known);
    return known;
  });
}

/** Rows of the largest group. */
export function largestGroup(groups: Iterable<number>): number {
  const sizes = new Map<number, number>();
  let largest = 0;
  for (const group of groups) {
    const size = (sizes.get(group) ?? 0) + 1;
    sizes.set(group, size);
    if (size > largest) largest = size;
  }
  return largest;
}
