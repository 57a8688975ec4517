/** An array of float64 in row-major order; integers and bits are held as numbers too. */
export interface Array64 {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export const array64 = (shape: readonly number[], data: ArrayLike<number>): Array64 => ({
  shape,
  data: Float64Array.from(data),
});

/** The array of a shape whose element at each index is what `element` gives. */
export const fill = (shape: readonly number[], element: (index: readonly number[]) => number): Array64 => ({
  shape,
  data: Float64Array.from(indices(shape), element),
});

/** Every index of a shape, the last axis fastest. */
export function indices(shape: readonly number[]): number[][] {
  const size = shape.reduce((product, dim) => product * dim, 1);
  return Array.from({ length: size }, (_, position) => unravel(position, shape));
}

/** Where an element lies. Axes are matched from the right, and an axis of 1 answers for every index. */
export function position(shape: readonly number[], index: readonly number[]): number {
  const skipped = index.length - shape.length;
  return shape.reduce((outer, dim, axis) => outer * dim + (dim === 1 ? 0 : index[skipped + axis]!), 0);
}

/** The element at an index, by the rule of `position`. */
export const at = ({ shape, data }: Array64, index: readonly number[]): number =>
  data[position(shape, index)]!;

/** The largest magnitude; 0 for an empty array, NaN where one element is. */
export const largest = (data: Float64Array): number =>
  data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

/** The index of element number `element`. */
function unravel(element: number, shape: readonly number[]): number[] {
  const index = new Array<number>(shape.length);
  let rest = element;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return index;
}
