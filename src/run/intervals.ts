import type { Random } from "../base/random.js";
import type { Steps } from "../base/steps.js";
import type { Problem } from "../model/loss.js";
import { resamples, resamplesOf } from "./metrics/bootstrap.js";
import { type Answer, drawnMetrics } from "./metrics/drawn.js";
import { type Interval, percentileInterval, wilson, wilsonF1 } from "./metrics/interval.js";
import { type LabelField, namedMetrics } from "./metrics/names.js";
import { isRight, outcomesByLabel } from "./metrics/outcomes.js";
import type { Metrics } from "./metrics.js";

/** 95 % intervals of the metrics of some texts; null where the texts tell none. */
export interface Intervals {
  /** How often texts were drawn anew, for those that need it. */
  resamples: number;
  /** By the metric's name (`namedMetrics`): of shares of the texts Wilson's, the others are percentiles of the bootstrap. */
  overall: Readonly<Record<string, Interval | null>>;
  /** By labelId; Wilson's. */
  perLabel: readonly Readonly<Record<LabelField, Interval | null>>[];
}

/** Numbers that are the share of texts that are entirely right. */
const RIGHT: Record<Problem, ReadonlySet<string>> = {
  single_label: new Set(["accuracy", "weighted-recall", "micro-f1", "micro-precision", "micro-recall"]),
  multi_label: new Set(["accuracy"]),
};

/** The intervals of what `measure` gives for these answers; a step is a draw. Everything random derives from `random`. */
export function* findIntervals(
  answers: readonly Answer[],
  metrics: Metrics,
  { problem, random }: { problem: Problem; random: Random },
): Steps<Intervals> {
  const labelCount = metrics.perLabel.length;
  const names = namedMetrics(problem);
  const drawn = drawnMetrics(answers, labelCount, problem);
  const count = resamplesOf(answers.length, labelCount);
  const found = names.map(() => new Float64Array(count));
  let resample = 0;
  for (const draw of resamples(answers.length, count, random)) {
    const metrics = drawn(draw);
    for (const [i, { of }] of names.entries()) found[i]![resample] = of(metrics);
    yield ++resample / count;
  }
  const right = wilson(answers.filter(isRight).length, answers.length) ?? null;
  return {
    resamples: count,
    overall: Object.fromEntries(
      names.map(({ name }, i) => [
        name,
        RIGHT[problem].has(name) ? right : (percentileInterval(found[i]!) ?? null),
      ]),
    ),
    perLabel: outcomesByLabel(metrics).map(({ truePositives, falsePositives, falseNegatives }) => ({
      precision: wilson(truePositives, truePositives + falsePositives) ?? null,
      recall: wilson(truePositives, truePositives + falseNegatives) ?? null,
      f1: wilsonF1(truePositives, falsePositives, falseNegatives) ?? null,
    })),
  };
}
