import { type Shape, sameShape } from "./dims.js";
import { defineOp, graphError, type Value } from "./graph.js";

/**
 * Sum over some axes, which stay as axes of 1.
 *
 * y = Σ x  =>  dx = dy, stretched
 */
export const reduceSum = defineOp<readonly [Value], { axes: Shape }>({
  name: "ReduceSum",
  infer: ([x], { axes }) => {
    if (axes.some((axis) => x.shape[axis as number] === undefined))
      throw graphError("ReduceSum", [x], `axes ${axes}`);
    return { dtype: x.dtype, shape: x.shape.map((dim, i) => (axes.includes(i) ? 1 : dim)) };
  },
  gradient: (g, dy, { inputs: [x] }) => [g.expand(dy, x.shape)],
  onnx: (writer, { attributes }, [x], outputs) =>
    writer.emit("ReduceSum", [x!, writer.integers(attributes.axes as number[])], outputs, { keepdims: 1 }),
});

/**
 * Running sum along the last axis, each element included; from the end where `reverse`.
 *
 * yᵢ = Σ xⱼ over j ≤ i  =>  dxⱼ = Σ dyᵢ over i ≥ j
 */
export const cumSum = defineOp<readonly [Value], { reverse: boolean }>({
  name: "CumSum",
  infer: ([x]) => {
    if (x.shape.length === 0) throw graphError("CumSum", [x], "an axis");
    return { dtype: x.dtype, shape: x.shape };
  },
  gradient: (g, dy, { attributes: { reverse } }) => [g.cumSum(dy, !reverse)],
  onnx: (writer, { inputs: [x], attributes: { reverse } }, [name], outputs) =>
    writer.emit("CumSum", [name!, writer.integers([x.shape.length - 1])], outputs, {
      reverse: Number(reverse),
    }),
});

/**
 * Softmax over the last axis.
 *
 * y = softmax(x)  =>  dx = y·(dy - Σ dy·y)
 */
export const softmax = defineOp<readonly [Value]>({
  name: "Softmax",
  infer: ([x]) => ({ dtype: x.dtype, shape: x.shape }),
  gradient: (g, dy, { inputs: [x], outputs: [y] }) => {
    const weighted = g.mul(dy, y!);
    return [g.sub(weighted, g.mul(y!, g.reduceSum(weighted, [x.shape.length - 1])))];
  },
  onnx: (writer, _node, inputs, outputs) => writer.emit("Softmax", inputs, outputs, { axis: -1 }),
});

/**
 * Logarithm of the softmax over the last axis.
 *
 * y = x - ln Σ eˣ  =>  dx = dy - eʸ·Σ dy
 */
export const logSoftmax = defineOp<readonly [Value]>({
  name: "LogSoftmax",
  infer: ([x]) => ({ dtype: x.dtype, shape: x.shape }),
  gradient: (g, dy, { inputs: [x], outputs: [y] }) => [
    g.sub(dy, g.mul(g.exp(y!), g.reduceSum(dy, [x.shape.length - 1]))),
  ],
  onnx: (writer, _node, inputs, outputs) => {
    if (writer.target !== "webgpu") return writer.emit("LogSoftmax", inputs, outputs, { axis: -1 });
    const shifted = writer.node("Sub", [inputs[0]!, writer.node("ReduceMax", inputs, { axes: [-1] })]);
    const sum = writer.node("ReduceSum", [writer.node("Exp", [shifted]), writer.integers([-1])]);
    writer.emit("Sub", [shifted, writer.node("Log", [sum])], outputs);
  },
});

/**
 * Layer normalisation over the last axis; gives also the mean and 1/√(variance + ε) of each row for the backward
 * pass. https://arxiv.org/abs/1607.06450
 *
 * x̂ = (x - mean)·r,  y = x̂·γ + β, where there is a β  =>  dγ = Σ dy·x̂,  dβ = Σ dy,
 * dx = r·(dx̂ - mean(dx̂) - x̂·mean(dx̂·x̂))  with  dx̂ = dy·γ
 */
export const layerNorm = defineOp<readonly [Value, Value, ...Value[]], { epsilon: number }>({
  name: "LayerNormalization",
  infer: ([x, gamma, beta]) => {
    const width = x.shape.slice(-1);
    const inputs = beta ? [x, gamma, beta] : [x, gamma];
    const fits = inputs.slice(1).every(({ shape }) => sameShape(shape, width));
    if (!fits || inputs.some(({ dtype }) => dtype !== "float32")) {
      throw graphError("LayerNormalization", inputs, "float32, γ and β as wide as the rows");
    }
    const row = { dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] };
    return [{ dtype: x.dtype, shape: x.shape }, row, row];
  },
  gradient: (g, dy, { inputs: [x, gamma, beta], outputs: [, mean, inverse] }) => {
    const last = x.shape.length - 1;
    const rows = Array.from({ length: last }, (_, axis) => axis);
    const size = x.shape[last] as number;
    const normalised = g.mul(g.sub(x, mean!), inverse!);
    const scaled = g.mul(dy, gamma);
    const center = g.mul(g.reduceSum(scaled, [last]), 1 / size);
    const slope = g.mul(g.reduceSum(g.mul(scaled, normalised), [last]), 1 / size);
    return [
      g.mul(g.sub(g.sub(scaled, center), g.mul(normalised, slope)), inverse!),
      g.reshape(g.reduceSum(g.mul(dy, normalised), rows), gamma.shape),
      ...(beta ? [g.reshape(g.reduceSum(dy, rows), beta.shape)] : []),
    ];
  },
  onnx: (writer, { attributes }, inputs, outputs) =>
    writer.emit("LayerNormalization", inputs, outputs, {
      axis: -1,
      epsilon: writer.float(attributes.epsilon),
    }),
});
