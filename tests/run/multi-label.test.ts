import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { exportOnnx, load, type TrainInput, train } from "textgraft";
import { describe, expect, test } from "vitest";
import { atOnce } from "../../src/base/steps.js";
import { formatLabels } from "../../src/data/label-sets.js";
import { positiveWeights } from "../../src/model/class-weights.js";
import { answerOf } from "../../src/run/decision.js";
import { grams, naiveBayes, smoothing } from "../../src/run/floors.js";
import { multiLabel } from "../../src/run/multi-label.js";
import { binaryNaiveBayes, commonestSet } from "../../src/run/multi-label-floors.js";
import type { Labelled } from "../../src/run/problem.js";
import {
  engineWith,
  familySpec,
  type ReferenceRows,
  readFamily,
  readTensors,
  referenceBatch,
  trainingSpec,
} from "../support/families.js";
import { expectClose, multiLabelCases } from "../support/sklearn.js";
import { inventedRows, inventedSets } from "../support/tiny-model.js";
import { readJson, tinyOptions, tinyWorkplace, trained } from "./train-tiny.js";

const floorsOf = (train: Labelled, test: Labelled, labels: string[]) =>
  atOnce(multiLabel.floors(train, test, labels));

/** Rows of 0 and 1 → labelIds. */
const idsOf = (rows: readonly (readonly number[])[]): number[][] =>
  rows.map((row) => row.flatMap((bit, id) => (bit === 1 ? [id] : [])));
const referenceIds = ({ labels }: ReferenceRows): number[][] => idsOf(labels as number[][]);

describe("the loss", () => {
  const expected = readFamily("bert-multilabel");
  const labelIds = referenceIds(expected.eval);
  const ones = expected.class_weights.map(() => 1);

  test("of logits is PyTorch's BCEWithLogitsLoss, also with pos_weight", () => {
    const { logits, loss, weighted } = expected.eval;
    expect(Math.abs(multiLabel.loss(logits, labelIds, ones) - loss)).toBeLessThan(1e-6);
    expect(Math.abs(multiLabel.loss(logits, labelIds, expected.class_weights) - weighted.loss)).toBeLessThan(
      1e-6,
    );
    expect(multiLabel.loss([[-2000, 2000]], [[0]], [3, 1])).toBe((3 * 2000 + 2000) / 2);
  });

  test("of a training step is it, too", async () => {
    const classifier = familySpec("bert-multilabel", expected);
    const batch = referenceBatch(expected.eval);
    const weights = await readTensors("bert-multilabel/model.safetensors");
    for (const [classWeights, loss] of [
      [ones, expected.eval.loss],
      [expected.class_weights, expected.eval.weighted.loss],
    ] as const) {
      const targets = labelIds.map((ids) => multiLabel.target(ids, { classWeights, labelSmoothing: 0 }));
      const labelled = {
        ...batch,
        labels: Float32Array.from(targets.flatMap(({ labels }) => labels)),
        weights: Float32Array.from(targets.flatMap(({ weights }) => weights)),
      };
      const training = trainingSpec(expected.optimizer, labelled);
      const spec = { classifier, device: "cpu", frozenStages: 0, training } as const;
      const engine = await engineWith(spec, weights);
      const denominator = targets.reduce((sum, target) => sum + target.denominator, 0);
      const step = await engine.train({ batches: [labelled], denominator, step: 1, learningRate: 0 });
      expect(Math.abs(step.loss - loss)).toBeLessThan(1e-5);
      await engine.close();
    }
  });

  // torch.nn.BCEWithLogitsLoss of PyTorch 2.13 in float64, targets y·(1-s) + s/2
  test.each([
    [0, [1, 1, 1], 1.6093894368746475],
    [0, [2, 0.5, 3], 1.6468357863825835],
    [0.1, [1, 1, 1], 1.5968894368746478],
    [0.1, [2, 0.5, 3], 1.6345507063633749],
  ])(
    "with label smoothing %d and weights %j is PyTorch's of soft targets",
    (labelSmoothing, classWeights, loss) => {
      const logits = [
        [0.5, -2, 3],
        [-1, 0, 8],
      ];
      let sum = 0;
      let denominator = 0;
      for (const [i, ids] of [[0, 2], [1]].entries()) {
        const target = multiLabel.target(ids, { classWeights, labelSmoothing });
        denominator += target.denominator;
        for (const [id, x] of logits[i]!.entries()) {
          sum += target.weights[id]! * (Math.log1p(Math.exp(x)) - target.labels[id]! * x);
        }
      }
      expect(sum / denominator).toBeCloseTo(loss, 12);
    },
  );

  test("balanced weights give a label's yeses and noes the same total", () => {
    expect(positiveWeights([1, 2, 8], 10, ["a", "b", "c"])).toEqual([9, 4, 0.25]);
    for (const [count, message] of [
      [0, /^No training text has the label "b"/],
      [10, /^Every training text has the label "b"/],
    ] as const) {
      expect(() => positiveWeights([1, count], 10, ["a", "b"])).toThrowError(
        expect.objectContaining({ code: "data-invalid", message: expect.stringMatching(message) }),
      );
    }
  });
});

