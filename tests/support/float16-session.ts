import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import type { DType, Tensor } from "../../src/base/tensor.js";
import { ModelProtoSchema, type NodeProto, NodeProtoSchema } from "../../src/graph/onnx_pb.js";
import { ELEMENT_TYPES } from "../../src/graph/onnx-message.js";
import type { GpuOutputs, GpuTensor, OpenGpuSession } from "../../src/run/gpu-session.js";

const { float16, int64, bool } = ELEMENT_TYPES;

/**
 * Opens graphs that were compiled for a GPU on the processor, with float16 as a GPU has it: each node's result is
 * rounded, overflows to infinity, and loses what is below 2^-24. Sums within a node are float32.
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
export function rounding(bytes: Uint8Array): Uint8Array {
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
    nodes.push(create(NodeProtoSchema, { ...node, output: raw }));
    for (const [i, name] of node.output.entries()) {
      nodes.push(
        create(NodeProtoSchema, {
          name: `${name}/Round`,
          opType: "Identity",
          input: [raw[i]!],
          output: [name],
        }),
      );
    }
  }
  graph.node = nodes;
  return toBinary(ModelProtoSchema, model);
}

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
