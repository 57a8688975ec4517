import { expect, test } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.js";
import { productFlops } from "../../src/graph/flops.js";
import { createClassifier, logitsGraph, trainGraph } from "../../src/model/classifier.js";
import { readConfig } from "../../src/model/families.js";

test("a product counts 2·m·k·n for each matrix, transposed or not; what no output needs doesn't count", () => {
  const g = new GraphBuilder();
  const a = g.input("a", "float32", ["batch", 3, 5]);
  const b = g.input("b", "float32", ["batch", 7, 5]);
  const y = g.matmul(a, b, { transB: true }); // [batch, 3, 7], inner 5
  g.matmul(a, b, { transB: true });
  expect(productFlops({ y }, { batch: 4 })).toBe(4 * 2 * 3 * 5 * 7);
  const z = g.matmul(y, a, { transA: true }); // [batch, 7, 5], inner 3
  expect(productFlops({ z }, { batch: 4 })).toBe(4 * 2 * 3 * 5 * 7 * 2);
});

/** By hand, of a layer with hidden size h whose feed-forward is 4h wide, over n tokens of rows of s. */
const layer = (h: number, n: number, s: number): number => 2 * n * h * h * 12 + 2 * 2 * n * s * h;

const [h, batch, sequence] = [8, 3, 6];
const tokens = batch * sequence;
const model = createClassifier({
  config: readConfig({
    model_type: "bert",
    hidden_act: "gelu",
    vocab_size: 40,
    hidden_size: h,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 4 * h,
    max_position_embeddings: 16,
    type_vocab_size: 2,
  }),
  head: "stock",
  labels: ["a", "b"],
  problem: "single_label",
});

/** The last layer computes keys and values for all positions and everything else for the first alone. */
const lastLayer = 2 * tokens * h * h * 2 + 2 * batch * h * h * 10 + 2 * 2 * batch * sequence * h;
const poolerAndHead = 2 * batch * h * h + 2 * batch * h * 2;
const forward = layer(h, tokens, sequence) + lastLayer + poolerAndHead;

test("a forward pass counts what BERT's formulas say", () => {
  expect(productFlops(logitsGraph(model, 0).outputs, { batch, sequence })).toBe(forward);
});

test("a training step counts three times its forward pass: each product has two gradients", () => {
  expect(productFlops(trainGraph(model, 0).outputs, { batch, sequence })).toBe(3 * forward);
});
