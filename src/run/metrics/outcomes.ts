import { sum } from "../../base/numbers.js";
import type { ClassificationMetrics } from "./confusion.js";
import type { MultiLabelMetrics } from "./multilabel.js";
import type { Hits } from "./scores.js";

/** By labelId, of any metrics: how often a label was rightly given, wrongly given, and missed. */
export function outcomesByLabel(metrics: ClassificationMetrics | MultiLabelMetrics): Hits[] {
  if ("samples" in metrics) {
    return metrics.confusions.map(([[, falsePositives], [falseNegatives, truePositives]]) => ({
      truePositives,
      falsePositives,
      falseNegatives,
    }));
  }
  const { confusion, perLabel } = metrics;
  return perLabel.map(({ support }, id) => {
    const truePositives = confusion[id]![id]!;
    const given = sum(confusion.map((row) => row[id]!));
    return { truePositives, falsePositives: given - truePositives, falseNegatives: support - truePositives };
  });
}

/** Whether a text got all its labels and no other. Both lists are in rising order. */
export const isRight = ({
  labelIds,
  predictedIds,
}: {
  readonly labelIds: readonly number[];
  readonly predictedIds: readonly number[];
}): boolean => labelIds.length === predictedIds.length && labelIds.every((id, i) => id === predictedIds[i]);

/** Of some texts, those that didn't get exactly their labels; an answer that was withheld counts as if it had been given. */
export const countMistakes = (answers: readonly Parameters<typeof isRight>[0][]): number =>
  answers.filter((answer) => !isRight(answer)).length;
