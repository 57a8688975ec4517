import { type Best, flagName, type TrainOptions } from "../run/options.js";
import type { Trial } from "../run/sweep.js";
import type { SweepResult, TrialRecord } from "../run/sweep-node.js";
import { clock, columns, count } from "./plain.js";

/** A sweep as text: its settings from the best to the worst, a plot of them, and how to train with the best. */
export function sweepReport(result: SweepResult): string {
  const { records, best, objective, folder } = result;
  const ranked = rankedOf(records);
  const names = triedOptions(records);
  const rows = ranked.map((record) => [
    String(record.number),
    ...names.map((name) => String(record.options[name] ?? "")),
    objectiveText(record.best, objective),
    record.test === undefined ? "" : record.test.accuracy.toFixed(4),
    record.test === undefined ? "" : record.test.macroF1.toFixed(4),
    clock(record.seconds),
    endingOf(record),
    bar(record, ranked),
  ]);
  const header = ["run", ...names.map(flagName), `validation ${objective}`, "test accuracy", "test macro F1"];
  return [
    `${count(records.length, "setting")}, the best first:\n`,
    columns([[...header, "time", "", ""], ...rows], "  "),
    `${best === undefined ? nothing : found(best, folder)}Plots of all settings: ${folder}/sweep.html.\n`,
  ].join("\n");
}

const nothing = "No setting was trained to its end: there is no model.\n";

/** What was tried, in the order of the sweep. */
export const triedOptions = (records: readonly TrialRecord[]): (keyof TrainOptions)[] => [
  ...new Set(records.flatMap(({ options }) => Object.keys(options) as (keyof TrainOptions)[])),
];

function found({ number, options, folder }: TrialRecord, sweep: string): string {
  return (
    `Best on the validation rows: run ${number}, ${flagsOf(options).join(" ")}. Its model lies in ${sweep}/${folder}.\n` +
    "The test rows decided nothing, so its test scores can be trusted; those of the others are for comparison.\n"
  );
}

/** A setting as flags of `train`. */
export const flagsOf = (options: Trial): string[] =>
  Object.entries(options).map(([name, value]) => `--${flagName(name)} ${value}`);

/** The best first, then those that were stopped, then failures. */
export const rankedOf = (records: readonly TrialRecord[]): TrialRecord[] =>
  [...records].sort(
    (a, b) => order[a.status] - order[b.status] || (b.best ?? -Infinity) - (a.best ?? -Infinity),
  );

const order = { done: 0, stopped: 1, failed: 2 } as const;

/** How it ended, where it wasn't trained to its end. */
export const endingOf = ({ status, objectives }: TrialRecord): string => {
  if (status === "done") return "";
  return status === "failed" ? "failed" : `stopped after epoch ${objectives.length}`;
};

/** A loss is told as it is, though what is compared is its negative. */
export const shownObjective = (value: number, objective: Best): number =>
  objective === "loss" ? -value : value;

export const objectiveText = (value: number | null, objective: Best): string =>
  value === null ? "" : shownObjective(value, objective).toFixed(4);

/** From the worst to the best value of all, as a bar of at most 20 blocks. */
function bar({ best }: TrialRecord, all: readonly TrialRecord[]): string {
  if (best === null) return "";
  const values = all.flatMap((record) => (record.best === null ? [] : [record.best]));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const share = high === low ? 1 : (best - low) / (high - low);
  return "█".repeat(1 + Math.round(19 * share)).padEnd(20);
}
