import type { TextClassifier } from "../run/load-node.js";
import type { Prediction } from "../run/predict.js";
import { barOf } from "./bar.js";
import type { Progress } from "./progress.js";

/** Predicts all texts and tells how far it is. */
export async function predictAll(
  classifier: TextClassifier,
  texts: readonly string[],
  progress: Progress,
): Promise<Prediction[]> {
  const bar = barOf("Predicting");
  try {
    return await classifier.predict(texts, {
      onProgress: (done, total) => progress.live(() => bar(done, total, " texts")),
    });
  } finally {
    progress.end();
  }
}
