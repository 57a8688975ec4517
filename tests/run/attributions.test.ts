import { describe, expect, test } from "vitest";
import { createClassifier } from "../../src/model/classifier.js";
import { type Attributions, attribute, type Question, type ReadText } from "../../src/run/attributions.js";
import type { Engine } from "../../src/run/engine.js";
import { logOddsOf, poolWindows, type WindowPooling } from "../../src/run/window-pooling.js";
import { engineWith, familySpec, largestDifference, readFamily, readTensors } from "../support/families.js";
import { readReference } from "../support/reference.js";
import { openTiny, tinySpec, tinyWeights } from "../support/tiny-model.js";

interface Case {
  row: number;
  target: number;
  baseline_ids: number[];
  logits: number[][];
  integrated: number[];
}

/** Made by make_slopes.py there, with 24 of numpy's nodes. */
const reference = readReference<{ families: Record<string, Case[]> }>("slopes.json");

const question: Question = {
  label: 1,
  labels: 3,
  problem: "single_label",
  windowPooling: "mean",
  baselineId: 4,
};

/** A text between two special tokens, in one passage. */
function onePassage(ids: readonly number[]): ReadText {
  return {
    tokens: ids.length - 2,
    passages: [
      {
        encoding: { inputIds: Int32Array.from(ids), tokenTypeIds: new Int32Array(ids.length) },
        ranges: [[0, ids.length - 2]],
        starts: [1],
      },
    ],
  };
}

test.each(["bert", "modernbert", "roberta"])(
  "%s: integrated gradients agree with PyTorch's",
  async (family) => {
    const expected = readFamily(family);
    const classifier = familySpec(family, expected);
    const weights = await readTensors(`${family}/model.safetensors`);
    const engine = await engineWith({ classifier, device: "cpu", frozenStages: 0 }, weights);
    // The first row has no padding and special tokens at its ends alone.
    for (const { row, target, logits, integrated } of reference.families[family]!.filter(
      ({ row }) => row === 0,
    )) {
      const text = onePassage(expected.eval.input_ids[row]!);
      const asked = { ...question, label: target, labels: classifier.labels.length };
      const found = await attribute(engine, text, asked, { method: "integrated", steps: 24 });
      const largest = Math.max(...integrated.map(Math.abs));
      expect(largestDifference(found.scores, integrated.slice(1, -1)) / largest).toBeLessThan(1e-5);
      expect(found.baselineLogOdds).toBeCloseTo(logOddsOf(logits[0]!, "single_label", target), 4);
      expect(found.logOdds).toBeCloseTo(logOddsOf(logits[2]!, "single_label", target), 4);
      expect(found.steps).toBe(24);
    }
    await engine.close();
  },
);

