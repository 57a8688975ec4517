import { columnFacts } from "../data/columns.js";
import type { Dataset } from "../data/example.js";
import type { Summary } from "../data/summary.js";
import { type LengthStatistics, USUAL_LIMITS } from "../tokens/lengths.js";
import type { LengthLimit } from "../tokens/long-texts.js";
import { columnsText } from "./facts.js";
import { readingOf } from "./long-texts.js";
import { columns, count, grouped, oneLine, percent } from "./plain.js";

/** What `inspect` found out about labelled texts. */
export interface Inspection {
  dataset: Dataset;
  summary: Summary;
  /** Name of the model whose tokens are counted. */
  model: string;
  /** In tokens, special tokens included. */
  lengths: LengthStatistics;
  /** What is read of texts, as chosen or suggested. */
  limit: LengthLimit;
  /** Texts, with windows more than one for each longer text. */
  passages: number;
}

const PERCENTS = [50, 75, 90, 95, 99, 100];

/** Rows, labels, duplicates and token lengths as text, with a bar chart of the lengths. */
export function inspectionReport(inspection: Inspection): string {
  const { dataset, summary, model, lengths } = inspection;
  const { source, columns: named, reading } = dataset;
  const format = reading ? `Read as ${reading.format}: ` : "";
  const where = named ? `; ${columnsText(columnFacts(named))}` : "";
  const percentiles = PERCENTS.map((share) => `${share} % up to ${grouped(lengths.percentile(share))}`);
  return [
    `${format}${count(summary.rows, "text")} of ${source}${where}.\n`,
    labelTable(summary),
    duplicateText(summary),
    `Tokens of a text as ${model} reads it, special tokens included: mean ${lengths.mean.toFixed(1)};\n` +
      `${percentiles.join(", ")}.\n`,
    histogram(lengths),
    `What a limit cuts:\n${limitTable(lengths)}`,
    `Suggested: --max-length ${lengths.suggestedLength}\n${longerTexts(inspection)}\n`,
  ].join("\n");
}

/** The same as JSON. */
export function inspectionData({
  dataset,
  summary,
  model,
  lengths,
  limit,
  passages,
}: Inspection): Record<string, unknown> {
  const { source, columns: named } = dataset;
  const { cutShare, percentile, ...statistics } = lengths;
  return {
    source,
    ...(named && columnFacts(named)),
    ...summary,
    model,
    tokens: {
      ...statistics,
      percentiles: PERCENTS.map((percent) => ({ percent, length: percentile(percent) })),
      longTexts: { ...limit, ...cutShareOf(lengths, limit), passages },
      limits: USUAL_LIMITS.map((limit) => ({ limit, ...cutShare(limit) })),
    },
  };
}

/** How many texts and which share is longer than the limit. */
function cutShareOf({ cutShare }: LengthStatistics, { maxLength }: LengthLimit) {
  const { count: longer, texts: share } = cutShare(maxLength);
  return { longer, share };
}

function longerTexts({ lengths, limit, passages }: Inspection): string {
  const { longer, share } = cutShareOf(lengths, limit);
  if (longer === 0) return `No text has more than ${grouped(limit.maxLength)} tokens.`;
  const all = limit.long === "windows" ? `, ${grouped(passages)} passages in all` : "";
  return (
    `${count(longer, "text")} (${percent(share)}) ${longer === 1 ? "has" : "have"} more than ` +
    `${grouped(limit.maxLength)} tokens: of these, ${readingOf(limit)}${all}.`
  );
}

const labelTable = ({ rows, labels, unlabelled }: Summary): string =>
  columns(
    [
      ["label", "texts", "share"],
      ...labels.map(({ label, count: texts, share }) => [label, grouped(texts), percent(share)]),
      ...(unlabelled === 0 ? [] : [["(no label)", grouped(unlabelled), percent(unlabelled / rows)]]),
    ],
    "  ",
  );

function duplicateText({
  duplicateRows,
  nearDuplicateRows,
  nearDuplicateGroups,
  conflicts,
}: Summary): string {
  const lines = [
    `${count(duplicateRows, "row")} ${duplicateRows === 1 ? "repeats" : "repeat"} an earlier text exactly, ` +
      `${grouped(nearDuplicateRows - duplicateRows)} more nearly (${count(nearDuplicateGroups, "group")} in all).`,
  ];
  if (conflicts.texts > 0) {
    lines.push(
      `${count(conflicts.texts, "text")} ${conflicts.texts === 1 ? "has" : "have"} different labels in different rows:`,
    );
    for (const { text, rows, labels } of conflicts.first) {
      lines.push(
        `  rows ${rows.slice(0, 5).join(", ")} (${labels.map((label) => label || "no label").join(", ")}): ${oneLine(text, 70)}`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

/** A bar for each range of lengths. */
function histogram({ histogram: bins }: LengthStatistics): string {
  const most = Math.max(...bins.map((bin) => bin.count));
  const rows = bins.map((bin) => [`${bin.from}–${bin.to}`, grouped(bin.count)]);
  const bars = bins.map((bin) => "█".repeat(Math.ceil((longestBar * bin.count) / most)));
  return columns([["tokens", "texts"], ...rows], "  ")
    .trimEnd()
    .split("\n")
    .map((line, i) => `${line}${i === 0 ? "" : `  ${bars[i - 1]}`}`.trimEnd())
    .join("\n")
    .concat("\n");
}

const longestBar = 50;

const limitTable = ({ cutShare }: LengthStatistics): string =>
  columns(
    [
      ["limit", "texts cut", "tokens lost"],
      ...USUAL_LIMITS.map((limit) => {
        const { texts, tokens } = cutShare(limit);
        return [String(limit), percent(texts), percent(tokens)];
      }),
    ],
    "  ",
  );
