/**
 * For each row the probability that, drawn into the test rows by a split row by row, it has a copy in train: at least one of
 * the other m - 1 rows of its group, where `trainRows` of all n rows are drawn for train. None is with the probability
 * Π (n - 1 - trainRows - j) / (n - 1 - j) over j from 0 to m - 2 (hypergeometric).
 *
 * @param groups For each row the number of its group of copies, below the number of rows.
 */
export function copyProbabilities(groups: Uint32Array, trainRows: number): Float64Array {
  const n = groups.length;
  const sizes = new Uint32Array(n); // groups are numbered below n
  let largest = 0;
  for (const group of groups) largest = Math.max(largest, ++sizes[group]!);
  const none = [1, 1]; // by the size of a group
  for (let size = 2; size <= largest; size++) {
    const others = size - 2;
    none.push((none[size - 1]! * Math.max(0, n - 1 - trainRows - others)) / (n - 1 - others));
  }
  return Float64Array.from(groups, (group) => 1 - none[sizes[group]!]!);
}