describe("a tiny model with large weights", async () => {
  const engine = await steep();
  const text = onePassage([2, 17, 40, 17, 99, 61, 8, 3]);
  const sum = ({ scores }: Attributions): number => scores.reduce((total, score) => total + score, 0);

  test("the gap is what the scores lack, and shrinks with steps", async () => {
    const gaps: number[] = [];
    for (const steps of [1, 4, 16, 64]) {
      const found = await attribute(engine, text, question, { method: "integrated", steps });
      expect(found.gap).toBeCloseTo(sum(found) - (found.logOdds - found.baselineLogOdds), 12);
      gaps.push(Math.abs(found.gap));
    }
    expect(gaps[0]).toBeGreaterThan(0.1);
    expect(gaps[1]).toBeLessThan(gaps[0]!);
    expect(gaps[2]).toBeLessThan(gaps[1]!);
    expect(gaps[3]).toBeLessThan(1e-4);
  });

  test("steps are taken until the gap is small", async () => {
    const found = await attribute(engine, text, question, { method: "integrated" });
    expect(Math.abs(found.gap)).toBeLessThan(0.05);
    expect(found.steps).toBe(32);
  });

  test("the gradient alone is the slope at the text", async () => {
    const found = await attribute(engine, text, question, { method: "gradient" });
    const { inputIds, tokenTypeIds } = text.passages[0]!.encoding;
    const { slopes } = await engine.slopes({
      examples: Int32Array.of(-1),
      length: inputIds.length,
      inputIds,
      tokenTypeIds,
      attentionMask: new Int32Array(inputIds.length).fill(1),
      baselineIds: Int32Array.of(2, 4, 4, 4, 4, 4, 4, 3),
      shares: Float32Array.of(1),
      targets: Float32Array.of(0, 1, 0),
    });
    const largest = Math.max(...slopes.map(Math.abs));
    expect(largestDifference(found.scores, slopes.slice(1, -1)) / largest).toBeLessThan(1e-5);
    expect(Math.abs(found.gap)).toBeGreaterThan(0.1);
  });

  test("the tokens of a pair have the slopes of where they stand, and special ones between them stay", async () => {
    // Of the first text's five tokens three are read, of the second's two both.
    const encoding = {
      inputIds: Int32Array.of(2, 17, 40, 99, 3, 61, 8, 3),
      tokenTypeIds: Int32Array.of(0, 0, 0, 0, 0, 1, 1, 1),
    };
    const ranges = [
      [0, 3],
      [5, 7],
    ] as const;
    const pair: ReadText = { tokens: 7, passages: [{ encoding, ranges, starts: [1, 5] }] };
    const { scores } = await attribute(engine, pair, question, { method: "gradient" });
    const { slopes } = await engine.slopes({
      examples: Int32Array.of(-1),
      length: 8,
      ...encoding,
      attentionMask: new Int32Array(8).fill(1),
      baselineIds: Int32Array.of(2, 4, 4, 4, 3, 4, 4, 3),
      shares: Float32Array.of(1),
      targets: Float32Array.of(0, 1, 0),
    });
    const expected = [...slopes.slice(1, 4), 0, 0, ...slopes.slice(5, 7)];
    expect(largestDifference(scores, expected) / Math.max(...expected.map(Math.abs))).toBeLessThan(1e-5);
    const whole = await attribute(engine, pair, question, { method: "integrated", steps: 128 });
    expect(Math.abs(whole.gap)).toBeLessThan(1e-3);
    expect(sum(whole)).toBeCloseTo(whole.logOdds - whole.baselineLogOdds, 2);
  });

  test("the same question gets the same answer", async () => {
    const [first, second] = [
      await attribute(engine, text, question, { method: "integrated" }),
      await attribute(engine, text, question, { method: "integrated" }),
    ];
    expect(second).toEqual(first);
  });

  test.each<[WindowPooling, "single_label" | "multi_label"]>([
    ["mean", "single_label"],
    ["mean", "multi_label"],
    ["max", "multi_label"],
  ])("windows pooled by %s in a %s problem: scores explain the pooled answer", async (pooling, problem) => {
    const model = problem === "single_label" ? engine : await steep("multi_label");
    const ids = [17, 40, 17, 99, 61, 8, 77];
    const window = (from: number, to: number) => ({
      encoding: {
        inputIds: Int32Array.of(2, ...ids.slice(from, to), 3),
        tokenTypeIds: new Int32Array(to - from + 2),
      },
      ranges: [[from, to]] as const,
      starts: [1],
    });
    const windows = { tokens: ids.length, passages: [window(0, 4), window(2, 6), window(4, 7)] };
    const all: Attributions[] = [];
    for (const label of [0, 1, 2]) {
      const asked: Question = { ...question, label, windowPooling: pooling, problem };
      all.push(await attribute(model, windows, asked, { method: "integrated", steps: 256 }));
    }
    const logits: Float32Array[] = [];
    for (const { encoding } of windows.passages) {
      const { length } = encoding.inputIds;
      const common = { length, attentionMask: new Int32Array(length).fill(1), examples: Int32Array.of(0) };
      logits.push(await model.logits({ ...common, ...encoding }));
    }
    for (const [label, { logOdds, gap }] of all.entries()) {
      expect(logOdds).toBeCloseTo(logOddsOf(poolWindows(logits, pooling, problem), problem, label), 4);
      // Where the largest window changes on the way, the slope has a jump, and steps meet it only about.
      expect(Math.abs(gap)).toBeLessThan(pooling === "max" ? 0.05 : 1e-3);
    }
    const differences = all.map(({ logOdds, baselineLogOdds }) => Math.abs(logOdds - baselineLogOdds));
    expect(Math.max(...differences)).toBeGreaterThan(0.3);
  });
});

/** Random weights, so large that the log-odds are no straight line. */
async function steep(problem: "single_label" | "multi_label" = "single_label"): Promise<Engine> {
  const engine = await openTiny({ classifier: { problem } });
  for (const [name, values] of tinyWeights(createClassifier(tinySpec), 3))
    await engine.write(
      name,
      values.map((value) => (name.includes("LayerNorm") ? value : 4 * value)),
    );
  return engine;
}
