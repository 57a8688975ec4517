import { TextgraftError } from "../base/errors.js";
import { sum } from "../base/numbers.js";
import type { Random } from "../base/random.js";
import { decideAndJudge } from "./decide-and-judge-node.js";
import type { DecisionFacts } from "./decision-facts.js";
import type { TrainEvent, TrainingFacts, TrainingOutcome, TrainResult } from "./events.js";
import { type Fitted, fit } from "./fit-node.js";
import type { Parts } from "./parts.js";
import type { Prepared } from "./prepare-node.js";
import type { Tokenization } from "./tokenize.js";

/** One of several trainings of a run, on texts that are tokenized already. */
export interface Training {
  readonly facts: TrainingFacts;
  readonly prepared: Prepared;
  readonly parts: Pick<Parts, "split" | "facts">;
  readonly tokens: Tokenization;
  readonly random: Random;
}

/**
 * Runs one training after the other, uses what each has learned, and closes its engine. What all share is read and
 * tokenized once, before. `use` is told of a training that was stopped, too, by its history.
 */
export async function* fitEach<T>(
  trainings: Iterable<Training>,
  use: (fitted: Fitted, training: Training) => AsyncGenerator<TrainEvent, T>,
): AsyncGenerator<TrainEvent, T[]> {
  const results: T[] = [];
  for (const training of trainings) {
    const { facts, prepared, parts, random, tokens } = training;
    if (prepared.cancelled()) throw stoppedIn(facts);
    yield { kind: "training", facts };
    const fitted = yield* fit(prepared, parts, random, tokens);
    try {
      results.push(yield* use(fitted, training));
    } finally {
      await fitted.engine.close();
    }
  }
  return results;
}

/** What is asked of all rows needs all trainings: one that was stopped makes the others worthless. */
export function requireWhole({ history }: Fitted, { facts }: Training): void {
  if (history.stopped === "cancelled") throw stoppedIn(facts);
}

const stoppedIn = ({ number, total }: TrainingFacts): TextgraftError =>
  new TextgraftError("cancelled", {
    message: `Stopped in training ${number} of ${total}; nothing was written.`,
  });

/** Decides and tests one of several trainings, and tells what it came to. */
export async function* testTraining(
  fitted: Fitted,
  { facts, parts, prepared: { options } }: Training,
): AsyncGenerator<
  TrainEvent,
  { outcome: TrainingOutcome; decision: DecisionFacts; test: TrainResult["test"] }
> {
  const start = Date.now();
  const { labels } = parts.facts;
  const found = yield* decideAndJudge(fitted, parts.split, { labels, options });
  const test = found.test!;
  const { loss, metrics, floors, judged } = test;
  const { history } = fitted;
  const seconds = sum(history.epochs.map((epoch) => epoch.seconds)) + (Date.now() - start) / 1000;
  const outcome = { ...facts, rows: judged.length, loss, metrics, floors, ...bestOf(history), seconds };
  yield { kind: "trained", facts: outcome };
  return { outcome, decision: found.decision, test };
}

/** The epoch whose weights were kept. */
function bestOf({ epochs, bestEpoch }: Pick<TrainResult, "epochs" | "bestEpoch">) {
  const validationLoss = epochs.find(({ epoch }) => epoch === bestEpoch)?.validationLoss ?? Number.NaN;
  return { bestEpoch, validationLoss };
}
