import { float16Bits } from "./float16.js";

/** The element types that graphs and files use. */
export type DType = "float32" | "float16" | "int32" | "int64" | "uint8" | "bool";

interface DataOf {
  float32: Float32Array;
  /** Bits. */
  float16: Uint16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}

/** A dense row-major array; `data.length` is the product of `shape`. */
export interface Tensor<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: DataOf[D];
}

/** Number of elements of a shape; 1 for a scalar. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((size, dim) => size * dim, 1);

export const float32 = (
  shape: readonly number[],
  data?: Float32Array | readonly number[],
): Tensor<"float32"> => ({
  dtype: "float32",
  shape,
  data:
    data === undefined
      ? new Float32Array(sizeOf(shape))
      : data instanceof Float32Array
        ? data
        : Float32Array.from(data),
});

/** Numbers, rounded to float16. */
export const float16 = (shape: readonly number[], numbers?: readonly number[]): Tensor<"float16"> => ({
  dtype: "float16",
  shape,
  data: numbers ? Uint16Array.from(numbers, float16Bits) : new Uint16Array(sizeOf(shape)),
});

export const int32 = (shape: readonly number[], data?: Int32Array | readonly number[]): Tensor<"int32"> => ({
  dtype: "int32",
  shape,
  data:
    data === undefined
      ? new Int32Array(sizeOf(shape))
      : data instanceof Int32Array
        ? data
        : Int32Array.from(data),
});

/** A matrix or vector in another shape of as many axes: cut at the end of an axis, or filled with zeros behind it. */
export function resized(
  values: Float32Array,
  from: readonly number[],
  to: readonly number[],
): Float32Array<ArrayBuffer> {
  const result = new Float32Array(sizeOf(to));
  const [width, newWidth] = [from.at(-1)!, to.at(-1)!];
  const rows = Math.min(sizeOf(from) / width, sizeOf(to) / newWidth);
  for (let row = 0; row < rows; row++) {
    const start = row * width;
    result.set(values.subarray(start, start + Math.min(width, newWidth)), row * newWidth);
  }
  return result;
}

/** A matrix [rows, columns] as [columns, rows]. */
export function transposed(
  values: Float32Array,
  [rows = 1, columns = 1]: readonly number[],
): Float32Array<ArrayBuffer> {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      result[column * rows + row] = values[row * columns + column]!;
  }
  return result;
}
