import fc from "fast-check";
import { expect, test } from "vitest";
import { classificationMetrics, confusionMatrix } from "../../src/run/metrics/confusion.js";
import { multiLabelMetrics } from "../../src/run/metrics/multilabel.js";
import {
  argmax,
  brierScore,
  calibrationError,
  logLoss,
  multiLabelBrierScore,
  multiLabelLogLoss,
  oneHot,
} from "../../src/run/metrics/probabilities.js";
import {
  averagePrecision,
  averageRanking,
  precisionRecallCurve,
  type RankingMetric,
  rocAuc,
  rocAucOneVsOne,
  rocCurve,
} from "../../src/run/metrics/ranking.js";
import { measure } from "../../src/run/metrics.js";
import {
  expectClose,
  idsOf,
  type MultiLabelCase,
  multiLabelCases,
  type SingleLabelCase,
  singleLabelCases,
} from "../support/sklearn.js";

const averages = ["macro", "micro", "weighted", "samples"] as const;

/** By the field's name in the reference file: what we compute for it. */
type Answers = Record<string, () => unknown>;

function ofConfusion(example: SingleLabelCase): Answers {
  const labelIds = idsOf(example.y_true, example);
  const predictions = idsOf(example.y_pred, example);
  const metrics = classificationMetrics(confusionMatrix(labelIds, predictions, example.labels.length));
  return {
    confusion_matrix: () => metrics.confusion,
    accuracy: () => metrics.accuracy,
    f1_macro: () => metrics.macro.f1,
    f1_micro: () => metrics.micro.f1,
    f1_weighted: () => metrics.weighted.f1,
    balanced_accuracy: () => metrics.balancedAccuracy,
    mcc: () => metrics.mcc,
    cohen_kappa: () => metrics.cohenKappa,
  };
}

/** The scores are one number for each text: the probability of class 1. */
function ofTwoLabels({ y_true: truth }: SingleLabelCase, scores: number[]): Answers {
  const probabilities = scores.map((p) => [1 - p, p]);
  const roc = (dropIntermediate: boolean) => {
    const { falsePositiveRate, truePositiveRate, thresholds } = rocCurve(truth, scores, { dropIntermediate });
    return [falsePositiveRate, truePositiveRate, thresholds];
  };
  return {
    roc_auc: () => rocAuc(truth, scores),
    average_precision: () => averagePrecision(truth, scores),
    log_loss: () => logLoss(truth, probabilities),
    brier: () => brierScore(truth, probabilities),
    ece: () => calibrationError(truth, probabilities),
    roc_curve: () => roc(true),
    roc_curve_all_points: () => roc(false),
    precision_recall_curve: () => {
      const { precision, recall, thresholds } = precisionRecallCurve(truth, scores);
      return [precision, recall, thresholds];
    },
  };
}

function ofManyLabels(example: SingleLabelCase, probabilities: number[][]): Answers {
  const labelIds = idsOf(example.y_true, example);
  const truth = oneHot(labelIds, example.labels.length);
  const answers: Answers = {
    log_loss: () => logLoss(labelIds, probabilities),
    brier: () => brierScore(labelIds, probabilities),
    ece: () => calibrationError(labelIds, probabilities),
    roc_auc_ovo_macro: () => rocAucOneVsOne(labelIds, probabilities, "macro"),
    roc_auc_ovo_weighted: () => rocAucOneVsOne(labelIds, probabilities, "weighted"),
  };
  for (const average of averages) {
    answers[`roc_auc_ovr_${average}`] = () => averageRanking(rocAuc, truth, probabilities, average);
    answers[`average_precision_${average}`] = () =>
      averageRanking(averagePrecision, truth, probabilities, average);
  }
  return answers;
}

function ofAnyNumberOfLabels({
  y_true: truth,
  y_pred: predictions,
  y_score: scores,
}: MultiLabelCase): Answers {
  const metrics = multiLabelMetrics(truth, predictions);
  const answers: Answers = {
    accuracy: () => metrics.accuracy,
    hamming_loss: () => metrics.hammingLoss,
    multilabel_confusion_matrix: () => metrics.confusions,
    log_loss: () => multiLabelLogLoss(truth, scores),
    brier: () => multiLabelBrierScore(truth, scores),
  };
  for (const average of averages) {
    answers[`f1_${average}`] = () => metrics[average].f1;
    answers[`roc_auc_${average}`] = () => averageRanking(rocAuc, truth, scores, average);
    answers[`average_precision_${average}`] = () => averageRanking(averagePrecision, truth, scores, average);
  }
  return answers;
}

