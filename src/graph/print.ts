import { widened } from "../base/float16.js";
import { showShape } from "./dims.js";
import type { Attribute, Attributes, Node, Value } from "./graph.js";

/** A graph as text, one node a line: `%7 float32[batch, 64] = MatMul(%3, %5) {transA: false} # layer.0 forward`. */
export function printGraph(nodes: readonly Node[]): string {
  return nodes.map(printNode).join("\n");
}

function printNode(node: Node): string {
  const outputs = node.outputs
    .map((value) => `${name(value)} ${value.dtype}${showShape(value.shape)}`)
    .join(", ");
  const place = [node.name, node.part].filter(Boolean).join(" ");
  return `${outputs} = ${node.op.name}(${node.inputs.map(name).join(", ")})${printAttributes(node.attributes)} # ${place}`;
}

const name = (value: Value): string => `%${value.id}`;

function printAttributes(attributes: Attributes): string {
  const parts = Object.entries(attributes).map(([key, value]) => `${key}: ${printAttribute(value)}`);
  return parts.length === 0 ? "" : ` {${parts.join(", ")}}`;
}

function printAttribute(value: Attribute): string {
  if (typeof value !== "object") return String(value);
  if (!("dtype" in value)) return showShape(value);
  const numbers = value.dtype === "float16" ? widened(value.data as Uint16Array) : value.data;
  const shown = [...numbers.slice(0, 4)].map(String).join(" ");
  return `${value.dtype}${showShape(value.shape)} ${shown}${value.data.length > 4 ? " …" : ""}`;
}