describe("answers", () => {
  test("are the labels from one half on", () => {
    expect(answerOf("multi_label", [0.5, 0.499999, 1, 0]).labelIds).toEqual([0, 2]);
    expect(answerOf("multi_label", [0.1, 0.2]).labelIds).toEqual([]);
  });

  test.each(multiLabelCases)("are measured as scikit-learn does: $name", (example) => {
    const metrics = multiLabel.measure(idsOf(example.y_true), example.y_score);
    expectClose(metrics.logLoss, example.log_loss, "log loss");
    expectClose(metrics.brier, example.brier, "Brier score");
    expectClose(metrics.rocAuc, example.roc_auc_macro, "ROC AUC");
    expectClose(metrics.averagePrecision, example.average_precision_macro, "average precision");
    const atHalf = example.y_score.map((row) => row.map((p) => (p >= 0.5 ? 1 : 0)));
    if (JSON.stringify(atHalf) !== JSON.stringify(example.y_pred)) return;
    expectClose(metrics.accuracy, example.accuracy, "accuracy");
    expectClose(metrics.macro.f1, example.f1_macro, "macro F1");
  });

  test("of no text at all are refused", () => {
    expect(() => multiLabel.measure([], [])).toThrowError(/no labelled text/);
  });
});

describe("floors", () => {
  test("the commonest set, the first of equals", () => {
    expect(commonestSet([[1], [0, 2], [], [0, 2], []])).toEqual([0, 2]);
    expect(commonestSet([[1], [], []])).toEqual([]);
  });

  test("naive Bayes says of each label what one for this label alone says", () => {
    const text = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 4 }).map((words) => words.join(" "));
    const example = fc.tuple(text, fc.uniqueArray(fc.nat(2)));
    fc.assert(
      fc.property(fc.array(example, { minLength: 2, maxLength: 6 }), text, (examples, question) => {
        const texts = examples.map(([text]) => text);
        const labelIds = examples.map(([, ids]) => ids);
        const together = binaryNaiveBayes({ texts, labelIds }, 3)(question);
        for (const id of [0, 1, 2]) {
          const bits = labelIds.map((ids) => (ids.includes(id) ? 1 : 0));
          const odds = logOdds(texts, bits, question);
          if (Math.abs(odds) < 1e-9) continue; // a tie but for rounding
          expect(together.includes(id)).toBe(odds > 0);
          expect(naiveBayes({ texts, labelIds: bits }, 2)(question)).toBe(odds > 0 ? 1 : 0);
        }
      }),
    );
  });

  test("their names tell what they always say, and they are measured on the test texts", () => {
    const train = { texts: ["a", "b", "c"], labelIds: [[0, 1], [0, 1], []] };
    const [commonest, bayes] = floorsOf(train, { texts: ["a", "c"], labelIds: [[0, 1], [0]] }, ["x", "y"]);
    expect(commonest).toMatchObject({
      name: "the commonest set of labels (x|y)",
      metrics: { accuracy: 0.5 },
    });
    expect(bayes!.name).toBe("naive Bayes");
    expect(floorsOf({ texts: ["a"], labelIds: [[]] }, train, ["x", "y"])[0]!.name).toContain("(none)");
  });
});

const { folder, model } = await tinyWorkplace();

