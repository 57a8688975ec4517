import type { FoldResults, SeedResults, TrainingOutcome } from "../../run/events.js";
import type { OutcomeSpread, Spread } from "../../run/spread.js";
import { clock, grouped } from "../plain.js";
import { foldsSentence, seedsSentences } from "../several-trainings.js";
import { type Content, html } from "./markup.js";
import { list, table } from "./table.js";

/** A cross-validation: each fold, and how far they differ. */
export const foldsSection = ({ folds, spread }: FoldResults): Content => html`<p>${foldsSentence(folds)}</p>
${trainings(
  folds.map((fold) => [`fold ${fold.number}`, fold]),
  spread,
)}`;

/** Trainings that differ only in their seed. */
export const seedsSection = (results: SeedResults): Content => html`${list(seedsSentences(results))}
${trainings(
  results.runs.map((run) => [`seed ${run.seed}${run.seed === results.chosen ? " (kept)" : ""}`, run]),
  results.spread,
)}`;

function trainings(
  rows: readonly (readonly [name: string, outcome: TrainingOutcome])[],
  { accuracy, macroF1, loss }: OutcomeSpread,
): Content {
  const of = (name: string, value: (spread: Spread) => number): Content[] => [
    name,
    "",
    ...[accuracy, macroF1, loss].map((spread) => decimals(value(spread))),
    "",
    "",
  ];
  return table({
    caption: "What each training came to on its test texts",
    header: ["", "test texts", "accuracy", "macro F1", "loss", "best epoch", "time"],
    rows: [
      ...rows.map(([name, { rows: texts, metrics, loss: own, bestEpoch, seconds }]) => [
        name,
        grouped(texts),
        ...[metrics.accuracy, metrics.macro.f1, own].map(decimals),
        String(bestEpoch),
        clock(seconds),
      ]),
      of("mean", ({ mean }) => mean),
      of("standard deviation", ({ deviation }) => deviation),
    ],
  });
}

const decimals = (value: number): string => (Number.isFinite(value) ? value.toFixed(4) : "–");
