import { sum } from "../base/numbers.js";
import { columnFacts } from "../data/columns.js";
import type { Dataset } from "../data/example.js";
import { type Part, partNames } from "../data/split-quotas.js";
import type { DataFacts, ModelFacts } from "../run/events.js";
import type { TrainEstimate } from "../run/rehearsal.js";
import { longTextsLine } from "./long-texts.js";
import { about, columns, count, gigabytes, grouped, percent } from "./plain.js";

/**
 * What was read and how it was split, one fact a line. `source` is the file of the training texts; validation and test
 * may have files of their own, so the numbers don't name it.
 */
export function dataLines(facts: DataFacts): string[] {
  const { source, problem, labels, unlabelled, parts } = facts;
  const rows = rowsOf(facts);
  const byLabel = labels.map((label, labelId) => {
    const texts = sum(partNames.map((part) => parts[part].byLabel[labelId]!));
    return `${label}: ${grouped(texts)} (${percent(texts / rows)})`;
  });
  const given = sum(partNames.flatMap((part) => parts[part].byLabel));
  const perText = problem === "multi_label" ? ` with ${(given / rows).toFixed(2)} labels on average` : "";
  const none = unlabelled === 0 ? "" : `; no label: ${grouped(unlabelled)} (${percent(unlabelled / rows)})`;
  return [
    `Read ${source}${formatText(facts)}; ${columnsText(facts)}.`,
    `${count(rows, "text")} in all${perText}, by label: ${listed(byLabel)}${none}.`,
    splitLine(facts),
    ...splittingLines(facts),
    ...duplicateLines(facts),
  ];
}

/** Rows of all parts. */
export const rowsOf = ({ parts }: Pick<DataFacts, "parts">): number =>
  sum(partNames.map((part) => parts[part].rows));

function splitLine({ parts }: DataFacts): string {
  const told = partNames.filter((part) => part !== "test" || parts.test.rows > 0);
  const rest = parts.test.rows > 0 ? "" : "; all are tested by cross-validation";
  return `Split: ${told.map((part) => `${part} ${grouped(parts[part].rows)}`).join(", ")}${rest}.`;
}

/** What keeps rows together or apart besides their labels. */
function splittingLines({ grouping, times }: DataFacts): string[] {
  const lines: string[] = [];
  if (grouping) {
    const { groups, largest, duplicatesApart } = grouping;
    lines.push(
      `Groups: ${grouped(groups)}, the largest with ${count(largest, "row")}; each is in one part` +
        (duplicatesApart
          ? ". Near duplicates tie nearly all of them together, so these may stand in different parts."
          : ", with its near duplicates."),
    );
  }
  if (times) {
    const spans = partNames.flatMap((part) => {
      const span = times[part];
      return span ? [`${part} ${moment(span.from)} to ${moment(span.to)}`] : [];
    });
    lines.push(`By time: ${spans.join(", ")}.`);
  }
  return lines;
}

/** A time as its date, with the hour where it isn't midnight (UTC). */
const moment = (time: number): string =>
  new Date(time)
    .toISOString()
    .replace(/:\d\d\.\d{3}Z$/, "")
    .replace("T00:00", "")
    .replace("T", " ");

/** How a dataset was read, and where its texts and labels stand. */
export function readingText({ source, columns, reading }: Dataset): string {
  const where = columns ? `; ${columnsText(columnFacts(columns))}` : "";
  return `Read ${source}${formatText(reading ?? {})}${where}`;
}

const formatText = ({ format }: { format?: string }): string => (format === undefined ? "" : ` as ${format}`);

/** Which columns have the texts and labels, and which of them were guessed. */
export function columnsText({
  textColumn,
  pairColumn,
  labelColumn,
  guessed,
}: Pick<DataFacts, "textColumn" | "pairColumn" | "labelColumn" | "guessed">): string {
  const [text, label] = [guessed.includes(textColumn), guessed.includes(labelColumn)];
  const both = text && label ? " (guessed; --text and --label choose others)" : "";
  const hint = (flag: string, told: boolean) =>
    told && both === "" ? ` (guessed; ${flag} chooses another)` : "";
  const pair = pairColumn === undefined ? "" : ` and "${pairColumn}"`;
  return `texts in column "${textColumn}"${hint("--text", text)}${pair}, labels in "${labelColumn}"${hint("--label", label)}${both}`;
}

