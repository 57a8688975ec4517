import { sum } from "../../base/numbers.js";
import type { ClassificationMetrics } from "../../run/metrics/confusion.js";
import type { MultiLabelMetrics } from "../../run/metrics/multilabel.js";
import type { Scores } from "../../run/metrics/scores.js";
import { grouped, percent } from "../plain.js";
import { labelSentences } from "../sentences.js";
import { type Content, html, labelName } from "./markup.js";
import type { Judgement } from "./ranking.js";
import { list, more, scrolling, table } from "./table.js";

/** Precision, recall and F1 of each label, and what they mean. */
export function labelsSection({ labels, metrics }: Judgement): Content {
  const row = (name: Content, { precision, recall, f1, support }: Scores): Content[] => [
    name,
    bar(precision),
    bar(recall),
    bar(f1),
    grouped(support),
  ];
  const averages: Content[][] = [
    row("mean of the labels (macro)", metrics.macro),
    row("mean by number of texts (weighted)", metrics.weighted),
  ];
  const sentences = labelSentences(labels, metrics);
  const worst = [...labels.keys()].sort((a, b) => metrics.perLabel[a]!.f1 - metrics.perLabel[b]!.f1);
  const shown = new Set(worst.slice(0, MOST_SENTENCES));
  const of = (wanted: boolean) => sentences.filter((_, labelId) => shown.has(labelId) === wanted);
  return html`${table({
    caption:
      "Precision: how many of the texts that got the label have it. Recall: how many of the texts that have it got it. F1 is between the two.",
    header: ["label", "precision", "recall", "F1", "texts"],
    rows: [
      ...labels.map((label, labelId) => row(labelName(label), metrics.perLabel[labelId]!)),
      ...(labels.length > 1 ? averages : []),
    ],
  })}
${list(of(true))}
${of(false).length > 0 && more("The same about the other labels", list(of(false)))}
`;
}

const MOST_SENTENCES = 8;

/** A share as a number over a bar of its length. */
const bar = (share: number): Content =>
  html`<span class="bar" style="--share:${share.toFixed(4)}">${share.toFixed(3)}</span>`;

/** What was taken for what: a matrix where it can be read, and the commonest mix-ups where there are many labels. */
export function confusionSection(judgement: Judgement): Content {
  const { labels, metrics } = judgement;
  if ("samples" in metrics) return outcomes(labels, metrics);
  return html`<h3>What is taken for what</h3>
${labels.length <= MOST_IN_MATRIX && matrix(labels, metrics)}
${labels.length > MOST_NAMED && mixUps(labels, metrics)}
`;
}

const MOST_IN_MATRIX = 40;
const MOST_NAMED = 6;

function matrix(labels: readonly string[], { confusion }: ClassificationMetrics): Content {
  const numbered = labels.length > MOST_NAMED;
  const name = (label: string, i: number): Content =>
    numbered ? html`<span class="muted">${i + 1}</span> ${labelName(label, 30)}` : labelName(label, 30);
  const cell = (row: readonly number[], trueId: number) => (texts: number, id: number) => {
    const share = texts / Math.max(1, sum(row));
    const kind = id === trueId ? "right" : "wrong";
    return html`<td class="number ${kind}" style="--share:${share.toFixed(4)}">${texts === 0 ? html`<span class="muted">0</span>` : grouped(texts)}</td>`;
  };
  const caption = "Rows: the labels that texts have. Columns: the labels that the model gave.";
  return scrolling(
    caption,
    html`<table class="matrix${numbered && " dense"}">
<caption>${caption}</caption>
<thead><tr><td></td>${labels.map((label, i) => html`<th scope="col" class="number">${numbered ? html`<abbr title="${label}">${i + 1}</abbr>` : labelName(label, 14)}</th>`)}</tr></thead>
<tbody>
${confusion.map(
  (
    row,
    trueId,
  ) => html`<tr><th scope="row">${name(labels[trueId]!, trueId)}</th>${row.map(cell(row, trueId))}</tr>
`,
)}</tbody>
</table>`,
  );
}

/** The pairs of labels that were mixed up most often. */
function mixUps(labels: readonly string[], { confusion }: ClassificationMetrics): Content {
  const pairs = confusion
    .flatMap((row, trueId) =>
      row.map((texts, id) => ({ trueId, id, texts, share: texts / Math.max(1, sum(row)) })),
    )
    .filter(({ trueId, id, texts }) => trueId !== id && texts > 0)
    .sort((a, b) => b.texts - a.texts || b.share - a.share)
    .slice(0, 10);
  if (pairs.length === 0) return undefined;
  return table({
    caption: "Mixed up most often",
    header: ["texts with the label", "got the label", "texts", "of the label's texts"],
    texts: [1],
    rows: pairs.map(({ trueId, id, texts, share }) => [
      labelName(labels[trueId]!),
      labelName(labels[id]!),
      grouped(texts),
      percent(share),
    ]),
  });
}

/** For each label how many texts were rightly given it, wrongly given it, and had it without being given it. */
const outcomes = (labels: readonly string[], { confusions }: MultiLabelMetrics): Content =>
  html`<h3>Given and missed</h3>
${table({
  caption: "How many texts were given each label",
  header: ["label", "rightly given", "wrongly given", "missed"],
  rows: confusions.map(([[, wrong], [missed, right]], labelId) => [
    labelName(labels[labelId]!),
    ...[right, wrong, missed].map(grouped),
  ]),
})}`;
