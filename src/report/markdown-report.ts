import type { Comparison, Evaluation } from "../run/evaluate-node.js";
import type { Judged, TrainResult } from "../run/events.js";
import type { GateResult } from "../run/gates.js";
import type { Judgement } from "../run/judgement.js";
import { codeCell, inline, table } from "../run/markdown.js";
import {
  ANSWERED_HEADER,
  answeredCells,
  answeredLabels,
  answeredSentences,
  COMPARED_AS_IF_ANSWERED,
  FOUND,
  GATES_AS_IF_ANSWERED,
  hasUnknown,
} from "./answered.js";
import {
  comparisonRows,
  flipCounts,
  labelF1Rows,
  namesOf,
  sortedFlips,
  unknownIn,
  verdictSentence,
} from "./comparison.js";
import { EXPLAINED } from "./explained.js";
import { dataLines, modelLines } from "./facts.js";
import { foundText, gatesSentence } from "./gates.js";
import {
  decimals,
  intervalSentences,
  intervalText,
  labelRows,
  overallRows,
  withInterval,
} from "./intervals.js";
import { mistakesOf, noMistakes } from "./mistakes.js";
import { count, grouped, oneLine } from "./plain.js";
import { floorSentence } from "./sentences.js";

/** A training as a comment on a pull request: the numbers with their intervals first, all else folded away. */
export function trainingMarkdown({ data, model, test, folder, collapsed }: TrainResult): string {
  return page([
    `## Textgraft: ${shown(fileName(folder))}`,
    collapsed === undefined ? "" : prose([collapsed]),
    ...judgementParts(data.labels, test),
    prose([floorSentence(test.metrics, test.floors)]),
    mistakesPart(data.labels, test.judged),
    details("Data and training", [prose([...dataLines(data), ...modelLines(model)])]),
    prose([EXPLAINED]),
  ]);
}

/** An evaluation as a comment on a pull request. */
export function evaluationMarkdown(evaluation: Evaluation): string {
  const { labels, folder, source, judged, gates } = evaluation;
  return page([
    `## Textgraft: ${shown(fileName(folder))} on ${shown(fileName(source))}`,
    gatesPart(gates, hasUnknown(evaluation)),
    ...judgementParts(labels, evaluation),
    mistakesPart(labels, judged),
    prose([EXPLAINED]),
  ]);
}

/** A comparison as a comment on a pull request: gates, numbers, and the texts whose answer changed. */
export function comparisonMarkdown(comparison: Comparison): string {
  const { folders, source, gates } = comparison;
  const unknown = unknownIn(comparison);
  return page([
    `## Textgraft: two models on ${shown(fileName(source))}`,
    prose([
      `A is ${folders.a}, B is ${folders.b}.`,
      verdictSentence(comparison),
      ...(unknown ? [COMPARED_AS_IF_ANSWERED] : []),
    ]),
    gatesPart(gates, unknown),
    block(table(["", "A", "B", "B - A"], comparisonRows(comparison))),
    block(
      table(
        ["F1", "A", "B", "B - A"],
        labelF1Rows(comparison).map(([label, ...cells]) => [codeCell(label!), ...cells]),
      ),
    ),
    prose(["In brackets: 95 % intervals, those of B - A from the same draws for both."]),
    flipsPart(comparison),
    prose([EXPLAINED]),
  ]);
}

function judgementParts(labels: readonly string[], judgement: Judgement): string[] {
  const { metrics, intervals, judged } = judgement;
  return [
    prose([`On ${count(judged.length, "text")} that it was not trained on:`]),
    block(
      table(
        ["", "value", "95 % interval"],
        overallRows(metrics, intervals).map(({ title, value, interval }) => [
          title,
          decimals(value),
          intervalText(interval),
        ]),
      ),
    ),
    block(
      table(
        ["with 95 % interval", "precision", "recall", "F1", "texts"],
        labelRows(labels, metrics, intervals).map(({ name, scores, support }, row) => [
          row < labels.length ? codeCell(name) : name,
          ...scores.map(({ value, interval }) => withInterval(value, interval)),
          grouped(support),
        ]),
      ),
    ),
    ...answeredParts(labels, judgement),
    prose(intervalSentences(judgement)),
  ];
}

/** What was left unknown, and how good the rest is. */
function answeredParts(labels: readonly string[], judgement: Judgement): string[] {
  if (!hasUnknown(judgement)) return [];
  const rows = answeredLabels(labels, judgement).map((row) => [codeCell(row.label), ...answeredCells(row)]);
  return [
    prose(answeredSentences(judgement.answered)),
    block(table(["", ...ANSWERED_HEADER], rows)),
    prose([FOUND]),
  ];
}

function gatesPart(gates: readonly GateResult[], unknown: boolean): string {
  if (gates.length === 0) return "";
  const rows = gates.map(({ expected, found, passed }) => [
    passed ? "✅ passed" : "❌ failed",
    codeCell(expected),
    foundText(found),
  ]);
  const against = unknown ? `\n${prose([GATES_AS_IF_ANSWERED])}` : "";
  return `**${gatesSentence(gates)}**\n\n${block(table(["gate", "expected", "found"], rows))}${against}`;
}

const mostTexts = 20;

/** Texts that people may quote by name, link or mark stand in code, where none of that works. */
function mistakesPart(labels: readonly string[], judged: readonly Judged[]): string {
  const mistakes = mistakesOf(judged);
  if (mistakes.length === 0) return prose([noMistakes(judged)]);
  const names = namesOf(labels);
  const rows = mistakes
    .slice(0, mostTexts)
    .map(({ row, text, labelIds, predictedIds }) => [
      grouped(row),
      codeCell(names(labelIds)),
      codeCell(names(predictedIds)),
      codeCell(oneLine(text, 100)),
    ]);
  return details(titleOf(mistakes.length, "wrong answer"), [
    block(table(["row", "label", "answer", "text"], rows)),
  ]);
}

function flipsPart({ labels, flips }: Comparison): string {
  if (flips.length === 0) return prose(["Both models answer the same to every text."]);
  const names = namesOf(labels);
  const rows = sortedFlips(flips)
    .slice(0, mostTexts)
    .map(({ row, text, labelIds, a, b, change }) => [
      change,
      grouped(row),
      ...[labelIds, a.predictedIds, b.predictedIds].map((ids) => codeCell(names(ids))),
      codeCell(oneLine(text, 100)),
    ]);
  return details(`${titleOf(flips.length, "changed answer")}: ${flipCounts(flips)}`, [
    block(table(["change", "row", "label", "A", "B", "text"], rows)),
  ]);
}

const titleOf = (number: number, noun: string): string =>
  number > mostTexts ? `${count(number, noun)}, the first ${mostTexts}` : count(number, noun);

const details = (title: string, parts: readonly string[]): string =>
  `<details><summary>${title}</summary>\n\n${parts.join("\n")}\n</details>\n`;

/** Sentences as one paragraph. They quote names of the user's. */
const prose = (sentences: readonly string[]): string => `${sentences.map(shown).join(" ")}\n`;

/** As it is, whoever it names: behind the invisible sign @ calls nobody. */
const shown = (text: string): string => inline(text).replaceAll("@", "@\u2060");

const block = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");

const page = (parts: readonly string[]): string =>
  parts
    .filter((part) => part !== "")
    .join("\n")
    .replace(/\n*$/, "\n");

const fileName = (path: string): string => path.split(/[\\/]/).filter(Boolean).at(-1) ?? path;
