import { TextgraftError } from "../base/errors.js";
import type { Random } from "../base/random.js";
import type { TrainEvent, TrainingFacts } from "./events.js";
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
