import { expect, test } from "vitest";
import { gradients } from "../../src/graph/gradients.js";
import type { Value } from "../../src/graph/graph.js";
import { compile } from "../../src/graph/onnx.js";
import { expectClose } from "../support/close.js";
import { evaluate } from "../support/evaluate.js";
import { runOnce } from "../support/session.js";
import { cases, sample } from "./cases.js";

test.each(
  cases.flatMap((entry) =>
    (["cpu", "portable", "webgpu"] as const).map((target) => [entry.op, entry.name, target, entry] as const),
  ),
)("%s, %s, for %s and its gradient agree with float64", async (_op, _name, target, entry) => {
  const { g, y, loss, targets, feeds } = sample(entry);
  const outputs: Record<string, Value> = { y };
  for (const [i, gradient] of gradients(g, loss, targets).entries())
    if (gradient) outputs[`dx${i}`] = gradient;
  const compiled = compile(outputs, { target });
  const found = await runOnce(compiled, feeds);

  const expected = evaluate(Object.values(outputs), feeds);
  for (const [i, name] of Object.keys(outputs).entries()) {
    const { shape, data } = found[name]!;
    expect(shape, name).toEqual(outputs[name]!.shape);
    expectClose(data, expected[i]!, 1e-6, { label: name });
  }
});
