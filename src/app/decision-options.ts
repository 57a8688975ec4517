import type { Command } from "commander";
import type { DecisionOptions } from "../run/override-decision.js";

export type DecisionFlags = Pick<DecisionOptions, "threshold"> & { unknownBelow?: string };

/** Adds the options that say how probabilities become answers, instead of what was chosen in training. */
export const addDecisionOptions = (command: Command): Command =>
  command
    .option(
      "--threshold <rule>",
      'give a label if its probability is at least this, such as "spam: 0.8"; costs such as "ham>spam=50"; none: the most ' +
        "probable label; as chosen in training if not given",
    )
    .option(
      "--unknown-below <number>",
      "answer unknown below this probability; none: never; as chosen in training if not given",
    );

/** The options that were given. */
export const decisionOptions = ({ threshold, unknownBelow }: DecisionFlags): DecisionOptions => ({
  ...(threshold !== undefined && { threshold }),
  ...(unknownBelow !== undefined && { unknownBelow }),
});
