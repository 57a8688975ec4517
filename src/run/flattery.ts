import { sum } from "../base/numbers.js";
import { type Random, shuffled } from "../base/random.js";
import { copyProbabilities } from "../data/expected-copies.js";
import type { PartPositions } from "../data/split.js";
import { partNames } from "../data/split-quotas.js";
import { answerOf, type Decision, usual } from "./decision.js";
import type { Engine } from "./engine.js";
import { probabilitiesOf } from "./evaluate.js";
import type { Judged, TrainEvent } from "./events.js";
import type { LabelIds } from "./problem.js";
import type { RunData } from "./tokenize.js";
import { evaluating } from "./train.js";

/** By how much a split that tears near duplicates apart would have made the test look better: an estimate. */
export interface Flattery {
  /** Share of the test texts that would be expected to have a copy in the training rows. */
  copies: number;
  /** Share that the model gets right of training texts with copies, and how many were asked. */
  known: { right: number; texts: number };
  /** Share that it gets right of test texts. Both with labels in the proportions of the copies. */
  unknown: number;
  /** What accuracy would gain: `copies` times the difference. */
  accuracy: number;
}

/** Most training texts that are asked. */
const SAMPLE = 500;

/**
 * Estimates the flattery from one training. Each test text has a copy with the probability of `copyProbabilities`; such
 * a text would be answered right as often as training texts with copies and of the same label are, instead of as often as
 * test texts are. What else a training on torn copies would change is not in it.
 *
 * @param duplicates For each row of the data the number of its group of near duplicates.
 * @param positions Where the rows of each part stand in the data.
 * @param trainShare Of all rows, by the split to compare with.
 * @returns Undefined where no training text has a copy.
 */
export async function* estimateFlattery(
  engine: Engine,
  tokens: RunData,
  {
    duplicates,
    positions,
    trainShare,
    judged,
    decision = usual,
    random,
  }: {
    duplicates: Uint32Array;
    positions: PartPositions;
    trainShare: number;
    judged: readonly Judged[];
    /** Default: the usual rule. */
    decision?: Decision;
    random: Random;
  },
): AsyncGenerator<TrainEvent, Flattery | undefined> {
  const { problem } = tokens;
  const n = duplicates.length;
  const chances = copyProbabilities(duplicates, Math.round(trainShare * n));
  const withCopies = Uint32Array.from(tokens.train).filter((_, i) => chances[positions.train[i]!]! > 0);
  const asked = shuffled(withCopies, random.fork("flattery")).slice(0, SAMPLE);
  if (asked.length === 0 || judged.length === 0) return undefined;
  // Copies may be of other labels than texts in general, and labels differ in difficulty.
  const stratumOf = (labelIds: LabelIds) => (problem === "single_label" ? labelIds[0]! : 0);
  const logits = yield* evaluating(engine, tokens, asked, "validation");
  const known = tally();
  for (const [i, row] of logits.entries()) {
    const truth = tokens.labelIds.at(asked[i]!)!;
    known.add(
      stratumOf(truth),
      same(answerOf(problem, probabilitiesOf(row, problem), decision).labelIds, truth),
    );
  }
  const unknown = tally();
  for (const { labelIds, predictedIds } of judged)
    unknown.add(stratumOf(labelIds), same(predictedIds, labelIds));

  const shares = new Map<number, number>(); // stratum → share of the test texts with a copy
  for (const part of partNames) {
    for (let i = 0; i < positions[part].length; i++) {
      const stratum = stratumOf(tokens.labelIds.at(tokens[part][i]!)!);
      shares.set(stratum, (shares.get(stratum) ?? 0) + chances[positions[part][i]!]! / n);
    }
  }
  const copies = sum([...shares.values()]);
  const rightBy = (answers: ReturnType<typeof tally>) =>
    sum([...shares].map(([stratum, share]) => (share / copies) * answers.right(stratum)));
  const [after, before] = [rightBy(known), rightBy(unknown)];
  return {
    copies,
    known: { right: after, texts: asked.length },
    unknown: before,
    accuracy: copies * (after - before),
  };
}

/** Counts right answers by stratum; where a stratum has none, the share of all answers stands for it. */
function tally() {
  const counts = new Map<number, { right: number; all: number }>();
  const total = { right: 0, all: 0 };
  return {
    add(stratum: number, right: boolean): void {
      const own = counts.get(stratum) ?? { right: 0, all: 0 };
      counts.set(stratum, own);
      for (const count of [own, total]) {
        count.all++;
        if (right) count.right++;
      }
    },
    right(stratum: number): number {
      const { right, all } = counts.get(stratum) ?? total;
      return right / all;
    },
  };
}

const same = (a: LabelIds, b: LabelIds): boolean => a.length === b.length && a.every((id, i) => id === b[i]);
