import { breathing } from "../base/steps.js";
import { textsOf } from "../data/examples.js";
import type { Split } from "../data/split.js";
import { answerOf, type Decision } from "./decision.js";
import type { Engine } from "./engine.js";
import { probabilitiesOf } from "./evaluate.js";
import type { TrainEvent, TrainResult } from "./events.js";
import { JudgedRow } from "./judged-row.js";
import { findJudgement } from "./judgement.js";
import { rulesOf } from "./problem.js";
import { calibrationScores, pooledAt } from "./temperature.js";
import type { RunData } from "./tokenize.js";
import { evaluatingWindows } from "./train.js";

export interface JudgeSettings {
  labels: readonly string[];
  /** One for each label. */
  classWeights: readonly number[];
  decision: Decision;
  /** What the logits of the engine were divided by; undefined where they weren't. */
  temperature: number | undefined;
}

/** Predicts the test texts and compares with their labels, beside two floors trained on the same training texts. */
export async function* judge(
  engine: Engine,
  tokens: RunData,
  split: Split,
  { labels, classWeights, decision, temperature }: JudgeSettings,
): AsyncGenerator<TrainEvent, TrainResult["test"]> {
  const rules = rulesOf(tokens.problem);
  const windows = yield* evaluatingWindows(engine, tokens, tokens.test, "test");
  const logits = pooledAt(windows, 1, tokens);
  const labelIds = Array.from(tokens.test, (example) => tokens.labelIds.at(example)!);
  const probabilities = logits.map((row) => probabilitiesOf(row, tokens.problem));
  const train = {
    texts: textsOf(split.train),
    labelIds: { length: tokens.train.length, at: (i: number) => tokens.labelIds.at(tokens.train[i]!) },
  };
  const judged = probabilities.map((row, i) => {
    const { labelIds: predictedIds, unknown } = answerOf(tokens.problem, row, decision);
    const answer = { labelIds: labelIds[i]!, predictedIds, probabilities: row };
    return new JudgedRow(split.test, i, { ...answer, ...(unknown && { unknown }) });
  });
  const calibration = (t: number) =>
    calibrationScores(pooledAt(windows, t, tokens), labelIds, tokens.problem);
  return {
    loss: rules.loss(logits, labelIds, classWeights),
    ...(await breathing(findJudgement(judged, tokens.problem))),
    ...(temperature !== undefined && {
      calibration: { before: calibration(1 / temperature), after: calibration(1) },
    }),
    floors: await breathing(rules.floors(train, { texts: textsOf(split.test), labelIds }, labels)),
  };
}
