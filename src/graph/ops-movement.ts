import { sum } from "../base/numbers.js";
import type { DType } from "../base/tensor.js";
import { type Dim, product, type Shape, sameShape } from "./dims.js";
import { defineOp, graphError, type Value } from "./graph.js";
import { isFloat } from "./precision.js";

/** The same elements in another shape.  y = x  =>  dx = dy */
export const reshape = defineOp<readonly [Value], { shape: Shape }>({
  name: "Reshape",
  infer: ([x], { shape }) => {
    if (product(x.shape) !== product(shape))
      throw graphError("Reshape", [x], `as many elements as [${shape}]`);
    return { dtype: x.dtype, shape };
  },
  gradient: (g, dy, { inputs: [x] }) => [g.reshape(dy, x.shape)],
  onnx: (writer, { attributes }, [x], outputs) =>
    writer.emit("Reshape", [x!, writer.reshapeTarget(attributes.shape)], outputs),
});

/**
 * x itself, but no sooner than `other`, of the same shape, is there: for what is to be computed late.  y = x  =>  dx = dy
 *
 * ONNX has no such operator. With dynamic axes it is a Reshape to the shape read off `other`, which moves nothing; with
 * numbers, ONNX Runtime would work that out beforehand, and it is x + 0·other.
 */
export const after = defineOp<readonly [Value, Value]>({
  name: "After",
  infer: ([x, other]) => {
    if (!sameShape(x.shape, other.shape)) throw graphError("After", [x, other], "two values of one shape");
    return { dtype: x.dtype, shape: x.shape };
  },
  gradient: (_g, dy) => [dy, null],
  onnx: (writer, { inputs: [x, late] }, [name, other], outputs) => {
    if (writer.isDynamic(x.shape)) {
      return writer.emit("Reshape", [name!, writer.node("Shape", [other!])], outputs);
    }
    const zeros = writer.node("Mul", [other!, writer.scalar(0, late.dtype)]);
    const wide = isFloat(x.dtype) ? x.dtype : "float32"; // there is no sum of bytes
    const widened = (value: string, dtype: DType): string =>
      dtype === wide ? value : writer.node("Cast", [value], { to: writer.dtype(wide) });
    const terms = [widened(name!, x.dtype), widened(zeros, late.dtype)];
    if (x.dtype === wide) return writer.emit("Add", terms, outputs);
    writer.emit("Cast", [writer.node("Add", terms)], outputs, { to: writer.dtype(x.dtype) });
  },
});

/** Axis i of the result is axis order[i] of x.  dx = dy in the inverse order */
export const transpose = defineOp<readonly [Value], { order: Shape }>({
  name: "Transpose",
  infer: ([x], { order }) => {
    const sorted = [...order].sort();
    if (sorted.length !== x.shape.length || sorted.some((axis, i) => axis !== i)) {
      throw graphError("Transpose", [x], `each axis once in the order [${order}]`);
    }
    return { dtype: x.dtype, shape: order.map((axis) => x.shape[axis as number]!) };
  },
  gradient: (g, dy, { attributes: { order } }) => [
    g.transpose(
      dy,
      order.map((_, axis) => order.indexOf(axis)),
    ),
  ],
  onnx: (writer, { attributes }, inputs, outputs) =>
    writer.emit("Transpose", inputs, outputs, { perm: attributes.order as number[] }),
});

/** Stretches axes of 1 to `shape`; y = x  =>  dx = Σ dy over what was stretched */
export const expand = defineOp<readonly [Value], { shape: Shape }>({
  name: "Expand",
  infer: ([x], { shape }) => {
    const fits = x.shape.length === shape.length && x.shape.every((dim, i) => dim === 1 || dim === shape[i]);
    if (!fits) throw graphError("Expand", [x], `axes of 1 or those of [${shape}]`);
    return { dtype: x.dtype, shape };
  },
  gradient: (g, dy, { inputs: [x], attributes: { shape } }) => [
    g.reduceSum(
      dy,
      shape.flatMap((dim, i) => (x.shape[i] === 1 && dim !== 1 ? [i] : [])),
    ),
  ],
  onnx: (writer, { attributes }, [x], outputs) =>
    writer.emit("Expand", [x!, writer.shape(attributes.shape)], outputs),
});

/** Elements [start, start + size) of one axis; y = x[…]  =>  dx = dy among zeros */
export const slice = defineOp<readonly [Value], { axis: number; start: number; size: Dim }>({
  name: "Slice",
  infer: ([x], { axis, start, size }) => {
    const whole = x.shape[axis];
    if (typeof size === "number" && typeof whole === "number" && start + size > whole) {
      throw graphError("Slice", [x], `at least ${start + size} elements on axis ${axis}`);
    }
    return { dtype: x.dtype, shape: x.shape.map((dim, i) => (i === axis ? size : dim)) };
  },
  gradient: (g, dy, { inputs: [x], attributes: { axis, start } }) => [
    g.unslice(dy, axis, start, x.shape[axis]!),
  ],
  onnx: (writer, { attributes: { axis, start, size } }, [x], outputs) => {
    const from = writer.integers([start]);
    const end = start === 0 ? writer.shape([size]) : writer.node("Add", [writer.shape([size]), from]);
    writer.emit("Slice", [x!, from, end, writer.integers([axis])], outputs);
  },
});

