import { expect, test } from "vitest";
import { TextgraftError } from "../../src/base/errors.js";
import { random } from "../../src/base/random.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { gradients, type Segment } from "../../src/graph/gradients.js";
import { defineOp, type Value } from "../../src/graph/graph.js";
import { fill, largest } from "../support/array64.js";
import { expectClose } from "../support/close.js";
import { evaluate } from "../support/evaluate.js";
import { finiteDifferences } from "../support/finite-differences.js";
import { type Case, cases, normal, sample, total } from "./cases.js";

test.each(cases.map((entry) => [entry.op, entry.name, entry] as const))(
  "gradient of %s, %s, agrees with finite differences",
  (op, _name, entry) => {
    expect(sample(entry).g.nodes.map((node) => node.op.name)).toContain(op);
    expectGradientsMatch(entry);
  },
);

test("a value that is used more than once gets the sum of its gradients", () => {
  expectGradientsMatch({
    op: "Mul",
    name: "fan-out",
    inputs: [normal(3, 4), normal(4)],
    build: (g, x, b) => g.add(g.mul(x!, x!), g.mul(g.add(g.tanh(x!), x!), g.add(b!, b!))),
  });
});

test("an attention layer's gradients agree with finite differences", () => {
  expectGradientsMatch({
    op: "MatMul",
    name: "attention",
    inputs: [normal(2, 3, 4), normal(2, 3, 4), normal(2, 3, 4), normal(2, 1, 3)],
    build: (g, q, k, v, mask) => {
      const scores = g.matmul(q!, k!, { transB: true, scale: 0.5 });
      return g.matmul(g.softmax(g.add(scores, mask!)), v!);
    },
  });
});

test("the loss's gradient with respect to itself is 1, and a target is counted once", () => {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [1]);
  const loss = g.mul(x, 3);
  const found = gradients(g, loss, [loss, x, x]);
  const [dloss, dx, again] = evaluate(found as Value[], { x: { shape: [1], data: Float64Array.of(2) } });
  expect([dloss![0], dx![0], again![0]]).toEqual([1, 3, 3]);
});

test("what is computed again for the backward pass gives the same gradients", () => {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [2, 3]);
  const [first, second] = [g.input("first", "float32", [3, 3]), g.input("second", "float32", [3, 3])];
  const segments: Segment[] = [];
  const shared = new Map<string, Value>();
  const layer = (input: Value, weight: Value): Value => {
    const written = g.nodes.length;
    // A value that the first layer makes and the second reads, too.
    const bias = shared.get("bias") ?? g.tanh(g.input("bias", "float32", [3]));
    shared.set("bias", bias);
    const output = g.add(g.tanh(g.add(g.matmul(input, weight), bias)), input);
    segments.push({ input, output, nodes: g.nodes.slice(written) });
    return output;
  };
  const loss = total(g, g.exp(layer(layer(g.mul(x, x), first), second)));
  const targets = [x, first, second, shared.get("bias")!.node.inputs[0]!];
  const draw = random(1);
  const feeds = Object.fromEntries(
    targets.map(({ node, shape }) => [
      node.attributes.name as string,
      fill(shape as number[], () => draw.normal()),
    ]),
  );
  const plain = gradients(g, loss, targets) as Value[];
  const written = g.nodes.length;
  const again = gradients(g, loss, targets, segments) as Value[];
  const [wanted, found] = [evaluate(plain, feeds), evaluate(again, feeds)];
  for (const [i, gradient] of found.entries()) expect(gradient).toEqual(wanted[i]);
  expect(again[0]!.shape).toEqual([2, 3]);

  // No node of a layer's forward pass is read for its backward pass but what it was computed from.
  const kept = new Set(g.nodes.slice(written).flatMap(({ inputs }) => inputs));
  const inner = segments.flatMap(({ nodes, output }) =>
    nodes
      .filter(({ inputs }) => inputs.length > 0)
      .flatMap(({ outputs }) => outputs.filter((y) => y !== output)),
  );
  expect(inner.filter((value) => kept.has(value) && value !== shared.get("bias"))).toEqual([]);
});

test("a target that the loss doesn't depend on has no gradient", () => {
  const g = new GraphBuilder();
  const [x, other] = [g.input("x", "float32", [3]), g.input("other", "float32", [3])];
  const aside = g.exp(other);
  expect(gradients(g, g.reduceSum(x, [0]), [other, aside])).toEqual([null, null]);
  expect(g.nodes.filter((node) => node.part === "backward" && node.name !== "loss")).toEqual([]);
});

test("what is frozen gets no backward node", () => {
  const { g, loss, encoder, head } = twoLayers();
  gradients(g, loss, [head]);
  expect(namesOfBackward(g)).toEqual(new Set(["loss", "head"]));

  const whole = twoLayers();
  gradients(whole.g, whole.loss, [whole.encoder, whole.head]);
  expect(namesOfBackward(whole.g)).toEqual(new Set(["loss", "head", "encoder"]));
  expect(encoder.shape).toEqual([4, 3]);
});

test("backward nodes bear the names of the forward nodes they belong to", () => {
  const { g, loss, encoder } = twoLayers();
  const forward = new Set(g.nodes.map((node) => node.id));
  gradients(g, loss, [encoder]);
  for (const node of g.nodes) expect(node.part).toBe(forward.has(node.id) ? "forward" : "backward");
  expect(g.nodes.filter((node) => node.name === "encoder" && node.part === "backward")).not.toEqual([]);
});

test("an op without a rule is an error that names the op and the node", () => {
  const floor = defineOp<readonly [Value]>({
    name: "Floor",
    infer: ([x]) => x,
    onnx: (writer, _node, inputs, outputs) => writer.emit("Floor", inputs, outputs),
  });
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [3]);
  const y = g.within("bert.pooler", () => g.apply(floor, [x])[0]!);
  const loss = g.reduceSum(y, [0]);
  expect(() => gradients(g, loss, [x])).toThrow(`Floor of node ${y.node.id} (bert.pooler)`);
  expect(gradients(g, loss, [y])).not.toContain(null);
});

test("a loss of several elements is an error", () => {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [3]);
  expect(() => gradients(g, g.exp(x), [x])).toThrow(TextgraftError);
});

/** Every float32 input's gradient against finite differences; no gradient must mean that they are zero. */
function expectGradientsMatch(entry: Case): void {
  const { g, loss, targets, feeds } = sample(entry);
  for (const [i, gradient] of gradients(g, loss, targets).entries()) {
    const name = targets[i]!.node.attributes.name as string;
    const expected = finiteDifferences(loss, name, feeds);
    if (!gradient) {
      expect(largest(expected), name).toBe(0);
      continue;
    }
    expect(gradient.shape, name).toEqual(targets[i]!.shape);
    const [actual] = evaluate([gradient], feeds);
    expectClose(actual!, expected, 1e-6, { floor: 0.01, label: name });
  }
}

function twoLayers() {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [2, 3]);
  const [encoder, head] = [g.input("encoder", "float32", [4, 3]), g.input("head", "float32", [2, 4])];
  const features = g.within("encoder", () => g.tanh(g.matmul(x, encoder, { transB: true })));
  const logits = g.within("head", () => g.matmul(features, head, { transB: true }));
  return { g, encoder, head, loss: g.within("loss", () => total(g, logits)) };
}

const namesOfBackward = (g: GraphBuilder): Set<string> =>
  new Set(g.nodes.filter((node) => node.part === "backward").map((node) => node.name));
