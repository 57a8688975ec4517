import type { DType } from "../base/tensor.js";
import type { GraphBuilder } from "./builder.js";
import { type Dim, type Shape, sameShape } from "./dims.js";
import { defineOp, graphError, type Op, type Value, type ValueType } from "./graph.js";
import { isFloat } from "./precision.js";

/** NumPy's rule: axes are matched from the right, and an axis of 1 stretches. */
export function broadcast(op: string, a: ValueType, b: ValueType): Shape {
  const rank = Math.max(a.shape.length, b.shape.length);
  const axis = (shape: Shape, i: number): Dim => shape[i - rank + shape.length] ?? 1;
  return Array.from({ length: rank }, (_, i) => {
    const [m, n] = [axis(a.shape, i), axis(b.shape, i)];
    if (m !== n && m !== 1 && n !== 1) throw graphError(op, [a, b], "shapes that broadcast");
    return m === 1 ? n : m;
  });
}

/** Sums a gradient over the axes along which its value was stretched. */
export function unbroadcast(g: GraphBuilder, dy: Value, shape: Shape): Value {
  if (sameShape(dy.shape, shape)) return dy;
  const added = dy.shape.length - shape.length;
  const stretched = dy.shape.flatMap((dim, i) =>
    i < added || (shape[i - added] === 1 && dim !== 1) ? [i] : [],
  );
  return g.reshape(g.reduceSum(dy, stretched), shape);
}

type Pair = readonly [Value, Value];

function binary(
  name: string,
  gradient: (g: GraphBuilder, dy: Value, a: Value, b: Value, y: Value) => readonly [Value, Value],
): Op {
  return defineOp<Pair>({
    name,
    infer: ([a, b]) => {
      if (a.dtype !== b.dtype) throw graphError(name, [a, b], "two of the same type");
      return { dtype: a.dtype, shape: broadcast(name, a, b) };
    },
    gradient: (g, dy, { inputs: [a, b], outputs }) => {
      const [da, db] = gradient(g, dy, a, b, outputs[0]!);
      return [unbroadcast(g, da, a.shape), unbroadcast(g, db, b.shape)];
    },
    onnx: (writer, _node, inputs, outputs) => writer.emit(name, inputs, outputs),
  });
}

function unary(name: string, gradient: (g: GraphBuilder, dy: Value, x: Value, y: Value) => Value | null): Op {
  return defineOp<readonly [Value]>({
    name,
    infer: ([x]) => ({ dtype: x.dtype, shape: x.shape }),
    gradient: (g, dy, { inputs: [x], outputs }) => [gradient(g, dy, x, outputs[0]!)],
    onnx: (writer, _node, inputs, outputs) => writer.emit(name, inputs, outputs),
  });
}

// y = a+b  =>  da = dy,  db = dy
export const add = binary("Add", (_g, dy) => [dy, dy]);

// y = a-b  =>  da = dy,  db = -dy
export const sub = binary("Sub", (g, dy) => [dy, g.neg(dy)]);

// y = a·b  =>  da = dy·b,  db = dy·a
export const mul = binary("Mul", (g, dy, a, b) => [g.mul(dy, b), g.mul(dy, a)]);

// y = a/b  =>  da = dy/b,  db = -dy·y/b
export const div = binary("Div", (g, dy, _a, b, y) => {
  const da = g.div(dy, b);
  return [da, g.neg(g.mul(da, y))];
});

// y = -x  =>  dx = -dy
export const neg = unary("Neg", (g, dy) => g.neg(dy));

// y = eˣ  =>  dx = dy·y
export const exp = unary("Exp", (g, dy, _x, y) => g.mul(dy, y));

// y = ln x  =>  dx = dy/x
export const log = unary("Log", (g, dy, x) => g.div(dy, x));

// y = √x  =>  dx = dy/(2y)
export const sqrt = unary("Sqrt", (g, dy, _x, y) => g.div(g.mul(dy, 0.5), y));

// y = tanh x  =>  dx = dy·(1-y²)
export const tanh = unary("Tanh", (g, dy, _x, y) => g.mul(dy, g.sub(1, g.mul(y, y))));

// y = erf x  =>  dx = dy·2/√π·exp(-x²)
export const erf = unary("Erf", (g, dy, x) =>
  g.mul(dy, g.mul(g.exp(g.neg(g.mul(x, x))), 2 / Math.sqrt(Math.PI))),
);

// y = 1/(1+e⁻ˣ)  =>  dx = dy·y·(1-y)
export const sigmoid = unary("Sigmoid", (g, dy, _x, y) => g.mul(dy, g.mul(y, g.sub(1, y))));

// y = ln(1+eˣ)  =>  dx = dy·sigmoid(x)
export const softplus = unary("Softplus", (g, dy, x) => g.mul(dy, g.sigmoid(x)));

