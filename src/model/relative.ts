import { int32, type Tensor } from "../base/tensor.js";

/**
 * Which row of a table each distance has, for texts of up to `positions`: number c is for the distance c - positions of
 * two tokens, as `GraphBuilder.byDistance` counts them in its middle.
 */
export const rowsByDistance = (positions: number, rowOf: (distance: number) => number): Tensor =>
  int32(
    [2 * positions],
    Array.from({ length: 2 * positions }, (_, c) => rowOf(c - positions)),
  );
