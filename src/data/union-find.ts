/** Disjoint sets of 0..size-1; the least member stands for its set. */
export function unionFind(size: number) {
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