function expectAll(example: SingleLabelCase | MultiLabelCase, answers: Answers): void {
  for (const [field, expected] of Object.entries(example)) {
    if (notMetrics.has(field)) continue;
    const answer = answers[field];
    if (answer === undefined) throw new Error(`${example.name}: no answer for ${field}`);
    const curve = expected !== null && typeof expected === "object" && !Array.isArray(expected);
    expectClose(answer(), curve ? Object.values(expected) : expected, `${example.name} ${field}`);
  }
}
// the inputs, and what tests/report and tests/model compare
const notMetrics = new Set(
  "name y_true y_pred y_score target_names labels classes report report_text class_weight_balanced".split(
    " ",
  ),
);

test.each(singleLabelCases)("every metric of $name agrees with scikit-learn", (example) => {
  const scores = example.y_score;
  const ofScores =
    scores === undefined
      ? {}
      : Array.isArray(scores[0])
        ? ofManyLabels(example, scores as number[][])
        : ofTwoLabels(example, scores as number[]);
  expectAll(example, { ...ofConfusion(example), ...ofScores });
});

test.each(multiLabelCases)("every metric of $name agrees with scikit-learn", (example) => {
  expectAll(example, ofAnyNumberOfLabels(example));
});

test.each(singleLabelCases.filter(({ y_score, labels }) => y_score && labels.length > 1))(
  "measure gives the metrics of $name",
  (example) => {
    const binary = !Array.isArray(example.y_score![0]);
    const probabilities = binary
      ? (example.y_score as number[]).map((p) => [1 - p, p])
      : (example.y_score as number[][]);
    const metrics = measure(idsOf(example.y_true, example), probabilities);
    expectClose(metrics.accuracy, example.accuracy, "accuracy");
    expectClose(metrics.logLoss, example.log_loss, "logLoss");
    expectClose(metrics.brier, example.brier, "brier");
    expectClose(metrics.calibrationError, example.ece, "calibrationError");
    expectClose(metrics.rocAuc, binary ? example.roc_auc : example.roc_auc_ovr_macro, "rocAuc");
    expectClose(
      metrics.averagePrecision,
      binary ? example.average_precision : example.average_precision_macro,
      "averagePrecision",
    );
  },
);

test("measure refuses an empty set, and a confusion matrix refuses unknown labelIds", () => {
  expect(() => measure([], [])).toThrowError(/no labelled text/);
  expect(() => confusionMatrix([0, 2], [0, 1], 2)).toThrowError(/labelId 2 .* from 0 to 1/);
  expect(() => confusionMatrix([0, 1], [0, -1], 2)).toThrowError(/prediction -1/);
  expect(() => confusionMatrix([0], [0, 1], 2)).toThrowError(/1 labelIds .* 2 predictions/);
});

test("argmax takes the first of equal numbers, from typed arrays too", () => {
  expect(argmax([0.2, 0.4, 0.4])).toBe(1);
  expect(argmax(Float32Array.of(-3, -2, -5))).toBe(1);
});

const answers = fc
  .array(fc.tuple(fc.constantFrom(0, 1), fc.integer({ min: 0, max: 8 })), { minLength: 1, maxLength: 40 })
  .map((pairs) => ({ truth: pairs.map(([yes]) => yes), scores: pairs.map(([, score]) => score / 8) }));

test("ROC-AUC is the share of (yes, no) pairs in the right order, ties counting half", () => {
  fc.assert(
    fc.property(answers, ({ truth, scores }) => {
      const pairs = truth.flatMap((yes, i) =>
        truth.flatMap((other, j) => (yes === 1 && other === 0 ? [[scores[i]!, scores[j]!] as const] : [])),
      );
      const right = pairs.map(([yes, no]) => (yes > no ? 1 : yes === no ? 0.5 : 0) as number);
      const expected = right.reduce((a, b) => a + b, 0) / pairs.length;
      expectClose(rocAuc(truth, scores), pairs.length === 0 ? null : expected, "rocAuc");
    }),
  );
});