/** Texts by label and part as a table. */
export function splitTable({ labels, parts }: DataFacts): string {
  const cells = (name: string, of: (part: Part) => number) => [name, ...partNames.map((p) => grouped(of(p)))];
  return columns(
    [
      ["", ...partNames],
      ...labels.map((label, labelId) => cells(label, (part) => parts[part].byLabel[labelId]!)),
      cells("all", (part) => parts[part].rows),
    ],
    "  ",
  );
}

/** What trains, and how, one fact a line. */
export function modelLines(facts: ModelFacts): string[] {
  const { model, commit, layers, hiddenSize, head, headWidth, frozenStages, classWeights, fresh, unused } =
    facts;
  const width = headWidth === undefined ? "" : ` of ${count(headWidth, "unit")}`;
  const lines = [
    `Model: ${model}${commit === undefined ? "" : ` (commit ${commit.slice(0, 7)})`}, ${count(layers, "layer")}, hidden size ${hiddenSize}, head ${head}${width}; ` +
      `${grouped(facts.trainedParameters)} of ${grouped(facts.parameters)} parameters train` +
      (frozenStages === 0 ? "." : `; frozen: ${frozenPart(frozenStages, layers)}.`),
    longTextsLine(facts, facts.cutShare),
    `Learning rate ${facts.learningRate}, ${count(facts.steps, "step")}.`,
  ];
  if (classWeights) lines.push(`Class weights: [${classWeights.map((w) => w.toFixed(8)).join(" ")}].`);
  if (fresh.encoder.length > 0)
    lines.push(`Not in the pretrained model, start at random: ${fresh.encoder.join(", ")}.`);
  if (unused.length > 0) lines.push(`In the pretrained model, but not in this one: ${byModule(unused)}.`);
  return lines;
}

/** Names of tensors in one line: how many each part of the checkpoint has. */
function byModule(names: readonly string[]): string {
  const numbers = new Map<string, number>();
  for (const name of names) {
    const part = name.split(".").slice(0, 2).join(".");
    numbers.set(part, (numbers.get(part) ?? 0) + 1);
  }
  const parts = [...numbers].map(([part, number]) => `${part} (${count(number, "tensor")})`);
  return parts.length <= 6
    ? parts.join(", ")
    : `${parts.slice(0, 5).join(", ")} and ${parts.length - 5} more parts`;
}

/** What a training will take, or so many trainings one after the other. */
export function estimateLine({ seconds, bytes }: TrainEstimate, trainings = 1): string {
  const each = trainings === 1 ? "" : ` for ${trainings} trainings`;
  const memory = bytes === undefined ? "" : ` and ${gigabytes(bytes)} of memory`;
  return `It will take about ${about(trainings * seconds)}${each}${memory}.`;
}

/** Repeated texts, and the test texts that training has seen. */
function duplicateLines({ exactDuplicates, nearDuplicates, leaks, parts }: DataFacts): string[] {
  const repeats = exactDuplicates + nearDuplicates;
  const leaking = leaks.exact + leaks.near;
  const kinds = (exact: number, near: number) => `${grouped(exact)} exactly, ${grouped(near)} nearly`;
  const lines: string[] = [];
  if (repeats > 0) {
    const found = `${count(repeats, "row")} ${repeats === 1 ? "repeats" : "repeat"} an earlier text`;
    const kept = leaking === 0 ? "; no test text has a copy in the training rows" : "";
    lines.push(`Duplicates: ${found} (${kinds(exactDuplicates, nearDuplicates)})${kept}.`);
  }
  if (leaking > 0) {
    lines.push(
      `Leaks: ${grouped(leaking)} of the ${count(parts.test.rows, "test text")} also stand in the training ` +
        `rows (${kinds(leaks.exact, leaks.near)}): the test scores are too good by what was learned by heart.`,
    );
  }
  return lines;
}

/** What a number of frozen stages is: the embeddings, the layers and the pooler. */
export function frozenPart(stages: number, layers: number): string {
  if (stages === 1) return "the embeddings";
  if (stages > layers + 1) return "the whole encoder";
  if (stages === layers + 1) return "the embeddings and all layers";
  return `the embeddings and the first ${stages === 2 ? "layer" : `${stages - 1} layers`}`;
}

/** Long lists are shortened. */
const listed = (items: readonly string[]): string =>
  items.length <= 12
    ? items.join(", ")
    : `${items.slice(0, 10).join(", ")} and ${items.length - 10} more labels`;
