/** A text with its most probable label, that label's probability, and the probabilities of all. */
export interface Prediction {
  text: string;
  label: string;
  score: number;
  scores: Record<string, number>;
}
