import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { float32 } from "../../../src/base/tensor.js";
import { compile } from "../../../src/graph/onnx.js";
import { createClassifier, logitsGraph } from "../../../src/model/classifier.js";
import { readConfig } from "../../../src/model/families.js";
import type { ParameterSpec } from "../../../src/model/parameters.js";
import { openSessionNode } from "../../../src/run/session-node.js";
import {
  familySpec,
  largestDifference,
  readFamily,
  readTensors,
  referenceBatch,
  tokenFeeds,
} from "../../support/families.js";
import { readReference } from "../../support/reference.js";

interface Variant {
  change: Record<string, unknown>;
  logits: number[][];
}

/**
 * Logits of transformers 5.18 with torch 2.13 (eager attention) for the reference models' `eval` rows, with these changes
 * to their config.json. What the saved weights lack is `extra` of them.
 */
const variants = JSON.parse(readFileSync(new URL("variants.json", import.meta.url), "utf8")) as Record<
  string,
  Variant[]
>;

/** Numbers that both sides can compute: element i of a parameter. */
const extra = (name: string, i: number, around: number): number =>
  Math.fround(around + 0.2 * Math.sin(1.7 * i + name.length));

/** New biases are `extra` around 0; a second group of ALBERT is the first times `extra` around 1. */
function valuesOf({ name, shape }: ParameterSpec, saved: ReadonlyMap<string, Float32Array>) {
  const found = saved.get(name);
  if (found) return found;
  const first = saved.get(name.replace("layer_groups.1", "layer_groups.0"));
  if (first) return first.map((value, i) => value * extra(name, i, 1));
  return new Float32Array(shape[0]!).map((_, i) => extra(name, i, 0));
}

const cases = Object.entries(variants).flatMap(([family, list]) =>
  list.flatMap(({ change, logits }) =>
    (["cpu", "portable"] as const).map((target) => [family, change, target, logits] as const),
  ),
);

test.each(cases)("%s with %o, for %s, agrees with PyTorch", async (family, change, target, logits) => {
  const expected = readFamily(family);
  const json = readReference<Record<string, unknown>>(`${family}/config.json`);
  const model = createClassifier({
    ...familySpec(family, expected),
    config: readConfig({ ...json, ...change }),
  });
  const saved = await readTensors(`${family}/model.safetensors`);
  const session = await openSessionNode(compile(logitsGraph(model, 0).outputs, { target }), {
    device: "cpu",
  });
  const found = await session.run({
    ...tokenFeeds(referenceBatch(expected.eval)),
    ...Object.fromEntries(
      model.parameters.map((spec) => [spec.name, float32(spec.shape, valuesOf(spec, saved))]),
    ),
  });
  await session.dispose();
  expect(largestDifference(found.logits!.data as Float32Array, logits.flat())).toBeLessThan(1e-5);
});
