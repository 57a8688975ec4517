import { breathing } from "../base/steps.js";
import { textsOf } from "../data/examples.js";
import type { Split } from "../data/split.js";
import type { Engine } from "./engine.js";
import { probabilitiesOf } from "./evaluate.js";
import type { TrainEvent, TrainResult } from "./events.js";
import { JudgedRow } from "./judged-row.js";
import { judgementOf } from "./judgement.js";
import { rulesOf } from "./problem.js";
import type { RunData } from "./tokenize.js";
import { evaluating } from "./train.js";

/** Predicts the test texts and compares with their labels, beside two floors trained on the same training texts. */
export async function* judge(
  engine: Engine,
  tokens: RunData,
  split: Split,
  { labels, classWeights }: { labels: readonly string[]; classWeights: readonly number[] },
): AsyncGenerator<TrainEvent, TrainResult["test"]> {
  const rules = rulesOf(tokens.problem);
  const logits = yield* evaluating(engine, tokens, tokens.test, "test");
  const labelIds = Array.from(tokens.test, (example) => tokens.labelIds.at(example)!);
  const probabilities = logits.map((row) => probabilitiesOf(row, tokens.problem));
  const train = {
    texts: textsOf(split.train),
    labelIds: { length: tokens.train.length, at: (i: number) => tokens.labelIds.at(tokens.train[i]!) },
  };
  const judged = probabilities.map(
    (row, i) =>
      new JudgedRow(split.test, i, {
        labelIds: labelIds[i]!,
        predictedIds: rules.answer(row),
        probabilities: row,
      }),
  );
  return {
    loss: rules.loss(logits, labelIds, classWeights),
    ...judgementOf(judged, tokens.problem),
    floors: await breathing(rules.floors(train, { texts: textsOf(split.test), labelIds }, labels)),
  };
}
