/**
 * Rows put together that share a number in either list, directly or through others; groups count from 0 in the order of
 * their first rows.
 */
export function joinedGroups(a: ArrayLike<number>, b: ArrayLike<number>): Uint32Array {
  const parents = Uint32Array.from({ length: a.length }, (_, row) => row);
  const find = (row: number): number => {
    while (parents[row] !== row) {
      parents[row] = parents[parents[row]!]!; // halves the path
      row = parents[row]!;
    }
    return row;
  };
  for (const list of [a, b]) {
    const firsts = new Map<number, number>();
    for (let row = 0; row < list.length; row++) {
      const number = list[row]!;
      const first = firsts.get(number);
      if (first === undefined) firsts.set(number, row);
      else {
        const [x, y] = [find(first), find(row)];
        parents[Math.max(x, y)] = Math.min(x, y);
      }
    }
  }
  return numbered(parents.map((_, row) => find(row)));
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
