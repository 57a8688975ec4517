import type { Judged, ModelFacts } from "../../run/events.js";
import type { Explain, Explanation } from "../../run/explain.js";
import { type Stretch, strengthOf, stretchesOf } from "../explanation.js";
import { missedIds, mistakesOf, wrongIds } from "../mistakes.js";
import { type Content, html } from "./markup.js";

/** Which words made the model answer as it did, by answer. */
export type Explanations = ReadonlyMap<Judged, Explanation>;

/** Mistakes that are shown at once, and explained; the others are folded away. */
export const SHOWN = 8;

/** What a token costs in a model. */
export type ModelSize = Pick<ModelFacts, "layers" | "hiddenSize">;

/** Where gradients are taken: always as many, so that it is known beforehand what explanations take. */
const STEPS = 32;

/** Explanations of so many tokens of BERT-base; smaller models have more for the same work. */
const TOKENS = 256;
const BERT_BASE: ModelSize = { layers: 12, hiddenSize: 768 };

/**
 * Explains the mistakes that are shown at once: the label that was wrongly given, else the one that was missed. None is
 * begun when the tokens of those before are as many as the model's size allows: the same texts and model have the same
 * explanations, however fast the machine is.
 */
export async function explainMistakes(
  { labels, judged }: { labels: readonly string[]; judged: readonly Judged[] },
  explain: Explain,
  size: ModelSize,
): Promise<Explanations> {
  const found = new Map<Judged, Explanation>();
  let left = tokensFor(size);
  for (const answer of mistakesOf(judged).slice(0, SHOWN)) {
    if (left <= 0) break;
    const explanation = await explain(answer, { label: labels[explainedId(answer)]!, steps: STEPS });
    found.set(answer, explanation);
    left -= explanation.tokens.length;
  }
  return found;
}

/** A layer multiplies each token by about 12 · hiddenSize² weights. */
const tokensFor = (size: ModelSize): number => (TOKENS * weightsOf(BERT_BASE)) / weightsOf(size);

const weightsOf = ({ layers, hiddenSize }: ModelSize): number => 12 * layers * hiddenSize ** 2;

/** Of several labels that are wrong, the one that the model was surest of. */
function explainedId(answer: Judged): number {
  const wrong = wrongIds(answer);
  const ids = wrong.length > 0 ? wrong : missedIds(answer);
  return ids.reduce((a, b) => (answer.probabilities[b]! > answer.probabilities[a]! ? b : a));
}

/**
 * The text with its words marked: what spoke for the explained label, and what against it; a pair is both texts with a line
 * break between. Cut after `longest` characters.
 */
export function markedText(explanation: Explanation, longest: number): Content {
  const largest = Math.max(...explanation.words.map(({ score }) => Math.abs(score)));
  const parts: Content[] = [];
  let left = longest;
  const second = explanation.pair === undefined ? [] : [{ text: "\n" }, ...stretchesOf(explanation, "pair")];
  const stretches: readonly Stretch[] = [...stretchesOf(explanation), ...second];
  for (const { text, score = 0 } of stretches) {
    if (left <= 0) break;
    const shown = text.length <= left ? text : `${text.slice(0, left)}…`;
    left -= text.length;
    const strength = strengthOf(score, largest);
    // Words that count a little are left as they are: marks everywhere would show nothing.
    parts.push(
      strength < 2
        ? shown
        : html`<mark class="${score > 0 ? "for" : "against"} s${strength}">${shown}</mark>`,
    );
  }
  return parts;
}
