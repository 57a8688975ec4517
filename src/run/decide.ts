import { type Classifier, outputLayer } from "../model/classifier.js";
import type { Problem } from "../model/loss.js";
import { type Choosing, choose } from "./choose.js";
import type { Decision } from "./decision.js";
import type { CalibrationFacts, DecisionFacts } from "./decision-facts.js";
import type { Engine } from "./engine.js";
import { probabilitiesOf } from "./evaluate.js";
import type { TrainOptions } from "./options.js";
import { calibrationScores, fitTemperature, type LabelledLogits, pooledAt } from "./temperature.js";
import { type Aim, parseThresholds } from "./threshold-aims.js";
import { parseUnknown, requireNameForUnknown } from "./unknown-aim.js";

export interface DecideInput {
  engine: Pick<Engine, "read" | "write">;
  classifier: Classifier;
  /** Of the validation texts; undefined where there are none. */
  validation: LabelledLogits | undefined;
}

export interface DecideOptions extends Choosing {
  calibrate: TrainOptions["calibrate"];
}

/** What is to be chosen on the validation texts; refuses what doesn't fit the labels. */
export function decisionWanted(
  { calibrate, threshold, unknownBelow }: Pick<TrainOptions, "calibrate" | "threshold" | "unknownBelow">,
  labels: readonly string[],
  problem: Problem,
): DecideOptions {
  const unknown = parseUnknown(unknownBelow);
  requireNameForUnknown(labels, unknown);
  return { labels, calibrate, thresholds: parseThresholds(threshold, { labels, problem }), unknown };
}

/**
 * Chooses on the validation texts how probabilities become answers, after a training. A temperature goes into the weights
 * of the last layer, so that everybody who loads the model has it; what else was chosen is the `decision`.
 */
export async function decide(
  { engine, classifier, validation }: DecideInput,
  options: DecideOptions,
): Promise<DecisionFacts> {
  if (!validation) return { texts: 0, decision: givenDecision(options), thresholds: [] };
  const { problem, labelIds, logits } = validation;
  const texts = labelIds.length;
  let temperature = 1;
  let calibration: CalibrationFacts | undefined;
  if (options.calibrate) {
    temperature = fitTemperature(validation);
    await divideLogits(engine, classifier, temperature);
    const scores = (t: number) => calibrationScores(pooledAt(logits, t, validation), labelIds, problem);
    calibration = { temperature, before: scores(1), after: scores(temperature) };
  }
  const probabilities = pooledAt(logits, temperature, validation).map((row) => probabilitiesOf(row, problem));
  const chosen = choose({ problem, labelIds, probabilities }, options);
  return { texts, ...(calibration && { calibration }), ...chosen };
}

/** Divides what the last layer gives, whatever it reads. */
async function divideLogits(
  engine: DecideInput["engine"],
  classifier: Classifier,
  temperature: number,
): Promise<void> {
  for (const { name } of outputLayer(classifier)) {
    const values = await engine.read(name);
    await engine.write(
      name,
      values.map((value) => value / temperature),
    );
  }
}

/** What needs no validation texts. */
function givenDecision({ thresholds, unknown }: DecideOptions): Decision {
  const fixed = (aim: Aim | null) => (aim?.kind === "fixed" ? aim.threshold : null);
  return {
    ...(thresholds.kind === "labels" && { thresholds: thresholds.aims.map(fixed) }),
    ...(thresholds.kind === "costs" && { costs: thresholds.costs }),
    ...(unknown.kind === "below" && { unknownBelow: unknown.probability }),
  };
}
