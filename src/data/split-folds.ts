import { TextgraftError } from "../base/errors.js";
import { every } from "../base/iterables.js";
import type { Random } from "../base/random.js";
import { countLabels, requireTwoLabels } from "./check.js";
import type { Dataset } from "./example.js";
import { assignUnits, drawnUnits, partOfRows, spreadLabels } from "./split-assign.js";
import { iterativeParts } from "./split-iterative.js";
import { type Units, unitsOf } from "./split-units.js";
import { quoted } from "./table.js";

/**
 * For each example the fold, from 0 to `folds` - 1, in which it is tested. Each fold has its share of each label: with
 * one label a text and without `groups` exactly the numbers that scikit-learn's `StratifiedKFold` gives; with
 * `groups` (for each example a number) whole groups, and shares as close as these allow; else by iterative
 * stratification (`iterativeParts`).
 * https://scikit-learn.org/stable/modules/generated/sklearn.model_selection.StratifiedKFold.html
 *
 * @param random Forked for "folds": the same seed gives the same folds.
 * @throws TextgraftError data-invalid where a label, each text having one, is too rare for so many folds.
 */
export function foldsOf(
  dataset: Dataset,
  folds: number,
  { random, groups }: { random: Random; groups?: ArrayLike<number> | undefined },
): Uint8Array {
  requireTwoLabels(dataset);
  const stream = random.fork("folds");
  const { examples, labels } = dataset;
  const found = unitsOf(dataset, groups);
  const oneLabel = every(examples, (example) => example.labels.length === 1);
  if (oneLabel) requireUnits(dataset, found, folds);
  requireRows(dataset, found, folds);
  const units = drawnUnits(found, stream);
  const parts = oneLabel
    ? assignUnits(units, foldQuotas(dataset, folds), countLabels(examples, labels), stream)
    : iterativeParts(units, new Array<number>(folds).fill(1 / folds), labels.length, stream);
  spreadLabels(units, parts, { served: [...Array(folds).keys()], labelCount: labels.length });
  return partOfRows(units, parts);
}

/**
 * Rows of each label for each fold, `[fold][labelId]`: the rows, sorted by labels in the order of their first rows, are dealt
 * to the folds in turn. So folds differ by one row at most, in all and in each label.
 */
export function foldQuotas({ examples, labels }: Dataset, folds: number): number[][] {
  const seen = new Set<string>();
  for (const example of examples) for (const label of example.labels) seen.add(label);
  const order = [...seen];
  const counts = countLabels(examples, order);
  const quotas = Array.from({ length: folds }, () => new Array<number>(labels.length).fill(0));
  let dealt = 0;
  for (const [i, label] of order.entries()) {
    const labelId = labels.indexOf(label);
    for (const [fold, quota] of quotas.entries()) {
      const before = (rows: number) => Math.floor((rows + folds - 1 - fold) / folds);
      quota[labelId] = before(dealt + counts[i]!) - before(dealt);
    }
    dealt += counts[i]!;
  }
  return quotas;
}

/** Outside of each fold two rows of each label have to be left: one to train on, one to choose the best epoch by. */
function requireUnits({ source, labels }: Dataset, units: Units, folds: number): void {
  const needed = Math.max(folds, folds === 2 ? 4 : 3);
  const counts = new Array<number>(labels.length).fill(0);
  for (let unit = 0; unit < units.length; unit++)
    for (const labelId of units.countsOf(unit).keys()) counts[labelId]!++;
  const rare = labels.flatMap((label, id) =>
    counts[id]! < needed ? [`${quoted(label)} (${counts[id]})`] : [],
  );
  if (rare.length === 0) return;
  const most = Math.min(...counts);
  throw new TextgraftError("data-invalid", {
    message:
      `${source}: ${folds}-fold cross-validation needs ${needed} different texts of each label; ` +
      `too few have ${rare.slice(0, 5).join(", ")}${rare.length > 5 ? ` and ${rare.length - 5} more` : ""}.`,
    fix: `Add rows of these labels, or join them with others${most >= 3 ? `, or use ${most} folds` : ""}.`,
  });
}

function requireRows({ source, examples }: Dataset, units: Units, folds: number): void {
  let largest = 0;
  for (let unit = 0; unit < units.length; unit++) largest = Math.max(largest, units.sizeOf(unit));
  const rows = examples.length;
  if (units.length >= folds && largest <= rows / 2) return;
  throw new TextgraftError("data-invalid", {
    message:
      units.length < folds
        ? `${source} has ${units.length} rows or groups of rows that stay together: too few for ${folds} folds.`
        : `${source}: ${largest} of the ${rows} rows are one group that stays together, which leaves too little beside it.`,
    fix: "Add rows that differ, or use fewer folds.",
  });
}
