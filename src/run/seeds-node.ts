import { TextgraftError } from "../base/errors.js";
import { random } from "../base/random.js";
import type { DecisionFacts } from "./decision-facts.js";
import { openWorkerEngine } from "./engine-worker-node.js";
import type { EpochFacts, SeedResults, TrainEvent, TrainingOutcome } from "./events.js";
import { type Fitted, readerOf } from "./fit-node.js";
import type { Parts } from "./parts.js";
import { engineSpecOf } from "./plan.js";
import type { Prepared } from "./prepare-node.js";
import { spreadOfOutcomes } from "./spread.js";
import { type Tokenization, tokenize } from "./tokenize.js";
import { isBetter } from "./train.js";
import { fitEach, type Training, testTraining } from "./trainings-node.js";

/** What is kept of the best training so far while the next one needs the room. */
interface Kept extends Omit<Fitted, "engine"> {
  seed: number;
  /** Divided by the temperature of `decision`. */
  weights: ReadonlyMap<string, Float32Array>;
  decision: DecisionFacts;
}

/**
 * Trains on one split with the seeds `seed`, `seed` + 1, …, and gives the model that is best on the validation rows; the
 * test rows have no say. Stopped, it gives the best that was finished, or else what the first training has so far. A
 * training that diverges is told and left out, unless all do.
 */
export async function* fitSeeds(
  prepared: Prepared,
  parts: Parts,
): AsyncGenerator<TrainEvent, { fitted: Fitted; seeds: SeedResults; decision: DecisionFacts }> {
  const { options, problem, stopIfCancelled } = prepared;
  const { labels } = parts.facts;
  const tokens = yield* tokenize(parts.split, labels, readerOf(prepared), options, problem, stopIfCancelled);
  const runs: TrainingOutcome[] = [];
  const diverged: number[] = [];
  let best: Kept | undefined;
  for (const training of seedTrainings(prepared, parts, tokens)) {
    try {
      const [finished] = yield* fitEach([training], (fitted) => finish(fitted, training, best));
      if (finished === undefined) break; // stopped by hand, and an earlier training is whole
      runs.push(finished.outcome);
      best = finished.best;
      if (prepared.cancelled()) break;
    } catch (error) {
      const code = error instanceof TextgraftError ? error.code : "internal";
      if (code === "cancelled" && best !== undefined) break;
      const last = training.facts.number === options.seeds;
      if (code !== "training-diverged" || (last && best === undefined)) throw error;
      diverged.push(training.facts.seed);
      yield {
        kind: "notice",
        text: `With the seed ${training.facts.seed} the training diverged; it is left out.`,
      };
    }
  }
  const { weights, seed, decision, ...kept } = best!;
  const { stopped } = kept.history;
  const ended = runs.length + diverged.length - (stopped === "cancelled" ? 1 : 0);
  const seeds = {
    runs,
    spread: spreadOfOutcomes(runs),
    chosen: seed,
    diverged,
    ...(ended < options.seeds && { stoppedAfter: { ended, total: options.seeds } }),
  };
  return { fitted: { ...kept, engine: await reopened(kept, weights, options) }, seeds, decision };
}

/** The trainings, which share all but the seed. */
function* seedTrainings(prepared: Prepared, parts: Parts, tokens: Tokenization): Generator<Training> {
  const { seed: first, seeds: total } = prepared.options;
  for (let number = 1; number <= total; number++) {
    const seed = first + number - 1;
    yield {
      facts: { of: "seed", number, total, seed },
      prepared: { ...prepared, options: { ...prepared.options, seed } },
      parts,
      tokens,
      random: random(seed),
    };
  }
}

/** Tests one training and compares it with the best so far; nothing where it was stopped and there is a whole one. */
async function* finish(
  fitted: Fitted,
  training: Training,
  best: Kept | undefined,
): AsyncGenerator<TrainEvent, { outcome: TrainingOutcome; best: Kept } | undefined> {
  const { engine, history, classifier } = fitted;
  if (history.stopped === "cancelled" && best !== undefined) return undefined;
  const { outcome, decision } = yield* testTraining(fitted, training);
  if (best !== undefined && !beats(fitted, best, training.prepared)) return { outcome, best };
  const weights = new Map<string, Float32Array>();
  for (const { name } of classifier.parameters) weights.set(name, await engine.read(name));
  const { engine: _closed, ...kept } = fitted;
  return { outcome, best: { ...kept, weights, decision, seed: training.facts.seed } };
}

const beats = (fitted: Fitted, best: Kept, { options }: Prepared): boolean => {
  const [ours, theirs] = [epochOf(fitted), epochOf(best)];
  return ours !== undefined && (theirs === undefined || isBetter(ours, theirs, options.best));
};

const epochOf = ({ history }: Pick<Fitted, "history">): EpochFacts | undefined =>
  history.epochs.find(({ epoch }) => epoch === history.bestEpoch);

/** An engine that predicts with weights that were kept. */
async function reopened(
  { classifier, model, limit }: Omit<Fitted, "engine">,
  weights: ReadonlyMap<string, Float32Array>,
  options: Prepared["options"],
): Promise<Fitted["engine"]> {
  const { frozenStages } = model;
  const { training: _training, ...spec } = engineSpecOf(classifier, options, { frozenStages, ...limit });
  const engine = await openWorkerEngine(spec);
  try {
    for (const [name, values] of weights) await engine.write(name, values);
    return engine;
  } catch (error) {
    await engine.close();
    throw error;
  }
}
