import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import type { DType, Tensor } from "../../src/base/tensor.js";
import {
  type AttributeProto,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
} from "../../src/graph/onnx_pb.js";
import { ELEMENT_TYPES, nodeMessage, tensorMessage } from "../../src/graph/onnx-message.js";
import type { GpuOutputs, GpuTensor, OpenGpuSession } from "../../src/run/gpu-session.js";

const { float16, float32, int64, bool } = ELEMENT_TYPES;

/**
 * Opens graphs that were compiled for a GPU on the processor, with float16 as ONNX Runtime's GPU kernels have it: each
 * node's result is rounded, overflows to infinity, and loses what is below 2^-24; a product is rounded after each term.
 *
 * ONNX Runtime alone doesn't do that: its processor has no kernels for float16, computes in float32 and drops the casts
 * between two nodes, so that nothing is rounded. An Identity between them keeps the casts.
 */
export const openRoundingSession: OpenGpuSession = async (graph, toHost = []) => {
  const session = await InferenceSession.create(rounding(graph.bytes), {
    graphOptimizationLevel: "disabled", // else Identities go, and the casts with them
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const inputs = new Set(session.inputNames);
  return {
    inputs,
    async run(feeds) {
      const taken = Object.entries(feeds).filter(([name]) => inputs.has(name));
      const found = await session.run(
        Object.fromEntries(taken.map(([name, tensor]) => [name, wrapped(tensor)])),
      );
      const outputs: GpuOutputs = { host: {}, gpu: {} };
      for (const [name, tensor] of Object.entries(found)) {
        if (toHost.includes(name)) outputs.host[name] = unwrapped(tensor);
        else outputs.gpu[name] = tensor;
      }
      return outputs;
    },
    dispose: () => session.release(),
  };
};

/** The model with an Identity after each node that gives float16. */
function rounding(bytes: Uint8Array): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  const graph = model.graph!;
  const types = new Map<string, number>();
  for (const { name, dataType } of graph.initializer) types.set(name, dataType);
  for (const { name, type } of graph.input) types.set(name, type!.tensorType!.elemType);
  const nodes: NodeProto[] = [];
  for (const node of graph.node) {
    const type = typeOf(node, types);
    for (const output of node.output) types.set(output, type);
    if (type !== float16) {
      nodes.push(node);
      continue;
    }
    const raw = node.output.map((name) => `${name}.raw`);
    if (node.opType === "MatMul") nodes.push(...summing(node.input, raw[0]!));
    else if (node.opType === "Gemm") nodes.push(...summingDense(node.input, raw[0]!));
    else nodes.push(create(NodeProtoSchema, { ...node, output: raw }));
    for (const [i, output] of node.output.entries()) nodes.push(simple("Identity", [raw[i]!], output));
  }
  graph.node = nodes;
  return toBinary(ModelProtoSchema, model);
}

/** The Gemm of a dense layer: x·wᵀ, then + b. */
function summingDense([x, weight, bias]: readonly string[], output: string): NodeProto[] {
  return [
    simple("Transpose", [weight!], `${output}.weight`, { perm: [1, 0] }),
    ...summing([x!, `${output}.weight`], `${output}.product`),
    simple("Add", [`${output}.product`, bias!], output),
  ];
}

/** A product as a Scan over its inner axis, which adds one term and rounds. */
function summing([a, b]: readonly string[], output: string): NodeProto[] {
  const of = (name: string) => `${output}.${name}`;
  const tensor = (name: string) => ({ name, type: { tensorType: { elemType: float16 } } });
  const body = create(GraphProtoSchema, {
    name: "term",
    input: ["sum", "column", "row"].map(tensor),
    initializer: [
      tensorMessage("last", { dtype: "int64", shape: [1], data: BigInt64Array.of(-1n) }),
      tensorMessage("before", { dtype: "int64", shape: [1], data: BigInt64Array.of(-2n) }),
    ],
    node: [
      simple("Unsqueeze", ["column", "last"], "upright"),
      simple("Unsqueeze", ["row", "before"], "lying"),
      ...["upright", "lying", "sum"].map((name) => simple("Cast", [name], `wide.${name}`, { to: float32 })),
      simple("Mul", ["wide.upright", "wide.lying"], "term"), // exact: 11 digits times 11
      simple("Add", ["wide.sum", "term"], "added"),
      simple("Cast", ["added"], "next", { to: float16 }),
    ],
    output: [tensor("next")],
  });
  const scan = simple("Scan", [of("zeros"), a!, b!], output, {
    num_scan_inputs: 2,
    scan_input_axes: [-1, -2],
  });
  // Graphs as attributes aren't part of what Textgraft writes: field 6, type 5.
  const data = new BinaryWriter().bytes(toBinary(GraphProtoSchema, body)).finish();
  const attribute = create(AttributeProtoSchema, { name: "body", type: 5 as AttributeProto["type"] });
  attribute.$unknown = [{ no: 6, wireType: WireType.LengthDelimited, data }];
  scan.attribute.push(attribute);
  return [
    simple("MatMul", [a!, b!], of("shaped")),
    simple("Shape", [of("shaped")], of("shape")),
    simple("ConstantOfShape", [of("shape")], of("wide")),
    simple("Cast", [of("wide")], of("zeros"), { to: float16 }),
    scan,
  ];
}

const simple = (
  opType: string,
  input: string[],
  output: string,
  attributes: Parameters<typeof nodeMessage>[1] = {},
): NodeProto => nodeMessage({ name: output, opType, domain: "", input, output: [output] }, attributes);

function typeOf({ opType, input, attribute }: NodeProto, types: ReadonlyMap<string, number>): number {
  if (opType === "Cast") return Number(attribute.find(({ name }) => name === "to")!.i);
  if (opType === "Shape") return int64;
  if (["Equal", "Greater", "Less"].includes(opType)) return bool;
  return types.get(input[0]!)!;
}

function wrapped(tensor: Tensor | GpuTensor): OrtTensor {
  if (tensor instanceof OrtTensor) return tensor;
  const { dtype, data, shape } = tensor as Tensor;
  return new OrtTensor(dtype, data as Float32Array, shape);
}

const unwrapped = ({ type, dims, data }: OrtTensor): Tensor =>
  ({ dtype: type as DType, shape: dims, data }) as Tensor;
