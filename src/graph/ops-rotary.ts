import { product, sameShape } from "./dims.js";
import { defineOp, graphError, type Value } from "./graph.js";

/**
 * Rotary positions (https://arxiv.org/abs/2104.09864): turns the plane of the elements c and c + size/2 of each row by an
 * angle of its own. x is [batch, heads, sequence, size], `cos` and `sin` are [sequence, size/2] and have no gradient.
 *
 * y₁ = x₁·cos - x₂·sin,  y₂ = x₂·cos + x₁·sin  =>  dx is dy turned back, by -sin
 */
export const rotary = defineOp<readonly [Value, Value, Value]>({
  name: "Rotary",
  infer: ([x, cos, sin]) => {
    const [sequence, size] = x.shape.slice(2);
    const fits = x.shape.length === 4 && product([2, cos.shape[1] ?? 0]) === size;
    const sameType = cos.dtype === x.dtype && sin.dtype === x.dtype;
    if (!sameType || !fits || cos.shape[0] !== sequence || !sameShape(cos.shape, sin.shape))
      throw graphError(
        "Rotary",
        [x, cos, sin],
        "[batch, heads, sequence, size] and two of [sequence, size/2], of one type",
      );
    return { dtype: x.dtype, shape: x.shape };
  },
  gradient: (g, dy, { inputs: [, cos, sin] }) => [g.rotary(dy, cos, g.neg(sin)), null, null],
  onnx: (writer, { inputs: [, { shape }] }, [x, cos, sin], outputs) => {
    if (writer.target === "cpu") {
      const start = writer.integers([0]);
      return writer.emit("RotaryEmbedding", [x!, start, cos!, sin!], outputs, {}, "com.microsoft");
    }
    const half = shape[1] as number;
    const part = (start: number) =>
      writer.node("Slice", [x!, ...[start, start + half, 3].map((n) => writer.integers([n]))]);
    const [first, second] = [part(0), part(half)];
    const times = (part: string, table: string) => writer.node("Mul", [part, table]);
    const turned = [
      writer.node("Sub", [times(first, cos!), times(second, sin!)]),
      writer.node("Add", [times(second, cos!), times(first, sin!)]),
    ];
    writer.emit("Concat", turned, outputs, { axis: 3 });
  },
});
