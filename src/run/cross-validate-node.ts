import { isCancelled } from "../base/errors.js";
import { sum } from "../base/numbers.js";
import { type Random, random } from "../base/random.js";
import { breathing } from "../base/steps.js";
import type { Dataset } from "../data/example.js";
import { viewOf } from "../data/examples.js";
import { readingNotices } from "../data/reading-notices.js";
import { openSpill } from "../data/spill-node.js";
import {
  defaultShares,
  type PartPositions,
  positionsOf,
  splitAt,
  stratifiedPositions,
} from "../data/split.js";
import { foldsOf } from "../data/split-folds.js";
import { decisionWanted } from "./decide.js";
import { eventStream } from "./event-stream.js";
import type { CrossValidation, FoldResults, TrainEvent, TrainingOutcome, TrainResult } from "./events.js";
import { readerOf } from "./fit-node.js";
import { findJudgement } from "./judgement.js";
import { countsOf, type Parts, tellingParts } from "./parts.js";
import { type Prepared, prepare, type TrainInput } from "./prepare-node.js";
import { rulesOf } from "./problem.js";
import { sharedName, spreadOfOutcomes } from "./spread.js";
import { type Encoded, encodeExamples, tokensOf } from "./tokenize.js";
import type { Run } from "./train-node.js";
import { fitEach, requireWhole, type Training, testTraining } from "./trainings-node.js";

/**
 * Tests every row once, by one of `cv` (default: 5) trainings on the other rows, and saves nothing; `train` with `cv`
 * trains and saves a model beside it. Errors come as from `train`. Cancelled, its result is of the folds that ended, and
 * says so in `stoppedAfter`; where none ended, there is none.
 */
export function crossValidate(input: TrainInput): Run<CrossValidation> {
  const stop = new AbortController();
  const stream = eventStream(pipeline({ cv: 5, ...input }, stop.signal));
  return Object.assign(stream, { cancel: () => stop.abort() });
}

async function* pipeline(
  input: TrainInput,
  signal: AbortSignal,
): AsyncGenerator<TrainEvent, CrossValidation> {
  const start = Date.now();
  const prepared = yield* prepare(input, { signal });
  const { parts, positions: _positions, ...found } = yield* testAll(prepared);
  const { options } = prepared;
  return { options, data: parts.facts, ...found, seconds: (Date.now() - start) / 1000 };
}

/** Splits, tokenizes and tests all rows by `cv` trainings. */
export async function* testAll(prepared: Prepared): AsyncGenerator<TrainEvent, Tested & { parts: Parts }> {
  const { options, problem, sources } = prepared;
  const { split, cv, seed } = options;
  const seeded = random(seed);
  const how = { problem, split, cv, random: seeded, openSpill };
  const parts = yield* tellingParts(sources, how, prepared.stopIfCancelled);
  for (const text of readingNotices(sources.data)) yield { kind: "notice", text };
  decisionWanted(options, parts.facts.labels, problem); // told before the long work
  const encoded = yield* encodeData(prepared, parts.facts.labels);
  return { parts, ...(yield* testByFolds(prepared, parts, encoded, seeded)) };
}

/** The folds' results, and all answers together, with their rows' places in the data. */
interface Tested extends FoldResults, Pick<CrossValidation, "test"> {
  positions: Uint32Array;
}

/** Tokenizes all rows of the data, so that any of them can be trained on. */
export const encodeData = (
  prepared: Prepared,
  labels: readonly string[],
): AsyncGenerator<TrainEvent, Encoded> => {
  const { sources, options, stopIfCancelled } = prepared;
  return encodeExamples(sources.data.examples, labels, readerOf(prepared), options, stopIfCancelled);
};

/**
 * Trains once for each fold of the rows, and tests it with a model that was trained on the others. Cancelled, it gives what
 * the folds that ended came to.
 * @throws TextgraftError cancelled where none ended.
 */
