import type { DType } from "../base/tensor.js";
import type { Op, Value } from "./graph.js";

/** The type that matrix products compute in, and with them what lies between them. */
export type Precision = "float32" | "float16";

/** The ops that float16 is for: they take nearly all of the time. */
const IN_FLOAT16: ReadonlySet<string> = new Set(["MatMul", "Linear"]);

/**
 * Ops that stay in float32. Sums lose digits in float16, where ONNX Runtime's GPU kernels add up in the type of their
 * inputs (ReduceSum, Softmax); squares and exponentials leave its range; and a loss needs all its digits.
 */
const IN_FLOAT32: ReadonlySet<string> = new Set([
  "ReduceSum",
  "CumSum",
  "ScatterRows",
  "Softmax",
  "LogSoftmax",
  "LayerNormalization",
  "Log",
  "Softplus",
  "Masked",
]);

/**
 * The type that an op's floats are cast to in a graph of mixed precision, as PyTorch's autocast does it
 * (https://docs.pytorch.org/docs/stable/amp.html): float16 for products, float32 for what needs it, and for all else
 * the widest type that its inputs have. So what is added to float32 becomes float32, such as attention's bias of -1e9,
 * for which float16 has no number.
 */
export function mixedType(op: Op, inputs: readonly Value[]): Precision {
  if (IN_FLOAT16.has(op.name)) return "float16";
  if (IN_FLOAT32.has(op.name)) return "float32";
  return inputs.some(({ dtype }) => dtype === "float32") ? "float32" : "float16";
}

export const isFloat = (dtype: DType): dtype is Precision => dtype === "float32" || dtype === "float16";
