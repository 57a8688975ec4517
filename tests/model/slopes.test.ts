import { describe, expect, test } from "vitest";
import { createClassifier, slopesGraph } from "../../src/model/classifier.js";
import type { Problem } from "../../src/model/loss.js";
import { logOddsOf } from "../../src/run/window-pooling.js";
import { array64 } from "../support/array64.js";
import { testedDevices } from "../support/devices.js";
import { evaluate, type Feeds } from "../support/evaluate.js";
import {
  engineWith,
  familySpec,
  largestDifference,
  readFamily,
  readTensors,
  referenceFamilies,
} from "../support/families.js";
import { readReference } from "../support/reference.js";
import { tinySpec, tinyWeights } from "../support/tiny-model.js";

interface Case {
  row: number;
  target: number;
  baseline_ids: number[];
  logits: number[][];
  slopes: number[][];
}

/** By PyTorch in float64; make_slopes.py beside it wrote it. */
const reference = readReference<{ shares: number[]; families: Record<string, Case[]> }>("slopes.json");

// Of tests/reference/README.md: gradient elements, of the largest; and logits.
const SLOPES = 1e-5;
const LOGITS = 1e-5;

/** All families on the processor; on a software GPU, which is slow, one of each kind of layer. */
const cases = testedDevices.flatMap(({ device, factor }) =>
  referenceFamilies
    .filter((family) => device === "cpu" || ["bert", "deberta-v2", "modernbert"].includes(family))
    .map((family) => [family, device, factor] as const),
);

test.each(cases)(
  "%s on %s: logits and slopes on a line agree with PyTorch",
  async (family, device, factor) => {
    const expected = readFamily(family);
    const classifier = familySpec(family, expected);
    const weights = await readTensors(`${family}/model.safetensors`);
    const engine = await engineWith({ classifier, device, frozenStages: 0 }, weights);
    const { shares } = reference;
    for (const { row, target, baseline_ids: baseline, logits, slopes } of reference.families[family]!) {
      const ids = expected.eval.input_ids[row]!;
      const repeated = (values: number[]): Int32Array => Int32Array.from(shares.flatMap(() => values));
      const found = await engine.slopes({
        examples: Int32Array.from(shares, () => -1),
        length: ids.length,
        inputIds: repeated(ids),
        attentionMask: repeated(expected.eval.attention_mask[row]!),
        tokenTypeIds: new Int32Array(shares.length * ids.length),
        baselineIds: repeated(baseline),
        shares: Float32Array.from(shares),
        targets: Float32Array.from(
          shares.flatMap(() => classifier.labels.map((_, label) => (label === target ? 1 : 0))),
        ),
      });
      expect(largestDifference(found.logits, logits.flat())).toBeLessThan(factor * LOGITS);
      const largest = Math.max(...slopes.flat().map(Math.abs));
      expect(largest).toBeGreaterThan(0.01);
      expect(largestDifference(found.slopes, slopes.flat()) / largest).toBeLessThan(factor * SLOPES);
    }
    await engine.close();
  },
);

describe.each<[Problem, number]>([
  ["single_label", 2],
  ["single_label", 3],
  ["multi_label", 3],
])("the slope of each token of a %s classifier of %d labels", (problem, labelCount) => {
  const labels = ["a", "b", "c"].slice(0, labelCount);
  const model = createClassifier({ ...tinySpec, problem, labels });
  const { outputs } = slopesGraph(model);
  const ids = [2, 17, 40, 17, 99, 3];
  const label = 1;
  const weights = tinyWeights(model, 5);
  const parameters: Feeds = Object.fromEntries(
    model.parameters.map(({ name, shape }) => [name, array64(shape, Float64Array.from(weights.get(name)!))]),
  );
  /** Logits and slopes where only some tokens go the line. */
  const at = (share: number, moved: readonly number[]) => {
    const row = (values: readonly number[]) => array64([1, ids.length], Float64Array.from(values));
    const [logits, slopes] = evaluate([outputs.logits!, outputs.slopes!], {
      ...parameters,
      input_ids: row(ids),
      baseline_ids: row(ids.map((id, i) => (moved.includes(i) ? 4 : id))),
      attention_mask: row(ids.map(() => 1)),
      token_type_ids: row(ids.map(() => 0)),
      share: array64([1, 1, 1], Float64Array.of(share)),
      target: array64(
        [1, labels.length],
        Float64Array.from(labels, (_, i) => (i === label ? 1 : 0)),
      ),
    });
    return { odds: logOddsOf(logits!, problem, label), slopes: slopes! };
  };

  test.each([0, 0.4, 1])("is the difference of log-odds at %d of the way", (share) => {
    const step = 1e-3;
    for (const [token] of ids.entries()) {
      const odds = (offset: number): number => at(share + offset * step, [token]).odds;
      const difference = (8 * (odds(1) - odds(-1)) - (odds(2) - odds(-2))) / (12 * step);
      const { slopes } = at(share, [token]);
      expect(Math.abs(slopes[token]!)).toBeGreaterThan(1e-4);
      expect(Math.abs(slopes[token]! - difference)).toBeLessThan(1e-8);
      expect([...slopes].filter((slope) => slope !== 0)).toHaveLength(1);
    }
  });
});

test("the ends of the line are exactly the baseline and the text", async () => {
  const classifier = tinySpec;
  const engine = await engineWith(
    { classifier, device: "cpu", frozenStages: 0 },
    tinyWeights(createClassifier(classifier)),
  );
  const [text, baseline] = [Int32Array.of(2, 17, 40, 3), Int32Array.of(2, 4, 4, 3)];
  const common = { length: 4, tokenTypeIds: new Int32Array(8), attentionMask: new Int32Array(8).fill(1) };
  const examples = Int32Array.of(-1, -1);
  const found = await engine.slopes({
    ...common,
    examples,
    inputIds: Int32Array.of(...text, ...text),
    baselineIds: Int32Array.of(...baseline, ...baseline),
    shares: Float32Array.of(0, 1),
    targets: Float32Array.of(1, 0, 0, 1, 0, 0),
  });
  const logits = await engine.logits({ ...common, examples, inputIds: Int32Array.of(...baseline, ...text) });
  expect(largestDifference(found.logits, logits)).toBeLessThan(1e-6);
  await engine.close();
});
