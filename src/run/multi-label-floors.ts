import { sum } from "../base/numbers.js";
import { atOnce, type Steps, within } from "../base/steps.js";
import { formatLabels } from "../data/label-sets.js";
import type { Texts } from "../data/texts.js";
import { answers, countGrams, type Floor, grams, smoothing } from "./floors.js";
import type { LabelIdLists, LabelIds, Labelled } from "./problem.js";

/** The two floors of a multi-label problem, learned from the training texts only, in steps. */
export function* multiLabelFloors(
  train: Labelled,
  testTexts: Texts,
  labels: readonly string[],
): Steps<Floor<LabelIds>[]> {
  const set = commonestSet(train.labelIds);
  const told = set.length === 0 ? "none" : formatLabels(set.map((id) => labels[id]!));
  const classify = yield* within(trainBinaryNaiveBayes(train, labels.length), 0, 0.7);
  return [
    {
      name: `the commonest set of labels (${told})`,
      predictions: new Array<LabelIds>(testTexts.length).fill(set),
    },
    { name: "naive Bayes", predictions: yield* within(answers(testTexts, classify), 0.7, 1) },
  ];
}

/** What most texts have, the first of equally common sets: no constant answer gets more texts entirely right. */
export function commonestSet(labelIds: LabelIdLists): LabelIds {
  const counts = new Map<string, { ids: LabelIds; count: number }>();
  for (let text = 0; text < labelIds.length; text++) {
    const ids = labelIds.at(text)!;
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
export const binaryNaiveBayes = (train: Labelled, labelCount: number): ((text: string) => LabelIds) =>
  atOnce(trainBinaryNaiveBayes(train, labelCount));

function* trainBinaryNaiveBayes(
  { texts, labelIds }: Labelled,
  labelCount: number,
): Steps<(text: string) => LabelIds> {
  const all = labelCount; // a group with every text: those without a label are the rest of it
  const groupsOf = (text: number) => [...labelIds.at(text)!, all];
  const { size, totals, countsOf } = yield* countGrams(texts, groupsOf, labelCount + 1);
  const known = smoothing * size;
  const textsWith = new Array<number>(labelCount).fill(0);
  for (let text = 0; text < labelIds.length; text++) for (const id of labelIds.at(text)!) textsWith[id]!++;
  const labels = textsWith.map((yes, id) => ({
    prior: Math.log(yes) - Math.log(texts.length - yes),
    perGram: Math.log(totals[id]! + known) - Math.log(totals[all]! - totals[id]! + known),
  }));
  // log odds of each label: prior + Σ log P(gram | label) - log P(gram | no label)
  return (text) => {
    const found = [...grams(text)].flatMap((gram) => {
      const count = countsOf(gram);
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
