/** What a model says about a text. */
export interface Prediction {
  text: string;
  /**
   * What the model answers: its most probable label, or, if it was trained with several labels for a text, all with a
   * probability of at least 0.5, which may be none; in the order of labelIds.
   */
  labels: readonly string[];
  /** The most probable label, and its probability. */
  label: string;
  score: number;
  /** The probabilities of all. They add up to 1, unless a text may have several labels. */
  scores: Record<string, number>;
}
