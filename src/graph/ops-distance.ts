import type { Tensor } from "../base/tensor.js";
import { type Dim, product } from "./dims.js";
import { defineOp, graphError, type Value } from "./graph.js";

// What depends on how far apart two of n positions are lies on an axis of 2n: number e is for the distance
// j - i = e - n, from -n to n - 1. No pair is at distance -n; it is there because axes can be named 2·n, but not 2·n - 1.

/**
 * Looks each pair of positions up by its distance: x [..., n, 2n] → [..., n, n].
 *
 * yᵢⱼ = x[i, n + j - i]  =>  dx[i, e] = dyᵢⱼ at j = e - n + i, and 0 where there is no such j
 *
 * In memory yᵢⱼ lies at 2n·i + n + j - i = n + (2n - 1)·i + j: behind its first n elements, which are half a row, x has
 * y's rows at the beginning of rows of 2n - 1. So rows only move, forward and backward; nothing is gathered or added up.
 * The idea is that of https://arxiv.org/abs/1809.04281
 */
export const byDistance = defineOp<readonly [Value]>({
  name: "ByDistance",
  infer: ([x]) => {
    const [n = 0, distances] = x.shape.slice(-2);
    if (distances !== product([2, n])) throw graphError("ByDistance", [x], "twice as many columns as rows");
    return { dtype: x.dtype, shape: [...x.shape.slice(0, -1), n] };
  },
  gradient: (g, dy) => [g.toDistance(dy)],
  onnx: (writer, { inputs: [x] }, [name], outputs) => {
    const rank = x.shape.length;
    const n = x.shape.at(-2)!;
    const leading = new Array<number>(rank - 2).fill(0); // as they are
    const half = writer.integers([rank - 2]); // Slice is 2.5 times as fast on this axis as on all elements in a row.
    const halves = writer.node("Reshape", [name!, writer.shape([...leading, product([2, n]), n])]);
    const rest = [writer.integers([1]), writer.shape([product([2, n])]), half];
    const rows = writer.node("Reshape", [
      writer.node("Slice", [halves, ...rest]),
      writer.shape([...leading, n, -1]),
    ]);
    const beginning = [writer.integers([0]), writer.shape([n]), writer.integers([rank - 1])];
    writer.emit("Slice", [rows, ...beginning], outputs);
  },
});

/** Puts each pair of positions at its distance, [..., n, n] → [..., n, 2n], and zeros elsewhere: the transpose of `byDistance`. */
export const toDistance = defineOp<readonly [Value]>({
  name: "ToDistance",
  infer: ([x]) => {
    const [n = 0, columns] = x.shape.slice(-2);
    if (columns !== n) throw graphError("ToDistance", [x], "as many columns as rows");
    return { dtype: x.dtype, shape: [...x.shape.slice(0, -1), product([2, n])] };
  },
  gradient: (g, dy) => [g.byDistance(dy)],
  onnx: (writer, { inputs: [x] }, [name], outputs) => {
    const rank = x.shape.length;
    const n = x.shape.at(-1)!;
    const leading = new Array<number>(rank - 2).fill(0);
    const zeros = (axes: number): string[] =>
      axes === 0 ? [] : [writer.integers(new Array<number>(axes).fill(0))];
    const padded = (from: string, ...pads: string[]) =>
      writer.node("Pad", [from, writer.node("Concat", pads, { axis: 0 })]);
    const size = writer.shape([n]);
    const less = writer.node("Sub", [size, writer.integers([1])]);
    const wide = padded(name!, ...zeros(2 * rank - 1), less);
    const flat = writer.node("Reshape", [wide, writer.integers([...leading, -1])]);
    const shifted = padded(flat, ...zeros(rank - 2), size, ...zeros(rank - 1));
    writer.emit("Reshape", [shifted, writer.shape([...leading, n, -1])], outputs);
  },
});

/**
 * `size` elements of a constant vector: from `start` on, or in its middle. Where a vector has an element for each of the
 * 2m distances in the longest text, the middle 2n are for those in a text of n.
 */
export const constantPart = defineOp<readonly [], { value: Tensor; start: number | "middle"; size: Dim }>({
  name: "ConstantPart",
  infer: (_, { value: { dtype }, size }) => ({ dtype, shape: [size] }),
  gradient: () => [],
  onnx: (writer, { attributes: { value, start, size } }, _inputs, outputs) => {
    const whole = writer.constant(value);
    const count = writer.shape([size]);
    const rest = () => writer.node("Sub", [writer.integers([value.data.length]), count]);
    const from =
      start === "middle" ? writer.node("Div", [rest(), writer.integers([2])]) : writer.integers([start]);
    writer.emit("Slice", [whole, from, writer.node("Add", [from, count]), writer.integers([0])], outputs);
  },
});
