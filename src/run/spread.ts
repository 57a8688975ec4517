import { mean, sum } from "../base/numbers.js";
import type { ScoredFloor } from "./floors.js";
import type { Metrics } from "./metrics.js";

/** How a number differs from training to training. */
export interface Spread {
  mean: number;
  /** Standard deviation of the sample (divided by n - 1); NaN for a single value. */
  deviation: number;
  min: number;
  max: number;
}

/** What one of several trainings came to on its test texts. */
export interface Outcome {
  loss: number;
  metrics: Metrics;
  floors: readonly ScoredFloor[];
}

/** The main numbers of several trainings, each as a spread. */
export interface OutcomeSpread {
  accuracy: Spread;
  macroF1: Spread;
  loss: Spread;
  /** By labelId. */
  perLabel: { precision: Spread; recall: Spread; f1: Spread }[];
  floors: { name: string; accuracy: Spread; macroF1: Spread }[];
}

/** Mean, standard deviation, least and largest of some numbers; those that are undefined (NaN) are left out. */
export function spreadOf(values: readonly number[]): Spread {
  const known = values.filter((value) => !Number.isNaN(value));
  const center = mean(known);
  const squares = sum(known.map((value) => (value - center) ** 2));
  const deviation = known.length < 2 ? Number.NaN : Math.sqrt(squares / (known.length - 1));
  return { mean: center, deviation, min: Math.min(...known), max: Math.max(...known) };
}

export function spreadOfOutcomes(outcomes: readonly Outcome[]): OutcomeSpread {
  const spread = (of: (outcome: Outcome) => number): Spread => spreadOf(outcomes.map(of));
  const [first] = outcomes;
  return {
    accuracy: spread(({ metrics }) => metrics.accuracy),
    macroF1: spread(({ metrics }) => metrics.macro.f1),
    loss: spread(({ loss }) => loss),
    perLabel: first!.metrics.perLabel.map((_, id) => ({
      precision: spread(({ metrics }) => metrics.perLabel[id]!.precision),
      recall: spread(({ metrics }) => metrics.perLabel[id]!.recall),
      f1: spread(({ metrics }) => metrics.perLabel[id]!.f1),
    })),
    floors: first!.floors.map(({ name }, i) => ({
      name: sharedName(outcomes.map(({ floors }) => floors[i]!.name)) ?? name,
      accuracy: spread(({ floors }) => floors[i]!.metrics.accuracy),
      macroF1: spread(({ floors }) => floors[i]!.metrics.macro.f1),
    })),
  };
}

/** "the commonest set of labels (a|b)" may be another set in each fold: then the name alone. */
export function sharedName(names: readonly string[]): string | undefined {
  const [first] = names;
  return names.every((name) => name === first) ? first : first?.replace(/ \(.*\)$/s, "");
}
