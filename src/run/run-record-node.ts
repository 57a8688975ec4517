import { createHash } from "node:crypto";
import type { Examples } from "../data/examples.js";
import type { Split } from "../data/split.js";
import type { Problem } from "../model/loss.js";
import type { LengthLimit } from "../tokens/long-texts.js";
import type { DecisionFacts } from "./decision-facts.js";
import type { DataFacts, TrainingOutcome, TrainResult } from "./events.js";
import type { TrainOptions } from "./options.js";
import type { Pretrained } from "./pretrained-node.js";
import { savedDecision } from "./saved-decision.js";
import type { OutcomeRecord, SavedFacts } from "./saved-facts.js";
import { inOrder } from "./tokenize.js";
import type { TrainHistory } from "./train.js";
import { VERSION } from "./version.js";
import { onnxruntimeVersion } from "./version-node.js";

/** A training that has ended, but for saving it. */
export interface Finished {
  pretrained: Pretrained;
  options: TrainOptions;
  facts: DataFacts;
  limit: LengthLimit;
  /** As people know it. */
  head: Pick<SavedFacts, "head" | "headWidth">;
  problem: Problem;
  history: TrainHistory;
  test: TrainResult["test"];
  crossValidation?: TrainResult["crossValidation"];
  seeds?: TrainResult["seeds"];
  decision: DecisionFacts;
  split: Split;
}

/** What is written beside the weights: what it takes to use them, and to repeat the run. */
export function runRecord({
  pretrained: { tokenizer, commit },
  options,
  facts,
  limit,
  head,
  problem,
  history,
  test,
  crossValidation,
  seeds,
  decision: { decision, calibration, ...chosen },
  split,
}: Finished): SavedFacts {
  const { labels, problem: _problem, ...data } = facts;
  const best = history.epochs.find(({ epoch }) => epoch === history.bestEpoch);
  const saved = savedDecision(decision, labels);
  return {
    formatVersion: 1,
    textgraft: VERSION,
    ...head,
    problem,
    labels,
    ...limit,
    windowPooling: options.windowPooling,
    ...(saved && { decision: saved }),
    ...(facts.pairColumn !== undefined && { pairs: true }),
    run: {
      options,
      ...(commit !== undefined && { commit }),
      data: { ...data, fingerprint: fingerprintOf(inOrder(split)) },
      tokenizer: tokenizer.fingerprint,
      versions: { node: process.version, onnxruntime: onnxruntimeVersion() },
      epochs: history.epochs.map(({ validation: _metrics, ...epoch }) => epoch),
      bestEpoch: history.bestEpoch,
      stopped: history.stopped,
      ...(best && { validation: best.validation }),
      test: test.metrics,
      ...(crossValidation && {
        crossValidation: { spread: crossValidation.spread, folds: crossValidation.folds.map(outcomeRecord) },
      }),
      ...(seeds && { seeds: { ...seeds, runs: seeds.runs.map(outcomeRecord) } }),
      ...(calibration && {
        calibration: { ...calibration, ...(test.calibration && { test: test.calibration }) },
      }),
      ...(saved && { chosen }),
      finishedAt: new Date().toISOString(),
    },
  };
}

const outcomeRecord = ({ floors: _floors, metrics, ...outcome }: TrainingOutcome): OutcomeRecord => ({
  ...outcome,
  accuracy: metrics.accuracy,
  macroF1: metrics.macro.f1,
});

/** The same for the same rows in any order, and so for any split: a hash of the sums of the rows' hashes, word by word. */
function fingerprintOf(examples: Examples): string {
  const sums = new Uint32Array(8);
  for (const { text, pair, labels } of examples) {
    const digest = createHash("sha256")
      .update(JSON.stringify([text, ...(pair === undefined ? [] : [[pair]]), ...labels]))
      .digest();
    for (let word = 0; word < sums.length; word++) sums[word]! += digest.readUInt32LE(4 * word);
  }
  return createHash("sha256")
    .update(`${examples.length} ${sums.join(" ")}`)
    .digest("hex");
}
