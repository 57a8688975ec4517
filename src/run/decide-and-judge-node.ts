import type { Split } from "../data/split.js";
import { decide, decisionWanted } from "./decide.js";
import type { DecisionFacts } from "./decision-facts.js";
import type { TrainEvent, TrainResult } from "./events.js";
import type { Fitted } from "./fit-node.js";
import { judge } from "./judge.js";
import type { TrainOptions } from "./options.js";

export interface Deciding {
  labels: readonly string[];
  options: TrainOptions;
  /** Where it was made already: its temperature is in the weights. */
  decision?: DecisionFacts | undefined;
}

/**
 * Chooses on the validation texts of a training how probabilities become answers, and judges those on its test texts. Without
 * a `split` nothing is judged.
 */
export async function* decideAndJudge(
  fitted: Fitted,
  split: Split | undefined,
  { labels, options, decision: made }: Deciding,
): AsyncGenerator<TrainEvent, { decision: DecisionFacts; test: TrainResult["test"] | undefined }> {
  const { engine, tokens, classWeights } = fitted;
  const decision = made ?? (await decide(fitted, decisionWanted(options, labels, tokens.problem)));
  yield { kind: "decision", facts: decision };
  if (decision.texts === 0) yield { kind: "notice", text: NOTHING_CHOSEN };
  const temperature = decision.calibration?.temperature;
  const rule = { labels, classWeights, decision: decision.decision, temperature };
  return { decision, test: split && (yield* judge(engine, tokens, split, rule)) };
}

const NOTHING_CHOSEN =
  "Stopped before the validation texts were predicted: no temperature was chosen, and of thresholds only given probabilities hold.";
