import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import { float16Bits, widened } from "../../src/base/float16.js";
import { random } from "../../src/base/random.js";
import { ELEMENT_TYPES, modelBytes, nodeMessage } from "../../src/graph/onnx-message.js";

const { float32, float16 } = ELEMENT_TYPES;

/** What ONNX Runtime's Cast makes of some numbers. */
async function cast(from: "float32" | "float16", data: Float32Array | Uint16Array) {
  const [to, code] = from === "float32" ? (["float16", float16] as const) : (["float32", float32] as const);
  const node = nodeMessage(
    { name: "cast", opType: "Cast", domain: "", input: ["x"], output: ["y"] },
    { to: code },
  );
  const type = (dtype: "float32" | "float16") => ({ dtype, shape: [data.length] });
  const bytes = modelBytes({
    nodes: [node],
    initializers: [],
    inputs: { x: type(from) },
    outputs: { y: type(to) },
    domains: [""],
  });
  const session = await InferenceSession.create(bytes);
  const { y } = await session.run({ x: new Tensor(from, data as Float32Array, [data.length]) });
  return y!.data as Float32Array | Uint16Array;
}

test("numbers are rounded as ONNX Runtime rounds them: ties to even, overflow to infinity, small ones to steps", async () => {
  const draw = random(0).fork("float16");
  const edges = [
    0,
    1,
    65504,
    65519.996,
    65520,
    1e30,
    Number.POSITIVE_INFINITY,
    2 ** -14,
    2 ** -24,
    2 ** -25,
    2 ** -26,
  ];
  const ties = [
    1 + 2 ** -11,
    1 + 3 * 2 ** -11,
    2049,
    2051,
    1.5 * 2 ** -24,
    2.5 * 2 ** -24,
    1 - 2 ** -12,
    2 - 2 ** -11,
  ];
  const drawn = Array.from({ length: 5000 }, () => draw.normal() * 2 ** (draw.int(48) - 30));
  const numbers = Float32Array.from([...edges, ...ties, ...drawn].flatMap((x) => [x, -x]));
  expect(Uint16Array.from(numbers, float16Bits)).toEqual(await cast("float32", numbers));
  expect(widened(Uint16Array.of(float16Bits(Number.NaN)))[0]).toBeNaN();
});

test("every float16 widens to the number that ONNX Runtime reads in it, and back", async () => {
  const codes = Uint16Array.from({ length: 2 ** 16 }, (_, code) => code);
  const numbers = widened(codes);
  expect(numbers).toEqual(await cast("float16", codes));
  const isNumber = (code: number): boolean => (code & 0x7c00) !== 0x7c00 || (code & 0x3ff) === 0;
  expect(Uint16Array.from(numbers, float16Bits).filter(isNumber)).toEqual(codes.filter(isNumber));
});
