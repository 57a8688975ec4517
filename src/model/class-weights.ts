import { closest, TextgraftError } from "../base/errors.js";

/**
 * n / (k · countₖ) by labelId: every label gets the same total weight, and the mean over the n texts is 1.
 * scikit-learn's "balanced". A label without texts is an error. `labels` name it; by default its labelId does.
 */
export function balancedWeights(counts: readonly number[], labels?: readonly string[]): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count, labelId) => {
    if (count > 0) return total / (counts.length * count);
    throw new TextgraftError("data-invalid", {
      message: `No training text has the label "${labels?.[labelId] ?? labelId}", so it can't get a balanced weight.`,
      fix: "Add texts with this label to the training set, remove the label, or use --class-weights none.",
    });
  });
}

/**
 * Texts without a label over texts with it, by labelId, for binary cross-entropy: a label's noes and yeses get the same
 * total weight. `counts` of `texts` texts have it, neither none nor all.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html (pos_weight)
 */
export function positiveWeights(
  counts: readonly number[],
  texts: number,
  labels: readonly string[],
): number[] {
  return counts.map((count, labelId) => {
    if (count > 0 && count < texts) return (texts - count) / count;
    throw new TextgraftError("data-invalid", {
      message: `${count === 0 ? "No" : "Every"} training text has the label "${labels[labelId]}", so it can't get a balanced weight.`,
      fix: `Add texts ${count === 0 ? "with" : "without"} this label to the training set, remove the label, or use --class-weights none.`,
    });
  });
}

/**
 * The weight of each labelId from an option's text: "balanced", "none" (all 1), or "a=1,b=3.5" with positive numbers
 * by label, where labels that are not named get 1. `balanced` gives what that word stands for.
 */
export function parseClassWeights(
  text: string,
  labels: readonly string[],
  balanced: () => number[],
): number[] {
  if (text === "balanced") return balanced();
  const weights = labels.map(() => 1);
  if (text === "none") return weights;
  const named = new Set<string>();
  for (const [label, number] of entries(text)) {
    const labelId = labels.indexOf(label);
    if (labelId < 0) {
      throw new TextgraftError("label-unknown", {
        message: `--class-weights names the label "${label}"; the labels are ${labels.join(", ")}.`,
        fix: `Write it as in the data, for example ${closest(label, labels) ?? labels[0]}=${number}.`,
      });
    }
    if (named.has(label)) throw invalid(`--class-weights names the label "${label}" twice.`);
    named.add(label);
    const weight = number === "" ? Number.NaN : Number(number);
    if (!(weight > 0 && weight < Number.POSITIVE_INFINITY)) {
      throw invalid(
        `--class-weights gives "${label}" the weight "${number}", which is not a positive number.`,
      );
    }
    weights[labelId] = weight;
  }
  return weights;
}

/** "a=1,b, c=2" → [a, 1], [b, c, 2]: a label may hold commas and equals signs, a weight neither. */
function entries(text: string): [label: string, number: string][] {
  const entry = /\s*(.+?)\s*=([^,=]*)(?:,|$)/y;
  const found: [string, string][] = [];
  while (entry.lastIndex < text.length || found.length === 0) {
    const match = entry.exec(text);
    if (match === null) throw invalid(`--class-weights can't be read: "${text}".`);
    found.push([match[1]!, match[2]!.trim()]);
  }
  return found;
}

const invalid = (message: string): TextgraftError =>
  new TextgraftError("option-invalid", {
    message,
    fix: 'Use balanced, none, or a positive number for each label, such as "ham=1,spam=3.5".',
  });
