import { expect, test } from "vitest";
import { int32 } from "../../src/base/tensor.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import type { Bindings } from "../../src/graph/dims.js";
import { gradients } from "../../src/graph/gradients.js";
import type { Value } from "../../src/graph/graph.js";
import { compile } from "../../src/graph/onnx.js";
import { largest } from "../support/array64.js";
import { expectClose } from "../support/close.js";
import { evaluate, type Feeds } from "../support/evaluate.js";
import { withSession } from "../support/session.js";
import { draw, mask, normal, positive, type Source, total } from "./cases.js";

const HIDDEN = 4;
const POSITIONS = 8;
/** A row of the table for each distance. */
const NEAR = Array.from({ length: 2 * POSITIONS }, (_, i) => (i * i) % 6);
const sizes = [
  { batch: 3, sequence: 5 },
  { batch: 2, sequence: 7 },
  { batch: 1, sequence: 1 },
];

test.each(
  (["cpu", "portable"] as const).flatMap((target) =>
    (["int32", "int64"] as const).flatMap((ids) =>
      (["batch and sequence", "sequence", "batch"] as const).map((open) => [target, ids, open] as const),
    ),
  ),
)("one session serves several sizes, for %s, %s ids, open axes: %s", async (target, ids, open) => {
  const { forward, backward } = encoder(ids);
  const outputs = { ...forward, ...backward };
  const bindings: Bindings = open === "sequence" ? { batch: 3 } : open === "batch" ? { sequence: 5 } : {};
  const graph = compile(outputs, { target, bindings });
  await withSession(graph, async (run) => {
    for (const size of sizes.map((one) => ({ ...one, ...bindings }))) {
      const feeds = feedsOf(size);
      expectAgrees(await run(feeds), outputs, feeds);
    }
  });
});

test.each(["cpu", "portable"] as const)("bound axes give each size its own graph, for %s", async (target) => {
  for (const bindings of sizes) {
    const { forward, backward, bound } = encoder("int64");
    const outputs = { ...forward, ...backward, ...bound };
    const graph = compile(outputs, { target, bindings });
    const { batch, sequence } = bindings;
    expect(graph.inputs.ids).toMatchObject({ dtype: "int64", shape: [batch, sequence] });
    expect(graph.outputs.merged!.shape).toEqual([batch * sequence, HIDDEN]);
    const feeds = feedsOf(bindings);
    await withSession(graph, async (run) => expectAgrees(await run(feeds), outputs, feeds));
  }
});

test("open axes keep their names in what a graph takes and gives", () => {
  const { forward } = encoder("int64");
  const graph = compile(forward, { target: "cpu", bindings: { sequence: 5 } });
  expect(graph.inputs.ids!.shape).toEqual(["batch", 5]);
  expect(graph.outputs.merged!.shape).toEqual(["5*batch", HIDDEN]);
});

test("an axis that has to be known says so", () => {
  const { bound } = encoder("int64");
  expect(() => compile(bound, { target: "cpu", bindings: { batch: 2 } })).toThrow(
    /axis 2\*sequence must be bound for the op ScatterRows/,
  );
});

test("an axis that no input has says so", () => {
  const g = new GraphBuilder();
  const y = g.expand(g.input("x", "float32", [1, 3]), ["batch", 3]);
  expect(() => compile({ y }, { target: "cpu" })).toThrow("No input has an axis named batch");
});

