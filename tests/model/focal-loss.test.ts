import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.js";
import { gradients } from "../../src/graph/gradients.js";
import { compile } from "../../src/graph/onnx.js";
import { type Problem, weightedLoss } from "../../src/model/loss.js";
import { rulesOf } from "../../src/run/problem.js";
import { array64 } from "../support/array64.js";
import { evaluate, type Feeds } from "../support/evaluate.js";
import { finiteDifferences } from "../support/finite-differences.js";
import { runOnce } from "../support/session.js";

interface Case {
  problem: Problem;
  gamma: number;
  weights: number[];
  logits: number[][];
  /** labelIds, or rows of 0 and 1. */
  labels: number[] | number[][];
  loss: number;
  gradient: number[][];
}

const { cases } = JSON.parse(readFileSync(new URL("focal-loss.json", import.meta.url), "utf8")) as {
  cases: Case[];
};

/** The loss and its gradient as a graph, and what a training would feed. */
function sample({ problem, gamma, weights, logits, labels }: Omit<Case, "loss" | "gradient">) {
  const rows = logits.length;
  const count = weights.length;
  const g = new GraphBuilder();
  const x = g.input("logits", "float32", [rows, count]);
  const inputs = {
    labels: g.input("labels", "float32", [rows, count]),
    weights: g.input("weights", "float32", problem === "multi_label" ? [rows, count] : [rows]),
    denominator: g.input("denominator", "float32", []),
  };
  const loss = weightedLoss(g, problem, x, inputs, gamma);
  const [gradient] = gradients(g, loss, [x]);
  const labelIds = labels.map((label) =>
    typeof label === "number" ? [label] : label.flatMap((y, id) => (y === 1 ? [id] : [])),
  );
  const targets = labelIds.map((ids) =>
    rulesOf(problem).target(ids, { classWeights: weights, labelSmoothing: 0 }),
  );
  const feeds: Feeds = {
    logits: array64([rows, count], logits.flat()),
    labels: array64(
      [rows, count],
      targets.flatMap((target) => [...target.labels]),
    ),
    weights: array64(
      inputs.weights.shape.map(Number),
      targets.flatMap((target) => [...target.weights]),
    ),
    denominator: array64([], [targets.reduce((sum, { denominator }) => sum + denominator, 0)]),
  };
  return { loss, gradient: gradient!, feeds };
}

const largest = (found: ArrayLike<number>, expected: readonly number[]): number =>
  Math.max(...expected.map((value, i) => Math.abs(found[i]! - value)));

describe.each(cases.map((entry) => [entry.problem, entry.gamma, entry.weights, entry] as const))(
  "focal loss, %s, gamma %d, weights %j",
  (_problem, _gamma, _weights, entry) => {
    const { loss, gradient, feeds } = sample(entry);

    test("is PyTorch's, and so is its gradient", () => {
      const [value, found] = evaluate([loss, gradient], feeds);
      // Denominators are fed as float32, as in training.
      expect(Math.abs(value![0]! - entry.loss)).toBeLessThan(1e-7 * Math.max(1, entry.loss));
      expect(largest(found!, entry.gradient.flat())).toBeLessThan(1e-7);
    });

    test("is it in float32 in ONNX Runtime", async () => {
      const graph = compile({ loss, gradient }, { target: "cpu" });
      const found = await runOnce(graph, feeds);
      expect(Math.abs(found.loss!.data[0]! - entry.loss)).toBeLessThan(2e-6 * Math.max(1, entry.loss));
      expect(largest(found.gradient!.data, entry.gradient.flat())).toBeLessThan(1e-6);
    });

    test("has the gradient that finite differences show", () => {
      const [found] = evaluate([gradient], feeds);
      expect(largest(found!, [...finiteDifferences(loss, "logits", feeds)])).toBeLessThan(1e-8);
    });
  },
);

test("logits that are far apart give finite losses and gradients in float32", async () => {
  for (const gamma of [0.5, 2]) {
    const logits = [
      [200, 0],
      [0, 200],
      [30, 0],
      [-30, 0],
    ];
    const single = sample({ problem: "single_label", gamma, weights: [1, 1], logits, labels: [0, 0, 0, 0] });
    const several = sample({
      problem: "multi_label",
      gamma,
      weights: [1, 1],
      logits,
      labels: [
        [1, 0],
        [0, 1],
        [0, 0],
        [1, 1],
      ],
    });
    for (const { loss, gradient, feeds } of [single, several]) {
      const found = await runOnce(compile({ loss, gradient }, { target: "cpu" }), feeds);
      expect(Number.isFinite(found.loss!.data[0]!)).toBe(true);
      expect([...found.gradient!.data].every(Number.isFinite)).toBe(true);
    }
    // A text that is wrong by 200: -ln p is 200 and 1 - p is 1.
    const { loss, feeds } = single;
    const [value] = evaluate([loss], feeds);
    expect(value![0]! * 4).toBeCloseTo(200 + 30, 6);
  }
});
