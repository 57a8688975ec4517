import { expect, test } from "vitest";
import { float32 } from "../../src/base/tensor.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { compile } from "../../src/graph/onnx.js";
import { openSessionNode } from "../../src/run/session-node.js";

/** y = 2·x and z = Σ x, of n values. */
function graph(n: number | string) {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [n]);
  return compile({ y: g.mul(x, 2), z: g.reduceSum(x, [0]) }, { target: "cpu" });
}

test("outputs of a session in place are written into the caller's tensors", async () => {
  const session = await openSessionNode(graph(4), { device: "cpu", inPlace: true });
  const memory = new Float32Array(16).fill(9);
  const into = {
    y: { dtype: "float32" as const, shape: [4], data: memory.subarray(4, 8) },
    z: float32([1]),
  };
  for (const factor of [1, 3]) {
    const outputs = await session.run(
      {
        x: float32(
          [4],
          [1, 2, 3, 4].map((x) => x * factor),
        ),
      },
      into,
    );
    expect(outputs.y!.data).toBe(into.y.data);
    expect([...memory.slice(3, 9)]).toEqual([9, 2, 4, 6, 8, 9].map((y) => (y === 9 ? 9 : y * factor)));
    expect([...into.z.data]).toEqual([10 * factor]);
  }
  await session.dispose();
});

test("what goes wrong in a run in place is still told", async () => {
  const session = await openSessionNode(graph("n"), { device: "cpu", inPlace: true });
  const into = { y: float32([3]), z: float32([1]) };
  await expect(session.run({ x: float32([4], [1, 2, 3, 4]) }, into)).rejects.toThrow();
  await expect(session.run({}, into)).rejects.toThrow("x");
  await session.dispose();
});

test("a session writes to tensors of the caller always or never", async () => {
  const x = float32([4], [1, 2, 3, 4]);
  const inPlace = await openSessionNode(graph(4), { device: "cpu", inPlace: true });
  await expect(inPlace.run({ x })).rejects.toThrow("needs tensors");
  await inPlace.dispose();
  const other = await openSessionNode(graph(4), { device: "cpu" });
  await expect(other.run({ x }, { y: float32([4]), z: float32([1]) })).rejects.toThrow("isn't in place");
  await other.dispose();
});

test("other sessions give new tensors", async () => {
  const session = await openSessionNode(graph("n"), { device: "cpu" });
  const [first, second] = [float32([2], [1, 2]), float32([3], [5, 6, 7])];
  const before = await session.run({ x: first, unknown: second });
  const after = await session.run({ x: second });
  expect([...(before.y!.data as Float32Array)]).toEqual([2, 4]);
  expect([...(after.y!.data as Float32Array)]).toEqual([10, 12, 14]);
  await session.dispose();
});
