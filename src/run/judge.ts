import type { Split } from "../data/split.js";
import type { Engine } from "./engine.js";
import { probabilitiesOf } from "./evaluate.js";
import type { TrainEvent, TrainResult } from "./events.js";
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
  const labelled = (part: "train" | "test") => ({
    texts: split[part].map(({ text }) => text),
    labelIds: tokens[part].map((example) => tokens.labelIds[example]!),
  });
  const test = labelled("test");
  const probabilities = logits.map((row) => probabilitiesOf(row, tokens.problem));
  return {
    loss: rules.loss(logits, test.labelIds, classWeights),
    metrics: rules.measure(test.labelIds, probabilities),
    judged: split.test.map(({ text, row }, i) => ({
      text,
      row,
      labelIds: test.labelIds[i]!,
      predictedIds: rules.answer(probabilities[i]!),
      probabilities: probabilities[i]!,
    })),
    floors: rules.floors(labelled("train"), test, labels),
  };
}
