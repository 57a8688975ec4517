import type { CrossValidation, TrainingOutcome, TrainResult } from "../run/events.js";
import type { GateResult } from "../run/gates.js";
import type { Judgement } from "../run/judgement.js";
import { countMistakes } from "../run/metrics/outcomes.js";
import { gateData } from "./metrics-data.js";
import { classificationReportData } from "./text.js";

/**
 * A training as one JSON object: everything of the result but the single texts, and the steps, which are in the log.
 * Undefined numbers become null.
 */
export function trainingData({
  test,
  crossValidation,
  seeds,
  conflicts,
  lengths,
  steps: _steps,
  ...result
}: TrainResult): Record<string, unknown> {
  const { labels } = result.data;
  const short = shortOutcome(labels);
  return {
    ...result,
    ...(crossValidation && {
      crossValidation: { ...crossValidation, folds: crossValidation.folds.map(short) },
    }),
    ...(seeds && { seeds: { ...seeds, runs: seeds.runs.map(short) } }),
    conflicts: { texts: conflicts.texts },
    lengths: { mean: lengths.mean, histogram: lengths.histogram },
    test: testData(labels, test),
  };
}

/** The same of folds that were stopped before there is a model. */
export function stoppedFoldsData({
  data,
  options,
  test,
  seconds,
  ...results
}: CrossValidation): Record<string, unknown> {
  const folds = results.folds.map(shortOutcome(data.labels));
  return {
    data,
    options,
    crossValidation: { ...results, folds },
    test: testData(data.labels, test),
    seconds,
  };
}

const shortOutcome =
  (labels: readonly string[]) =>
  ({ floors: _floors, metrics, ...outcome }: TrainingOutcome) => ({
    ...outcome,
    accuracy: metrics.accuracy,
    report: classificationReportData(labels, metrics),
  });

const testData = (labels: readonly string[], test: TrainResult["test"]) => ({
  loss: test.loss,
  ...(test.calibration && { calibration: test.calibration }),
  ...evaluationData(labels, test),
  floors: test.floors.map(({ name, metrics }) => ({
    name,
    accuracy: metrics.accuracy,
    report: classificationReportData(labels, metrics),
  })),
});

/** The judgement on some texts as JSON: metrics with their intervals, and scikit-learn's report under its own names. */
export function evaluationData(
  labels: readonly string[],
  { metrics, intervals, judged, answered, smallestDifference }: Judgement,
  gates: readonly GateResult[] = [],
): Record<string, unknown> {
  const {
    perLabel: _perLabel,
    macro: _macro,
    micro: _micro,
    weighted: _weighted,
    samples: _samples,
    ...others
  } = { samples: undefined, ...metrics };
  return {
    texts: judged.length,
    mistakes: countMistakes(judged),
    ...(answered && { answered }),
    ...others,
    report: classificationReportData(labels, metrics),
    intervals,
    smallestDifference,
    ...(gates.length > 0 && { gates: gates.map(gateData) }),
  };
}
