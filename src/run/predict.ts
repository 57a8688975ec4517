/** What a model says about a text. */
export interface Prediction {
  text: string;
  /** The second text of a pair. */
  pair?: string;
  /**
   * What the model answers: one label, by the usual rule the most probable one; or, if it was trained with several labels
   * for a text, all that reach their thresholds (0.5 if not chosen otherwise), which may be none; in the order of labelIds.
   * Empty where the answer is unknown.
   */
  labels: readonly string[];
  /**
   * The label that is answered, or, if a text may have several, the most probable one; null where the answer is unknown,
   * which happens only if the model was trained or loaded with `unknownBelow` or with a threshold for each label.
   */
  label: string | null;
  /** The probability of that label, also where it is withheld. */
  score: number;
  /** The probabilities of all. They add up to 1, unless a text may have several labels. */
  scores: Record<string, number>;
}
