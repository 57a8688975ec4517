import { type Dim, type Shape, sameShape } from "./dims.js";
import { defineOp, graphError, type Value } from "./graph.js";
import { unbroadcast } from "./ops-elementwise.js";

type ProductAttributes = { transA: boolean; transB: boolean; scale: number };

/**
 * Matrix product over the last two axes, either side transposed first, times a number. Where a side
 * has a leading axis of 1, it stretches.
 *
 * y = s·a·b  =>  da = s·dy·bᵀ,  db = s·aᵀ·dy
 */
export const matmul = defineOp<readonly [Value, Value], ProductAttributes>({
  name: "MatMul",
  infer: ([a, b], { transA, transB }) => {
    const [m, k] = matrixOf(a.shape, transA);
    const [inner, n] = matrixOf(b.shape, transB);
    const pairs = a.shape.slice(0, -2).map((dim, axis) => [dim, b.shape[axis]!] as const);
    const sameRank = a.shape.length >= 2 && a.shape.length === b.shape.length;
    const fits = sameRank && k === inner && pairs.every(([l, r]) => l === r || l === 1 || r === 1);
    if (a.dtype !== b.dtype || !fits) {
      throw graphError(
        "MatMul",
        [a, b],
        `matrices of one type that fit (transA ${transA}, transB ${transB})`,
      );
    }
    return { dtype: a.dtype, shape: [...pairs.map(([l, r]) => (l === 1 ? r : l)), m, n] };
  },
  gradient: (g, dy, { inputs: [a, b], attributes: { transA, transB, scale } }) => {
    const da = transA
      ? g.matmul(b, dy, { transA: transB, transB: true, scale })
      : g.matmul(dy, b, { transB: !transB, scale });
    const db = transB
      ? g.matmul(dy, a, { transA: true, transB: transA, scale })
      : g.matmul(a, dy, { transA: !transA, scale });
    return [unbroadcast(g, da, a.shape), unbroadcast(g, db, b.shape)];
  },
  onnx: (writer, { inputs: [a, b], attributes: { transA, transB, scale } }, [left, right], outputs) => {
    const flags = { transA: Number(transA), transB: Number(transB), alpha: writer.float(scale) };
    // Gemm with a transposed side is slow on the GPU: 5-6 TFLOP/s against 13-20 of MatMul on an H100.
    if (a.shape.length === 2 && writer.target !== "webgpu") {
      if (!turnsLeft(a, b, transA, transB)) return writer.emit("Gemm", [left!, right!], outputs, flags);
      const side = writer.node("Transpose", [left!], { perm: [1, 0] });
      return writer.emit("Gemm", [side, right!], outputs, { ...flags, transA: 0 });
    }
    const plain = !transA && !transB && scale === 1;
    if (!plain && writer.target === "cpu") {
      return writer.emit("FusedMatMul", [left!, right!], outputs, flags, "com.microsoft");
    }
    const turned = (name: string, rank: number) => {
      const order = Array.from({ length: rank }, (_, axis) => axis);
      [order[rank - 2], order[rank - 1]] = [rank - 1, rank - 2];
      return writer.node("Transpose", [name], { perm: order });
    };
    const inputs = [
      transA ? turned(left!, a.shape.length) : left!,
      transB ? turned(right!, b.shape.length) : right!,
    ];
    if (scale === 1) return writer.emit("MatMul", inputs, outputs);
    writer.emit("Mul", [writer.node("MatMul", inputs), writer.scalar(scale, a.dtype)], outputs);
  },
});

/**
 * A dense layer: x [rows, in], weight [out, in] as checkpoints store it, bias [out] → [rows, out].
 *
 * y = x·wᵀ + b  =>  dx = dy·w,  dw = dyᵀ·x,  db = Σ dy over the rows
 */
export const linear = defineOp<readonly [Value, Value, Value]>({
  name: "Linear",
  infer: ([x, weight, bias]) => {
    const fits = x.shape.length === 2 && weight.shape.length === 2 && x.shape[1] === weight.shape[1];
    if (!fits || !sameShape(bias.shape, weight.shape.slice(0, 1))) {
      throw graphError("Linear", [x, weight, bias], "x [rows, in], weight [out, in] and bias [out]");
    }
    return { dtype: x.dtype, shape: [x.shape[0]!, weight.shape[0]!] };
  },
  gradient: (g, dy, { inputs: [x, weight, bias] }) => [
    g.matmul(dy, weight),
    g.matmul(dy, x, { transA: true }),
    g.reshape(g.reduceSum(dy, [0]), bias.shape),
  ],
  onnx: (writer, { inputs: [, , bias] }, [x, weight, summand], outputs) => {
    const flags = { transB: 1 };
    // Gemm first copies the bias to each row, with one thread; in wide products an Add with all threads is quicker.
    if (writer.target !== "cpu" || Number(bias.shape[0]) < WIDE)
      return writer.emit("Gemm", [x!, weight!, summand!], outputs, flags);
    writer.emit("Add", [writer.node("Gemm", [x!, weight!], flags), summand!], outputs);
  },
});

/** Columns from which a pass of its own over a product's side or result is quicker than what Gemm does. */
const WIDE = 768;

/**
 * Whether a transposed left side is better turned in a pass of its own. Gemm of ONNX Runtime turns it again for each
 * 128 columns of the result; one pass takes as long as about four of these, longer where the left side is wide.
 */
function turnsLeft(a: Value, b: Value, transA: boolean, transB: boolean): boolean {
  const [rows, columns] = [Number(a.shape[1]), Number(b.shape[1])];
  return transA && !transB && columns >= WIDE && columns >= rows;
}

/** The last two axes, as they count after the transposition. */
function matrixOf(shape: Shape, transposed: boolean): readonly [Dim, Dim] {
  const [rows = 0, columns = 0] = shape.slice(-2);
  return transposed ? [columns, rows] : [rows, columns];
}