// y = max(x, 0)  =>  dx = dy where y > 0
export const relu = unary("Relu", (g, dy, _x, y) => g.mul(dy, g.sign(y)));

/** αx + β, at least 0 and at most 1; y  =>  dx = dy·α where y is neither */
export const hardSigmoid = defineOp<readonly [Value], { alpha: number; beta: number }>({
  name: "HardSigmoid",
  infer: ([x]) => ({ dtype: x.dtype, shape: x.shape }),
  gradient: (g, dy, { outputs: [y], attributes: { alpha } }) => [
    g.mul(dy, g.mul(g.sign(g.mul(y!, g.sub(1, y!))), alpha)),
  ],
  onnx: (writer, { attributes: { alpha, beta } }, inputs, outputs) =>
    writer.emit("HardSigmoid", inputs, outputs, { alpha: writer.float(alpha), beta: writer.float(beta) }),
});

// y = -1, 0 or 1  =>  dx = 0 almost everywhere
export const sign = defineOp<readonly [Value]>({
  name: "Sign",
  infer: ([x]) => ({ dtype: x.dtype, shape: x.shape }),
  gradient: () => [null],
  onnx: (writer, { inputs: [x] }, inputs, outputs) => {
    if (writer.target !== "webgpu") return writer.emit("Sign", inputs, outputs);
    const [above, below] = ["Greater", "Less"].map((comparison) =>
      writer.node("Cast", [writer.node(comparison, [...inputs, writer.scalar(0, x!.dtype)])], {
        to: writer.dtype(x!.dtype),
      }),
    );
    writer.emit("Sub", [above!, below!], outputs);
  },
});

/**
 * The same numbers in another element type, rounded to it.
 *
 * y = x  =>  dx = dy between float types, in x's; none to or from integers
 */
export const cast = defineOp<readonly [Value], { dtype: DType }>({
  name: "Cast",
  infer: ([x], { dtype }) => ({ dtype, shape: x.shape }),
  gradient: (g, dy, { inputs: [x], attributes: { dtype } }) => [
    isFloat(x.dtype) && isFloat(dtype) ? g.cast(dy, x.dtype) : null,
  ],
  onnx: (writer, node, inputs, outputs) =>
    writer.emit("Cast", inputs, outputs, { to: writer.dtype(node.attributes.dtype) }),
});

/**
 * x·scale where a mask of bytes is 1, and 0 where it is 0. The backward pass makes numbers of the bytes a second time: to
 * keep those of the forward pass would take four times the memory.
 *
 * y = x·mask·scale  =>  dx = dy·mask·scale
 */
export const masked = defineOp<Pair, { scale: number }>({
  name: "Masked",
  infer: ([x, mask]) => {
    if (mask.dtype !== "uint8" || !sameShape(x.shape, mask.shape))
      throw graphError("Masked", [x, mask], "numbers and bytes of the same shape");
    return { dtype: x.dtype, shape: x.shape };
  },
  gradient: (g, dy, { inputs: [, mask], attributes: { scale } }) => [
    g.masked(dy, g.after(mask, dy), scale),
    null,
  ],
  onnx: (writer, { inputs: [{ dtype }], attributes: { scale } }, [x, mask], outputs) => {
    const numbers = writer.node("Cast", [mask!], { to: writer.dtype(dtype) });
    writer.emit("Mul", [x!, writer.node("Mul", [numbers, writer.scalar(scale, dtype)])], outputs);
  },
});

/**
 * Exact GELU, x·Φ(x), in one pass where the target has it. https://arxiv.org/abs/1606.08415
 *
 * y = x·Φ(x)  =>  dx = dy·(Φ(x) + x·φ(x))  with  φ(x) = exp(-x²/2)/√(2π)
 */
export const gelu = defineOp<readonly [Value]>({
  name: "Gelu",
  infer: ([x]) => ({ dtype: x.dtype, shape: x.shape }),
  gradient: (g, dy, { inputs: [x] }) => {
    const t = g.mul(x, Math.SQRT1_2);
    const density = g.mul(g.div(t, g.exp(g.mul(t, t))), 1 / Math.sqrt(Math.PI)); // x·φ(x), without a pass for the sign
    const cumulative = g.hardSigmoid(g.erf(t), 0.5, 0.5);
    return [g.mul(dy, g.add(cumulative, density))];
  },
  onnx: (writer, { inputs }, [x], outputs) => {
    if (writer.target === "cpu") return writer.emit("Gelu", [x!], outputs, {}, "com.microsoft");
    const scalar = (value: number): string => writer.scalar(value, inputs[0].dtype);
    const error = writer.node("Erf", [writer.node("Mul", [x!, scalar(Math.SQRT1_2)])]);
    const twice = writer.node("Mul", [x!, writer.node("Add", [error, scalar(1)])]);
    writer.emit("Mul", [twice, scalar(0.5)], outputs);
  },
});
