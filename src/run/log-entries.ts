import type { TrainEvent, TrainResult } from "./events.js";
import type { Metrics } from "./metrics.js";
import type { TrainOptions } from "./options.js";
import { VERSION } from "./version.js";

/** One line of a training's log: what happened, at which step, and numbers. It holds no texts. */
export type LogEntry = Readonly<Record<string, unknown>> & {
  readonly event:
    | "start"
    | "data"
    | "model"
    | "estimate"
    | "notice"
    | "step"
    | "decision"
    | "epoch"
    | "training"
    | "trained"
    | "test"
    | "end";
};

export const startEntry = (options: TrainOptions): LogEntry => ({
  event: "start",
  textgraft: VERSION,
  options,
});

/**
 * What a log keeps of an event; undefined for progress that is nothing afterwards. Steps are counted on from those `before`,
 * of earlier trainings of the run.
 */
export function entryOf(event: TrainEvent, lastStep: number, before = 0): LogEntry | undefined {
  switch (event.kind) {
    case "step": {
      const { epoch, loss, learningRate, gradientNorm, examplesPerSecond } = event;
      return {
        event: "step",
        step: before + event.step,
        epoch,
        loss,
        learningRate,
        gradientNorm,
        examplesPerSecond,
      };
    }
    case "epoch": {
      const { epoch, trainLoss, validationLoss, validation, best, seconds } = event.facts;
      const scores = scoresOf(validation);
      return { event: "epoch", step: lastStep, epoch, trainLoss, validationLoss, best, seconds, ...scores };
    }
    case "data":
    case "model":
    case "estimate":
      return { event: event.kind, ...event.facts };
    case "decision":
      return { event: "decision", ...event.facts };
    case "training":
      return { event: "training", ...event.facts };
    case "trained": {
      const { metrics, floors: _floors, ...facts } = event.facts;
      return { event: "trained", ...facts, ...scoresOf(metrics) };
    }
    case "notice":
      return { event: "notice", text: event.text };
    case "download":
    case "compared":
    case "tokenized":
    case "evaluating":
    case "saved":
    case "folds":
      return undefined;
    default:
      return event satisfies never;
  }
}

/** What there is to say when the model has been judged. */
export function endEntries(
  { test, bestEpoch, stopped, stillFalling, seconds }: TrainResult,
  lastStep: number,
): LogEntry[] {
  return [
    { event: "test", step: lastStep, loss: test.loss, ...scoresOf(test.metrics) },
    { event: "end", bestEpoch, stopped, stillFalling, seconds },
  ];
}

/** The single numbers of metrics by name; those of averages with the average before them. */
export function scoresOf(metrics: Metrics): Record<string, number> {
  const { accuracy, logLoss, brier, rocAuc, averagePrecision, macro, micro, weighted } = metrics;
  const ofKind =
    "samples" in metrics
      ? { hammingLoss: metrics.hammingLoss }
      : {
          balancedAccuracy: metrics.balancedAccuracy,
          mcc: metrics.mcc,
          cohenKappa: metrics.cohenKappa,
          calibrationError: metrics.calibrationError,
        };
  return {
    accuracy,
    macroPrecision: macro.precision,
    macroRecall: macro.recall,
    macroF1: macro.f1,
    microF1: micro.f1,
    weightedF1: weighted.f1,
    logLoss,
    brier,
    rocAuc,
    averagePrecision,
    ...ofKind,
  };
}
