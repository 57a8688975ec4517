import type { FoldResults, SeedResults, StoppedAfter, TrainingOutcome } from "../run/events.js";
import type { OutcomeSpread, Spread } from "../run/spread.js";
import { clock, columns, count, grouped } from "./plain.js";

/** A cross-validation: each fold, mean and spread of the main numbers, beside the floors. */
export const foldsText = (labels: readonly string[], { folds, spread }: FoldResults): string =>
  [foldTable(folds), spreadTable(labels, spread), foldsSentence(folds, "\n"), ""].join("\n");

function foldTable(folds: readonly TrainingOutcome[]): string {
  const rows = folds.map((fold) => [
    `fold ${fold.number}`,
    String(fold.rows),
    ...numbers(fold),
    ...ending(fold),
  ]);
  return columns([["", "test texts", ...scoreNames, "epoch", "time"], ...rows], "  ");
}

/** What was tested, and what that says of the saved model; `space` stands where a line may end. */
export const foldsSentence = (folds: readonly unknown[], space = " "): string =>
  `${count(folds.length, "training")}, each tested on rows that it had not seen; so each row was tested once. The saved model${space}` +
  "is one more, trained on all rows (some of them chose its best epoch): it had more to learn from than these.";

/** The same where it was stopped before all folds had ended: `texts` were tested of so many. */
export function stoppedFoldsText(
  labels: readonly string[],
  { folds, spread, stoppedAfter }: FoldResults,
  texts: { tested: number; of: number },
): string {
  return [
    foldTable(folds),
    spreadTable(labels, spread),
    `${stoppedSentence(stoppedAfter!, "fold")} ${grouped(texts.tested)} of the ${count(texts.of, "text")} were tested, each by a model\n` +
      "that had not seen it; mean and spread are of these alone, and there is no model.",
    "",
  ].join("\n");
}

/** That several trainings were stopped by hand. */
const stoppedSentence = ({ ended, total }: StoppedAfter, what: string): string =>
  `Stopped after ${grouped(ended)} of ${count(total, what)}:`;

/** Trainings that differ only in their seed, and what that says of differences between results. */
export function seedsText(labels: readonly string[], { runs, spread, chosen, ...rest }: SeedResults): string {
  const rows = runs.map((run) => [
    `seed ${run.seed}`,
    run.validationLoss.toFixed(4),
    ...numbers(run),
    ...ending(run),
    run.seed === chosen ? "kept" : "",
  ]);
  return [
    columns([["", "validation loss", ...scoreNames, "epoch", "time", ""], ...rows], "  "),
    spreadTable(labels, spread),
    `${seedsSentences({ runs, spread, chosen, ...rest }, "\n").join("\n")}\n`,
  ].join("\n");
}

/** Which seeds are left out, and what the others say; `space` stands where a line may end. */
export function seedsSentences({ runs, spread, diverged, stoppedAfter }: SeedResults, space = " "): string[] {
  const lost = diverged.length === 0 ? [] : [`Diverged and left out: seed ${diverged.join(", ")}.`];
  const stopped = stoppedAfter
    ? [
        `${stoppedSentence(stoppedAfter, "seed")} the kept model and the spread are of what was trained until then.`,
      ]
    : [];
  return [...lost, ...stopped, luckSentence(runs, spread, space)];
}

/** What the seeds say of luck, in words. */
function luckSentence(
  runs: readonly TrainingOutcome[],
  { accuracy, macroF1 }: OutcomeSpread,
  space: string,
): string {
  if (runs.length < 2) return "Only one training ended, so nothing is known of what luck does.";
  // The difference of two runs has √2 times the deviation of one, and is within twice that 19 times of 20.
  const luck = (spread: Spread) => (2 * Math.SQRT2 * spread.deviation).toFixed(3);
  return (
    `The same rows and settings, only other random numbers: what differs here is luck. Two trainings may differ by${space}` +
    `${luck(accuracy)} in accuracy and ${luck(macroF1)} in macro F1 without any reason, so a smaller gain from a setting proves nothing.${space}` +
    "The kept one was chosen by validation rows; its test score is one of these, not a better one by choice."
  );
}

const scoreNames = ["accuracy", "macro F1", "loss"];

const numbers = ({ metrics, loss }: TrainingOutcome): string[] => [
  metrics.accuracy.toFixed(4),
  metrics.macro.f1.toFixed(4),
  loss.toFixed(4),
];

const ending = ({ bestEpoch, seconds }: TrainingOutcome): string[] => [String(bestEpoch), clock(seconds)];

/** Mean, standard deviation, least and largest of each number. */
function spreadTable(labels: readonly string[], spread: OutcomeSpread): string {
  const row = (name: string, { mean, deviation, min, max }: Spread) => [
    name,
    ...[mean, deviation, min, max].map((value) => (Number.isFinite(value) ? value.toFixed(4) : "-")),
  ];
  return columns(
    [
      ["", "mean", "deviation", "least", "most"],
      row("accuracy", spread.accuracy),
      row("macro F1", spread.macroF1),
      row("loss", spread.loss),
      ...labels.flatMap((label, id) => {
        const { precision, recall, f1 } = spread.perLabel[id]!;
        return [
          row(`${label}: precision`, precision),
          row(`${label}: recall`, recall),
          row(`${label}: F1`, f1),
        ];
      }),
      ...spread.floors.flatMap(({ name, accuracy, macroF1 }) => [
        row(`${name}: accuracy`, accuracy),
        row(`${name}: macro F1`, macroF1),
      ]),
    ],
    "  ",
  );
}