export async function* testByFolds(
  prepared: Prepared,
  parts: Pick<Parts, "facts" | "groups">,
  encoded: Encoded,
  seeded: Random,
): AsyncGenerator<TrainEvent, Tested> {
  const { options, problem, sources } = prepared;
  const { labels } = parts.facts;
  const foldOf = foldsOf(sources.data, options.cv, { random: seeded, groups: parts.groups });
  const trainings = foldTrainings(prepared, parts, { encoded, foldOf, random: seeded });
  const tested: (TestedFold & { outcome: TrainingOutcome })[] = [];
  try {
    yield* fitEach(trainings, async function* (fitted, training) {
      requireWhole(fitted, training);
      const { outcome, test } = yield* testTraining(fitted, training);
      tested.push({ outcome, test, positions: fitted.tokens.test });
    });
  } catch (error) {
    if (!isCancelled(error) || tested.length === 0) throw error;
  }
  const [ended, total] = [tested.length, options.cv];
  const positions = Uint32Array.from(tested.flatMap((fold) => Array.from(fold.positions))).sort();
  const folds = tested.map(({ outcome }) => outcome);
  return {
    folds,
    spread: spreadOfOutcomes(folds),
    ...(ended < total && { stoppedAfter: { ended, total } }),
    test: await pooled(tested, problem, labels.length),
    positions,
  };
}

/** One training for each fold: its rows are test, and of the others some are validation rows, as without folds. */
function* foldTrainings(
  prepared: Prepared,
  { facts, groups }: Pick<Parts, "facts" | "groups">,
  { encoded, foldOf, random }: { encoded: Encoded; foldOf: Uint8Array; random: Random },
): Generator<Training> {
  const { options, problem, sources } = prepared;
  const reader = readerOf(prepared);
  const { labels } = facts;
  for (let fold = 0; fold < options.cv; fold++) {
    const own = random.fork("fold", fold);
    const positions = foldPositions(sources.data, { foldOf, fold, groups, random: own });
    const split = splitAt(sources.data.examples, positions);
    yield {
      facts: { of: "fold", number: fold + 1, total: options.cv, seed: options.seed },
      prepared,
      parts: { split, facts: { ...facts, parts: countsOf(split, labels) } },
      tokens: tokensOf(encoded, positions, { labels, reader, options, problem }),
      random: own,
    };
  }
}

function foldPositions(
  data: Dataset,
  {
    foldOf,
    fold,
    groups,
    random,
  }: { foldOf: Uint8Array; fold: number; groups: Uint32Array | undefined; random: Random },
): PartPositions {
  const test = positionsOf(foldOf, fold);
  const others = positionsOf(
    foldOf.map((other) => (other === fold ? 0 : 1)),
    1,
  );
  const { validation: share } = defaultShares;
  const within = stratifiedPositions(
    { ...data, examples: viewOf(data.examples, others) },
    { train: 1 - share, validation: share, test: 0 },
    { random, groups: groups && others.map((position) => groups[position]!) },
  );
  const outside = (positions: Uint32Array) => positions.map((position) => others[position]!);
  return { train: outside(within.train), validation: outside(within.validation), test };
}

/** What a fold's model answered, and where its rows stand in the data. */
interface TestedFold {
  test: TrainResult["test"];
  positions: ArrayLike<number>;
}

/** The folds' tests as one of all their rows, in the order of the data. The loss is the mean of the folds' by rows. */
async function pooled(
  folds: readonly TestedFold[],
  problem: Prepared["problem"],
  labelCount: number,
): Promise<TrainResult["test"]> {
  const rules = rulesOf(problem);
  const inOrder = <T>(of: (test: TrainResult["test"]) => readonly T[]): T[] => {
    const all: T[] = [];
    for (const { test, positions } of folds) {
      const values = of(test);
      for (let i = 0; i < positions.length; i++) all[positions[i]!] = values[i]!;
    }
    return all.filter(() => true); // without the holes that rows of other folds leave
  };
  const judged = inOrder((test) => test.judged);
  const labelIds = judged.map((answer) => answer.labelIds);
  return {
    loss: sum(folds.map(({ test }) => test.loss * test.judged.length)) / judged.length,
    ...(await breathing(findJudgement(judged, problem))),
    floors: folds[0]!.test.floors.map(({ name }, i) => {
      const predictedIds = inOrder((test) => test.floors[i]!.predictedIds);
      return {
        name: sharedName(folds.map(({ test }) => test.floors[i]!.name)) ?? name,
        predictedIds,
        metrics: rules.compare(labelIds, predictedIds, labelCount),
      };
    }),
  };
}
