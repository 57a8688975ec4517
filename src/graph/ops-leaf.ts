import type { DType, Tensor } from "../base/tensor.js";
import type { Shape } from "./dims.js";
import { defineOp } from "./graph.js";

/** A tensor that is fed by name at each run; has no gradient rule since nothing flows beyond it. */
export const input = defineOp<readonly [], { name: string; dtype: DType; shape: Shape }>({
  name: "Input",
  infer: (_, { dtype, shape }) => ({ dtype, shape }),
  gradient: () => [],
  onnx: () => {}, // the writer declares it by its name
});

/** A tensor that is part of the graph. */
export const constant = defineOp<readonly [], { value: Tensor }>({
  name: "Constant",
  infer: (_, { value }) => ({ dtype: value.dtype, shape: value.shape }),
  gradient: () => [],
  onnx: () => {}, // the writer stores it as an initializer
});
