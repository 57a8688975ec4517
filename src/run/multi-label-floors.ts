import { sum } from "../base/numbers.js";
import { formatLabels } from "../data/label-sets.js";
import { countGrams, type Floor, grams, smoothing } from "./floors.js";
import type { LabelIds, Labelled } from "./problem.js";

/** The two floors of a multi-label problem, learned from the training texts only. */
export function multiLabelFloors(
  train: Labelled,
  testTexts: readonly string[],
  labels: readonly string[],
): Floor<LabelIds>[] {
  const set = commonestSet(train.labelIds);
  const told = set.length === 0 ? "none" : formatLabels(set.map((id) => labels[id]!));
  return [
    { name: `the commonest set of labels (${told})`, predictions: testTexts.map(() => set) },
    { name: "naive Bayes", predictions: testTexts.map(binaryNaiveBayes(train, labels.length)) },
  ];
}

/** What most texts have, the first of equally common sets: no constant answer gets more texts entirely right. */
export function commonestSet(labelIds: readonly LabelIds[]): LabelIds {
  const counts = new Map<string, { ids: LabelIds; count: number }>();
  for (const ids of labelIds) {
    const entry = counts.get(ids.join()) ?? { ids, count: 0 };
    counts.set(ids.join(), entry);
    entry.count++;
  }
  let best: { ids: LabelIds; count: number } = { ids: [], count: 0 };
  for (const entry of counts.values()) if (entry.count > best.count) best = entry;
  return best.ids;
}

/**
 * For each label a naive Bayes of its own (see `naiveBayes`) that says whether a text has it: "binary relevance".
 * Gives text → labelIds.
 */
export function binaryNaiveBayes(
  { texts, labelIds }: Labelled,
  labelCount: number,
): (text: string) => LabelIds {
  const all = labelCount; // a group with every text: those without a label are the rest of it
  const { counts, totals } = countGrams(
    texts,
    labelIds.map((ids) => [...ids, all]),
    labelCount + 1,
  );
  const known = smoothing * counts.size;
  const labels = Array.from({ length: labelCount }, (_, id) => {
    const yes = labelIds.filter((ids) => ids.includes(id)).length;
    return {
      prior: Math.log(yes) - Math.log(texts.length - yes),
      perGram: Math.log(totals[id]! + known) - Math.log(totals[all]! - totals[id]! + known),
    };
  });
  // log odds of each label: prior + Σ log P(gram | label) - log P(gram | no label)
  return (text) => {
    const found = [...grams(text)].flatMap((gram) => {
      const count = counts.get(gram);
      return count === undefined ? [] : [count];
    });
    const odds = labels.map(
      ({ prior, perGram }, id) =>
        prior +
        sum(
          found.map(
            (count) =>
              Math.log(count[id]! + smoothing) - Math.log(count[all]! - count[id]! + smoothing) - perGram,
          ),
        ),
    );
    return odds.flatMap((odd, id) => (odd > 0 ? [id] : []));
  };
}