/** A small encoder layer that uses named axes in every way that models do. */
function encoder(ids: "int32" | "int64") {
  const g = new GraphBuilder();
  const [batch, sequence] = ["batch", "sequence"];
  const weight = (name: string, ...shape: number[]): Value => g.input(name, "float32", shape);
  const table = weight("table", 6, HIDDEN);
  const positions = weight("positions", POSITIONS, HIDDEN);
  const [gamma, beta] = [weight("gamma", HIDDEN), weight("beta", HIDDEN)];
  const [query, bias] = [weight("query", HIDDEN, HIDDEN), weight("bias", HIDDEN)];

  const words = g.gather(table, g.input("ids", ids, [batch, sequence])); // [batch, sequence, hidden]
  const sum = g.add(words, g.slice(positions, 0, 0, sequence));
  const kept = g.input("kept", "float32", [batch, sequence, HIDDEN]);
  const x = g.mul(g.layerNorm(sum, gamma, beta, 1e-5), kept);
  const projected = g.linear(g.rows(x), query, bias); // [batch*sequence, hidden]
  const heads = g.transpose(g.reshape(projected, [batch, sequence, 2, HIDDEN / 2]), [0, 2, 1, 3]);
  const hidden = g.reshape(g.input("hidden", "float32", [batch, sequence]), [batch, 1, 1, sequence]);
  const near = g.gather(table, g.constantPart(int32([2 * POSITIONS], NEAR), "middle", "2*sequence"));
  const distances = g.transpose(g.reshape(near, [1, "2*sequence", 2, HIDDEN / 2]), [0, 2, 1, 3]);
  const apart = g.byDistance(g.matmul(heads, distances, { transB: true })); // [batch, heads, sequence, sequence]
  const scores = g.add(g.add(g.matmul(heads, heads, { transB: true, scale: 0.7 }), apart), hidden);
  const mixed = g.matmul(g.softmax(scores), heads); // [batch, heads, sequence, headSize]
  const merged = g.reshape(g.transpose(mixed, [0, 2, 1, 3]), ["batch*sequence", HIDDEN]);
  const first = g.slice(g.reshape(g.gelu(merged), [batch, sequence, HIDDEN]), 1, 0, 1); // [batch, 1, hidden]

  const picked = g.gather(merged, g.input("picks", ids, [batch])); // rows of any text

  const weights = [table, gamma, beta, query, bias];
  const squares = total(g, g.mul(merged, merged));
  const sums = g.reduceSum(g.reshape(g.reduceSum(x, [1]), [batch, HIDDEN]), [0]); // stretched again backward
  const loss = g.add(squares, g.reduceSum(g.tanh(sums), [1]));
  const named = (found: readonly (Value | null)[], names: readonly string[]): Record<string, Value> =>
    Object.fromEntries(found.map((value, i) => [names[i]!, value!]));
  return {
    forward: { merged, first, loss },
    backward: named(gradients(g, loss, weights), ["dtable", "dgamma", "dbeta", "dquery", "dbias"]),
    // They put gradients among zeros, so that the axis has to be bound.
    bound: named(
      gradients(g, g.add(total(g, g.mul(picked, picked)), g.add(total(g, first), loss)), [positions, query]),
      ["dpositions", "dqueryOfAll"],
    ),
  };
}

function feedsOf({ batch, sequence }: { batch: number; sequence: number }): Feeds {
  const sources: Record<string, Source> = {
    table: normal(6, HIDDEN),
    positions: normal(POSITIONS, HIDDEN),
    gamma: positive(HIDDEN),
    beta: normal(HIDDEN),
    query: normal(HIDDEN, HIDDEN),
    bias: normal(HIDDEN),
    ids: { dtype: "int64", shape: [batch, sequence], numbers: (_, uniform) => Math.floor(6 * uniform) },
    picks: {
      dtype: "int64",
      shape: [batch],
      numbers: (_, uniform) => Math.floor(batch * sequence * uniform),
    },
    kept: mask(batch, sequence, HIDDEN),
    hidden: {
      dtype: "float32",
      shape: [batch, sequence],
      numbers: (_, uniform) => (uniform < 0.3 ? -1e4 : 0),
    },
  };
  return Object.fromEntries(Object.entries(sources).map(([name, source]) => [name, draw(source, name)]));
}

/** Rounding errors add up over about twenty operators, measured against the largest gradient or output. */
function expectAgrees(found: Feeds, outputs: Readonly<Record<string, Value>>, feeds: Feeds): void {
  const expected = evaluate(Object.values(outputs), feeds);
  for (const [i, name] of Object.keys(outputs).entries()) {
    expect(largest(expected[i]!), name).toBeGreaterThan(0);
    expectClose(found[name]!.data, expected[i]!, 1e-5, { label: name });
  }
}
