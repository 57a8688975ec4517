import { createHash } from "node:crypto";
import type { Split } from "../data/split.js";
import type { Problem } from "../model/loss.js";
import type { LengthLimit } from "../tokens/long-texts.js";
import type { DataFacts, TrainResult } from "./events.js";
import type { TrainOptions } from "./options.js";
import type { Pretrained } from "./pretrained-node.js";
import type { SavedFacts } from "./saved-facts.js";
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
  split,
}: Finished): SavedFacts {
  const { labels, problem: _problem, ...data } = facts;
  const rows = inOrder(split).map((example) => JSON.stringify([example.text, ...example.labels]));
  const best = history.epochs.find(({ epoch }) => epoch === history.bestEpoch);
  return {
    formatVersion: 1,
    textgraft: VERSION,
    ...head,
    problem,
    labels,
    ...limit,
    windowPooling: options.windowPooling,
    run: {
      options,
      ...(commit !== undefined && { commit }),
      data: { ...data, fingerprint: fingerprintOf(rows) },
      tokenizer: tokenizer.fingerprint,
      versions: { node: process.version, onnxruntime: onnxruntimeVersion() },
      epochs: history.epochs.map(({ validation: _metrics, ...epoch }) => epoch),
      bestEpoch: history.bestEpoch,
      stopped: history.stopped,
      ...(best && { validation: best.validation }),
      test: test.metrics,
      finishedAt: new Date().toISOString(),
    },
  };
}

/** The same for the same rows in any order, and so for any split. */
function fingerprintOf(rows: readonly string[]): string {
  const hash = createHash("sha256");
  for (const row of [...rows].sort()) hash.update(row);
  return hash.digest("hex");
}
