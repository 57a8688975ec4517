import type { Split } from "../data/split.js";
import type { Engine } from "./engine.js";
import { probabilitiesOf, weightedCrossEntropy } from "./evaluate.js";
import type { Judged, TrainEvent, TrainResult } from "./events.js";
import { floors } from "./floors.js";
import { classificationMetrics, confusionMatrix } from "./metrics/confusion.js";
import { argmax } from "./metrics/probabilities.js";
import { measure } from "./metrics.js";
import type { RunData } from "./tokenize.js";
import { evaluating } from "./train.js";

/** Predicts the test texts and compares with their labels, beside two floors trained on the same training texts. */
export async function* judge(
  engine: Engine,
  tokens: RunData,
  split: Split,
  classWeights: readonly number[],
): AsyncGenerator<TrainEvent, TrainResult["test"]> {
  const logits = yield* evaluating(engine, tokens, tokens.test, "test");
  const labelIds = tokens.test.map((example) => tokens.labelIds[example]!);
  const probabilities = logits.map((row) => probabilitiesOf(row, "single_label"));
  const judged = split.test.map(({ text, row }, i): Judged => {
    const own = probabilities[i]!;
    const predictedId = argmax(own);
    return { text, row, labelId: labelIds[i]!, predictedId, probabilities: own };
  });
  const known = {
    texts: split.train.map(({ text }) => text),
    labelIds: tokens.train.map((example) => tokens.labelIds[example]!),
  };
  const found = floors(
    known,
    split.test.map(({ text }) => text),
    tokens.labelCount,
  );
  return {
    loss: weightedCrossEntropy(logits, labelIds, classWeights),
    metrics: measure(labelIds, probabilities),
    judged,
    floors: found.map((floor) => {
      const confusion = confusionMatrix(labelIds, floor.predictions, tokens.labelCount);
      return { ...floor, metrics: classificationMetrics(confusion) };
    }),
  };
}