test("average precision is the mean precision at the rank of each yes (ties share the last rank)", () => {
  fc.assert(
    fc.property(answers, ({ truth, scores }) => {
      const precisions = truth.flatMap((yes, i) => {
        const marked = truth.filter((_, j) => scores[j]! >= scores[i]!);
        return yes === 1 ? [marked.filter((other) => other === 1).length / marked.length] : [];
      });
      const expected = precisions.reduce((a, b) => a + b, 0) / Math.max(1, precisions.length);
      expectClose(averagePrecision(truth, scores), expected, "averagePrecision");
    }),
  );
});

test("leaving out the points between two others keeps the curve's line, its ends and its area", () => {
  fc.assert(
    fc.property(answers, ({ truth, scores }) => {
      fc.pre(truth.includes(0) && truth.includes(1));
      const all = rocCurve(truth, scores, { dropIntermediate: false });
      const few = rocCurve(truth, scores);
      const points = (curve: typeof all) =>
        curve.thresholds.map((t, i) => `${t} ${curve.falsePositiveRate[i]} ${curve.truePositiveRate[i]}`);
      expect(points(all)).toEqual(expect.arrayContaining(points(few)));
      expect([points(few)[0], points(few).at(-1)]).toEqual([points(all)[0], points(all).at(-1)]);
      const area = ({ falsePositiveRate: x, truePositiveRate: y }: typeof all) =>
        x.reduce((sum, right, i) => (i === 0 ? 0 : sum + ((right - x[i - 1]!) * (y[i]! + y[i - 1]!)) / 2), 0);
      expectClose(area(few), area(all), "area");
    }),
  );
  // six equal steps of one yes each: only the ends stay
  expect(rocCurve([1, 1, 1, 1, 1, 1, 0], [7, 6, 5, 4, 3, 2, 1]).thresholds).toEqual([Infinity, 7, 2, 1]);
});

test("the metrics of one label a text and of its one-hot answers agree", () => {
  const table = fc.integer({ min: 1, max: 5 }).chain((labelCount) =>
    fc.array(fc.tuple(fc.nat(labelCount - 1), fc.nat(labelCount - 1)), { minLength: 1 }).map((pairs) => ({
      labelCount,
      labelIds: pairs.map(([labelId]) => labelId),
      predictions: pairs.map(([, prediction]) => prediction),
    })),
  );
  fc.assert(
    fc.property(table, ({ labelCount, labelIds, predictions }) => {
      const single = classificationMetrics(confusionMatrix(labelIds, predictions, labelCount));
      const multi = multiLabelMetrics(oneHot(labelIds, labelCount), oneHot(predictions, labelCount));
      expect(multi.perLabel).toEqual(single.perLabel);
      expect(multi.macro).toEqual(single.macro);
      expectClose(multi.samples.f1, single.accuracy, "samples");
      expectClose(single.micro.f1, single.accuracy, "micro");
      expectClose(multi.accuracy, single.accuracy, "accuracy");
    }),
  );
});

test("for two labels MCC and kappa follow the textbook's formulas", () => {
  const count = fc.integer({ min: 1, max: 1000 });
  fc.assert(
    fc.property(count, count, count, count, (tn, fp, fn, tp) => {
      const { mcc, cohenKappa } = classificationMetrics([
        [tn, fp],
        [fn, tp],
      ]);
      const root = Math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn));
      expectClose(mcc, (tp * tn - fp * fn) / root, "mcc");
      const kappa = (2 * (tp * tn - fn * fp)) / ((tp + fp) * (fp + tn) + (tp + fn) * (fn + tn));
      expectClose(cohenKappa, kappa, "kappa");
    }),
  );
});

test("a weighted average ignores labels that never occur, a plain one is then undefined", () => {
  const truth = [
    [1, 0, 0],
    [0, 1, 0],
    [1, 0, 0],
  ];
  const scores = [
    [0.8, 0.1, 0.1],
    [0.2, 0.7, 0.1],
    [0.1, 0.6, 0.3],
  ];
  const metric: RankingMetric = rocAuc;
  expect(averageRanking(metric, truth, scores, "macro")).toBeNaN();
  expectClose(averageRanking(metric, truth, scores, "weighted"), (2 * 0.5 + 1 * 1) / 3, "weighted");
});
