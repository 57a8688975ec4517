import type { Decision } from "./decision.js";
import type { CalibrationScores } from "./temperature.js";

/** What was chosen on the validation texts after a training, and what it does to them. */
export interface DecisionFacts {
  /** Validation texts; 0 where the training ended before there was any prediction of them. */
  readonly texts: number;
  readonly decision: Decision;
  /** What the logits were divided by; it is in the weights. Absent without calibration. */
  readonly calibration?: CalibrationFacts;
  readonly thresholds: readonly ThresholdFacts[];
  readonly rule?: RuleFacts;
  readonly unknown?: UnknownFacts;
}

export interface CalibrationFacts {
  readonly temperature: number;
  readonly before: CalibrationScores;
  readonly after: CalibrationScores;
}

/** A rule for all labels together, and what it gives beside the usual one: macro F1, or the mean cost of a text. */
export interface RuleFacts {
  readonly aim: "macro-f1" | "costs";
  readonly usual: number;
  readonly chosen: number;
  /** What was chosen between two labels; absent where there are more, which costs or weights choose between. */
  readonly threshold?: Pick<ThresholdFacts, "label" | "threshold" | "rivals">;
}

/** The threshold of one label. */
export interface ThresholdFacts {
  readonly label: string;
  /** As `--threshold` has it. */
  readonly aim: string;
  /** If not, the label keeps the usual rule, and the numbers are those of what comes nearest. */
  readonly reached: boolean;
  readonly threshold: number;
  /**
   * Who may get the texts that don't reach it: the labels that keep the usual rule, and how many others have thresholds of
   * their own. Absent where a text may have several labels.
   */
  readonly rivals?: { readonly usual: readonly string[]; readonly bound: number };
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Validation texts with the label. */
  readonly support: number;
  /** So many texts of the kind that counts would be needed, and so many there are; absent where they suffice. */
  readonly few?: Few;
}

export interface UnknownFacts {
  /** The share of wrong answers that was allowed; absent where the probability was given. */
  readonly mostWrong?: number;
  /** If not, all texts are answered. */
  readonly reached: boolean;
  readonly unknownBelow: number;
  readonly answered: number;
  readonly wrong: number;
  readonly few?: Few;
}

export interface Few {
  readonly there: number;
  readonly needed: number;
}
