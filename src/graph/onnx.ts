import type { Bindings } from "./dims.js";
import type { Node, Value, ValueType } from "./graph.js";
import { OnnxWriter } from "./onnx-writer.js";

/**
 * `cpu` may use ONNX Runtime's own fused operators; `portable` only standard ones; `webgpu` only what ONNX Runtime has a
 * GPU kernel for.
 */
export type Target = "cpu" | "portable" | "webgpu";

export interface CompileOptions {
  /** Sizes of named axes. A name without one stays dynamic. */
  bindings?: Bindings;
  target: Target;
}

/** A graph as ONNX Runtime reads it, with what it takes and gives. */
export interface CompiledGraph {
  bytes: Uint8Array;
  inputs: Record<string, ValueType>;
  outputs: Record<string, ValueType>;
}

/** Writes the nodes that `outputs` need as an ONNX model (opset 17). */
export function compile(outputs: Readonly<Record<string, Value>>, options: CompileOptions): CompiledGraph {
  const nodes = needed(Object.values(outputs));
  const writer = new OnnxWriter(options, nodes, outputs);
  for (const node of inRunningOrder(nodes)) writer.write(node);
  return writer.finish(outputs);
}

/**
 * ONNX Runtime runs the last node that nothing reads and all it needs, then the one before it, and so on. Written as
 * they were built, a backward pass would run to its end before the first gradient of a weight is computed, and hold on
 * to all that those need. Written backwards, each gradient comes as soon as it can and what it needs is freed.
 */
function inRunningOrder(nodes: readonly Node[]): Node[] {
  const read = new Set(nodes.flatMap(({ inputs }) => inputs.map(({ node }) => node)));
  const isRead = (node: Node): boolean => read.has(node);
  return [...nodes.filter(isRead), ...nodes.filter((node) => !isRead(node)).reverse()];
}

/** The nodes that some values are computed from, in the order they were written. */
export function needed(values: readonly Value[]): Node[] {
  const found = new Set<Node>();
  const open = values.map((value) => value.node);
  for (let node = open.pop(); node; node = open.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    open.push(...node.inputs.map((input) => input.node));
  }
  return [...found].sort((a, b) => a.id - b.id);
}
