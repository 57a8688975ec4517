export { type ErrorCode, TextgraftError } from "./base/errors.js";
export { sweep } from "./report/sweep-node.js";
export { train } from "./report/train-node.js";
export type { Answered } from "./run/answered.js";
export { type AuditFinding, type AuditResult, audit } from "./run/audit-node.js";
export type { Compared, Flip } from "./run/comparison.js";
export { crossValidate } from "./run/cross-validate-node.js";
export type { Decision } from "./run/decision.js";
export type { DecisionFacts } from "./run/decision-facts.js";
export {
  type CompareOptions,
  type Comparison,
  compare,
  type EvaluateOptions,
  type Evaluation,
  evaluate,
} from "./run/evaluate-node.js";
export type {
  CrossValidation,
  DataFacts,
  EpochFacts,
  FoldResults,
  Judged,
  ModelEvent,
  ModelFacts,
  SeedResults,
  StoppedAfter,
  TrainEvent,
  TrainingFacts,
  TrainingOutcome,
  TrainResult,
} from "./run/events.js";
export type { ExplainOptions, Explanation, TokenScore, WordScore } from "./run/explain.js";
export { type Exported, exportOnnx } from "./run/export-node.js";
export type { GateResult } from "./run/gates.js";
export type { Intervals } from "./run/intervals.js";
export type { Judgement } from "./run/judgement.js";
export { type LoadOptions, load, type PredictOptions, type TextClassifier } from "./run/load-node.js";
export type { Metrics, MultiLabelScores, SingleLabelScores } from "./run/metrics.js";
export type { TrainOptions } from "./run/options.js";
export type { Prediction } from "./run/predict.js";
export { readSpace, type Space, type Trial } from "./run/sweep.js";
export type {
  Sweep,
  SweepEvent,
  SweepInput,
  SweepResult,
  TrialRecord,
} from "./run/sweep-node.js";
export { type DryRun, dryRun, type Run, type TrainInput } from "./run/train-node.js";
export type { TextInput, TextPair } from "./tokens/pairs.js";
