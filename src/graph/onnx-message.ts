import { create, toBinary } from "@bufbuild/protobuf";
import type { DType, Tensor } from "../base/tensor.js";
import type { ValueType } from "./graph.js";
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "./onnx_pb.js";

const OPSET = 17;
const FUSED_OPSET = 1;
const IR_VERSION = 8;

/** ONNX's numbers for element types. */
export const ELEMENT_TYPES: Record<DType, number> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
};

/** Marks an attribute as a float where a whole number would be read as an integer. */
export interface Float {
  readonly float: number;
}
export type OnnxAttribute = number | Float | readonly number[];

export interface NodeNames {
  name: string;
  opType: string;
  domain: string;
  input: string[];
  output: string[];
}

export function nodeMessage(
  names: NodeNames,
  attributes: Readonly<Record<string, OnnxAttribute>>,
): NodeProto {
  const attribute = Object.entries(attributes).map(([name, value]) => attributeMessage(name, value));
  return create(NodeProtoSchema, { ...names, attribute });
}

/** A constant; its bytes are copied. */
export function tensorMessage(name: string, { dtype, shape, data }: Tensor): TensorProto {
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  return create(TensorProtoSchema, {
    name,
    dims: shape.map(BigInt),
    dataType: ELEMENT_TYPES[dtype],
    rawData,
  });
}

export interface ModelParts {
  nodes: NodeProto[];
  initializers: TensorProto[];
  inputs: Readonly<Record<string, ValueType>>;
  outputs: Readonly<Record<string, ValueType>>;
  /** Operator sets that the nodes are from; the empty one is ONNX's own. */
  domains: readonly string[];
}

/** The whole model as a file's bytes. */
export function modelBytes({ nodes, initializers, inputs, outputs, domains }: ModelParts): Uint8Array {
  const graph = create(GraphProtoSchema, {
    name: "textgraft",
    node: nodes,
    initializer: initializers,
    input: Object.entries(inputs).map(([name, type]) => valueMessage(name, type)),
    output: Object.entries(outputs).map(([name, type]) => valueMessage(name, type)),
  });
  const opsetImport = domains.map((domain) =>
    create(OperatorSetIdProtoSchema, { domain, version: BigInt(domain === "" ? OPSET : FUSED_OPSET) }),
  );
  const irVersion = BigInt(IR_VERSION);
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, { irVersion, producerName: "textgraft", opsetImport, graph }),
  );
}

function valueMessage(name: string, { dtype, shape }: ValueType): ValueInfoProto {
  const dim = shape.map((size) =>
    typeof size === "number" ? { dimValue: BigInt(size) } : { dimParam: size },
  );
  const tensorType = { elemType: ELEMENT_TYPES[dtype], shape: { dim } };
  return create(ValueInfoProtoSchema, { name, type: { tensorType } });
}

function attributeMessage(name: string, value: OnnxAttribute): AttributeProto {
  const { FLOAT, INT, INTS } = AttributeProto_AttributeType;
  if (typeof value === "number") return create(AttributeProtoSchema, { name, type: INT, i: BigInt(value) });
  if ("float" in value) return create(AttributeProtoSchema, { name, type: FLOAT, f: value.float });
  return create(AttributeProtoSchema, { name, type: INTS, ints: value.map(BigInt) });
}
