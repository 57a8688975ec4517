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
 * The weight of each labelId from an option's text: "balanced", "none" (all 1), or "a=1,b=3.5" with positive numbers
 * by label, where labels that are not named get 1. `counts` are training texts by labelId.
 */
export function parseClassWeights(
  text: string,
  labels: readonly string[],
  counts: readonly number[],
): number[] {
  if (text === "balanced") return balancedWeights(counts, labels);
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