describe("a training", async () => {
  const rows = inventedSets(240);
  const data = join(folder, "mixed.csv");
  await writeFile(
    data,
    ["text,labels", ...rows.map(({ text, labels }) => `${text},${formatLabels(labels)}`)].join("\n"),
  );
  const output = join(folder, "model");
  const input = { ...tinyOptions, epochs: 8, multiLabel: true, model, output, data };
  const { events, result } = await trained(input);

  test("tells sets and texts without labels", () => {
    expect(result.data).toMatchObject({
      problem: "multi_label",
      labels: ["garden", "kitchen", "sea"],
      unlabelled: 40,
    });
    expect(events.filter(({ kind }) => kind === "notice")).toEqual([]);
  });

  test("learns them and beats the commonest set", () => {
    const { metrics, judged, floors, loss } = result.test;
    expect(judged).toHaveLength(result.data.parts.test.rows);
    for (const { row, labelIds, predictedIds, probabilities } of judged) {
      expect(new Set(labelIds.map((id) => result.data.labels[id]))).toEqual(new Set(rows[row - 1]!.labels));
      expect(predictedIds).toEqual([0, 1, 2].filter((id) => probabilities[id]! >= 0.5));
    }
    if (!("samples" in metrics)) throw new Error("expected the metrics of several labels");
    expect(metrics.macro.f1).toBeGreaterThan(0.85);
    expect(metrics.accuracy).toBeGreaterThan(floors[0]!.metrics.accuracy + 0.3);
    expect(loss).toBeCloseTo(metrics.logLoss, 6);
    expect(result.epochs.at(-1)!.validationLoss).toBeLessThan(result.epochs[0]!.validationLoss);
  });

  test("saves what Hugging Face's classes take for several labels, and answers the same again", async () => {
    expect(await readJson(output, "config.json")).toMatchObject({
      architectures: ["BertForSequenceClassification"],
      problem_type: "multi_label_classification",
    });
    const classifier = await load(output);
    expect(classifier.problem).toBe("multi_label");
    const { judged } = result.test;
    const predictions = await classifier.predict(judged.map(({ text }) => text));
    for (const [i, { labels, label, score, scores }] of predictions.entries()) {
      for (const [id, name] of classifier.labels.entries())
        expect(Math.abs(scores[name]! - judged[i]!.probabilities[id]!)).toBeLessThan(1e-5);
      expect(labels).toEqual(judged[i]!.predictedIds.map((id) => classifier.labels[id]));
      expect(score).toBe(Math.max(...Object.values(scores)));
      expect(scores[label!]).toBe(score);
    }
    await classifier.close();
    expect((await exportOnnx(output)).largestDifference).toBeLessThan(1e-5);
  });

  test("from rows of a program is the same, in any order of labels", async () => {
    const again = await trained({
      ...input,
      output: join(folder, "rows"),
      data: rows.map(({ text, labels }) => ({ text, labels: [...labels].reverse() })),
    });
    expect(again.result.test.metrics).toEqual(result.test.metrics);
    const fingerprint = async (name: string) => {
      const { run } = (await readJson(folder, name, "textgraft.json")) as {
        run: { data: { fingerprint: string } };
      };
      return run.data.fingerprint;
    };
    expect(await fingerprint("rows")).toBe(await fingerprint("model"));
  });

  test("goes on with its head for several labels only", async () => {
    const short = { epochs: 1, overwrite: true, model: output, output: join(folder, "more") };
    const more = await trained({ ...input, ...short });
    expect(more.result.model.fresh).toEqual({ encoder: [], head: [] });
    const single = await trained({ ...tinyOptions, ...short, data: inventedRows(90) });
    expect(single.result.model.fresh.head).toEqual(["classifier.weight", "classifier.bias"]);
  });

  test("with balanced weights tells them", async () => {
    const { result } = await trained({
      ...input,
      epochs: 1,
      classWeights: "balanced",
      labelSmoothing: 0.1,
      accumulate: 2,
      output: join(folder, "balanced"),
    });
    const { rows, byLabel } = result.data.parts.train;
    expect(result.model.classWeights).toEqual(byLabel.map((count) => (rows - count) / count));
  });

  const one = inventedRows(60);
  test.each<[string, Partial<TrainInput>, string]>([
    [
      "sets without --multi-label",
      {
        multiLabel: false,
        data: rows.map(({ text, labels }) => ({ text, label: labels.join("|") || "none" })),
      },
      "add --multi-label",
    ],
    [
      "one label each with --multi-label",
      { data: one.map(({ text, label }) => ({ text, labels: [label] })) },
      "Every text has exactly one label",
    ],
  ])("hints at the other kind: %s", async (_name, change, hint) => {
    const run = train({ ...input, epochs: 1, output: join(folder, "hint"), overwrite: true, ...change });
    const told: string[] = [];
    const listening = (async () => {
      for await (const event of run) if (event.kind === "notice") told.push(event.text);
    })();
    const fix = await listening.then(
      () => "",
      (error: { fix: string }) => error.fix,
    );
    expect([...told, fix].join("\n")).toContain(hint);
    await run.result.catch(() => {});
  });

  test.each<[string, Record<string, unknown>, string, RegExp]>([
    [
      "a row without a list",
      { data: [{ text: "a", label: "b" }] },
      "data-invalid",
      /row 1: labels is undefined/,
    ],
    [
      "a list of something else",
      { data: [{ text: "a", labels: [1] }] },
      "data-invalid",
      /row 1: labels is \[1\]/,
    ],
    ["no label at all", { data: [{ text: "a", labels: [] }] }, "data-invalid", /No row .* has a label/],
    ["a criterion of one label", { best: "mcc" }, "option-invalid", /--best mcc is undefined/],
    ["weights of another label", { classWeights: "desert=2" }, "label-unknown", /"desert"/],
  ])("%s is refused", async (_name, change, code, message) => {
    const run = train({ ...input, output: join(folder, "refused"), ...change } as TrainInput);
    await expect(run.result).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

/** Log-odds of a label after the definition of naive Bayes: a second implementation, from sets of grams. */
function logOdds(texts: readonly string[], bits: readonly number[], question: string): number {
  const found = texts.map(grams);
  const vocabulary = new Set(found.flatMap((set) => [...set]));
  const score = (bit: number): number => {
    const own = found.filter((_, i) => bits[i] === bit);
    const total = own.reduce((sum, set) => sum + set.size, 0) + smoothing * vocabulary.size;
    const known = [...grams(question)].filter((gram) => vocabulary.has(gram));
    const likelihoods = known.map((gram) =>
      Math.log((own.filter((set) => set.has(gram)).length + smoothing) / total),
    );
    return likelihoods.reduce((sum, value) => sum + value, Math.log(own.length / texts.length));
  };
  return score(1) - score(0);
}