/** Puts x at `start` of an axis of `size` elements, zeros elsewhere: the transpose of `slice`. */
export const unslice = defineOp<readonly [Value], { axis: number; start: number; size: Dim }>({
  name: "Unslice",
  infer: ([x], { axis, start, size }) => {
    const part = x.shape[axis];
    if (typeof size === "number" && typeof part === "number" && start + part > size) {
      throw graphError("Unslice", [x], `at most ${size - start} elements on axis ${axis}`);
    }
    return { dtype: x.dtype, shape: x.shape.map((dim, i) => (i === axis ? size : dim)) };
  },
  gradient: (g, dy, { inputs: [x], attributes: { axis, start } }) => [
    g.slice(dy, axis, start, x.shape[axis]!),
  ],
  onnx: (writer, { inputs: [x], attributes: { axis, start, size } }, names, outputs) => {
    const rank = x.shape.length;
    const none = (axes: number): string[] =>
      axes === 0 ? [] : [writer.integers(new Array<number>(axes).fill(0))];
    const part = writer.shape([x.shape[axis]!]);
    const after = writer.node("Sub", [
      writer.node("Sub", [writer.shape([size]), writer.integers([start])]),
      part,
    ]);
    const pads = writer.node(
      "Concat",
      [...none(axis), writer.integers([start]), ...none(rank - 1), after, ...none(rank - 1 - axis)],
      { axis: 0 },
    );
    writer.emit("Pad", [names[0]!, pads], outputs);
  },
});

/** Vectors of known lengths behind each other; y = [x₀, x₁, …]  =>  dxᵢ = its piece of dy */
export const concat = defineOp<readonly Value[]>({
  name: "Concat",
  infer: (parts) => {
    const sizes = parts.flatMap(({ shape }) => (shape.length === 1 ? shape : []));
    if (parts.length === 0 || sizes.length !== parts.length || sizes.some((size) => typeof size === "string"))
      throw graphError("Concat", parts, "vectors of known lengths");
    return { dtype: parts[0]!.dtype, shape: [sum(sizes as number[])] };
  },
  gradient: (g, dy, { inputs }) => {
    let start = 0;
    return inputs.map(({ shape: [size] }) => {
      const piece = g.slice(dy, 0, start, size!);
      start += size as number;
      return piece;
    });
  },
  onnx: (writer, _node, inputs, outputs) => writer.emit("Concat", inputs, outputs, { axis: 0 }),
});

/** Rows of a table [rows, width] by number: indices [...] → [..., width]; dtable = dy added up by row */
export const gather = defineOp<readonly [Value, Value]>({
  name: "Gather",
  infer: ([table, indices]) => {
    const numbered = indices.dtype === "int32" || indices.dtype === "int64";
    if (table.shape.length !== 2 || !numbered) {
      throw graphError("Gather", [table, indices], "a table of rows and int32 or int64 numbers");
    }
    return { dtype: table.dtype, shape: [...indices.shape, table.shape[1]!] };
  },
  gradient: (g, dy, { inputs: [table, indices] }) => [g.scatterRows(dy, indices, table.shape[0]!), null],
  onnx: (writer, _node, inputs, outputs) => writer.emit("Gather", inputs, outputs, { axis: 0 }),
});

/**
 * Adds rows up by number: x [..., width] with indices [...] → [rows, width]; the transpose of `gather`.
 *
 * In ONNX it is a product with the one-hot rows: ScatterND adds in parallel without locks and isn't repeatable.
 * That suits small tables; a training step takes x and the indices of large ones out of the graph and adds them
 * up in order itself.
 */
export const scatterRows = defineOp<readonly [Value, Value], { rows: Dim }>({
  name: "ScatterRows",
  infer: ([x, indices], { rows }) => {
    const leading = x.shape.slice(0, -1);
    if (product(leading) !== product(indices.shape))
      throw graphError("ScatterRows", [x, indices], "an index a row");
    return { dtype: x.dtype, shape: [rows, x.shape.at(-1)!] };
  },
  gradient: (g, dy, { inputs: [x, indices] }) => [g.reshape(g.gather(dy, indices), x.shape), null],
  onnx: (writer, { inputs: [x, indices], attributes: { rows } }, names, outputs) => {
    const numbers = Array.from({ length: writer.bound(rows) }, (_, row) => row);
    const flat = writer.node("Reshape", [names[0]!, writer.integers([-1, writer.bound(x.shape.at(-1)!)])]);
    if (writer.target === "webgpu") {
      const line = writer.node("Reshape", [names[1]!, writer.integers([1, -1])]);
      const all = writer.node("Reshape", [writer.integers(numbers, indices.dtype), writer.integers([-1, 1])]);
      const hot = writer.node("Cast", [writer.node("Equal", [all, line])], { to: writer.dtype(x.dtype) });
      return writer.emit("MatMul", [hot, flat], outputs);
    }
    const column = writer.node("Reshape", [names[1]!, writer.integers([-1, 1])]);
    const hot = writer.node("Equal", [column, writer.integers(numbers, indices.dtype)]);
    const matrix = writer.node("Cast", [hot], { to: writer.dtype(x.dtype) });
    writer.emit("Gemm", [matrix, flat], outputs, { transA: 1 });
  },
});
