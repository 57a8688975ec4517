import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import { sizeOf } from "../../src/base/tensor.js";
import { compile } from "../../src/graph/onnx.js";
import { createClassifier, trainGraph } from "../../src/model/classifier.js";
import { tinySpec } from "../support/tiny-model.js";

test("ONNX Runtime computes the gradients of a layer's weights before it goes down to the layer below", async () => {
  const { outputs } = trainGraph(createClassifier(tinySpec), 0, { dropout: false });
  const graph = compile(outputs, { bindings: { batch: 2, sequence: 8 }, target: "cpu" });
  const folder = mkdtempSync(join(tmpdir(), "textgraft-order-"));
  const session = await InferenceSession.create(graph.bytes, {
    enableProfiling: true,
    profileFilePrefix: join(folder, "profile"),
  });
  const feeds = Object.entries(graph.inputs).map(([name, { dtype, shape }]) => {
    const size = sizeOf(shape as number[]);
    const data = dtype === "int32" ? new Int32Array(size).fill(1) : new Float32Array(size).fill(0.1);
    return [name, new Tensor(dtype, data as Float32Array, shape as number[])];
  });
  await session.run(Object.fromEntries(feeds));
  session.endProfiling();
  const [file] = readdirSync(folder);
  const events = JSON.parse(readFileSync(join(folder, file!), "utf8")) as { name: string }[];
  rmSync(folder, { recursive: true });

  const layers = events.flatMap(({ name }) => {
    const [, layer] = /^bert\.encoder\.layer\.(\d)\/Gemm_\d+_kernel_time$/.exec(name) ?? [];
    return layer === undefined ? [] : [Number(layer)];
  });
  const backward = layers.slice(2 * 6);
  // Six products of each layer forward, and twelve backward: for its inputs and for its weights.
  expect(backward.filter((layer) => layer === 1)).toHaveLength(12);
  expect(backward.lastIndexOf(1)).toBeLessThan(backward.indexOf(0));
});
