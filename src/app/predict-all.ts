import { grouped } from "../report/plain.js";
import type { TextClassifier } from "../run/load-node.js";
import type { Prediction } from "../run/predict.js";
import type { Progress } from "./progress.js";

/** Predicts all texts and tells how far it is. */
export async function predictAll(
  classifier: TextClassifier,
  texts: readonly string[],
  progress: Progress,
): Promise<Prediction[]> {
  try {
    return await classifier.predict(texts, {
      onProgress: (done, total) =>
        progress.live(() => `Predicting: ${grouped(done)}/${grouped(total)} texts`),
    });
  } finally {
    progress.end();
  }
}
