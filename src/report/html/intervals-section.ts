import {
  decimals,
  intervalSentences,
  intervalText,
  labelRows,
  overallRows,
  withInterval,
} from "../intervals.js";
import { grouped } from "../plain.js";
import { type Content, html, labelName } from "./markup.js";
import type { Judgement } from "./ranking.js";
import { table } from "./table.js";

/** All numbers with their 95 % intervals, and what a test of this size can show. */
export function intervalsSection(judgement: Judgement): Content {
  const { labels, metrics, intervals } = judgement;
  const rows = labelRows(labels, metrics, intervals);
  return html`${intervalSentences(judgement).map(
    (sentence) => html`<p>${sentence}</p>
`,
  )}${table({
    caption: "All labels together, with 95 % intervals",
    header: ["number", "value", "95 % interval"],
    rows: overallRows(metrics, intervals).map(({ title, value, interval }) => [
      title,
      decimals(value),
      intervalText(interval),
    ]),
  })}
${table({
  caption: "Each label, with 95 % intervals",
  header: ["label", "precision", "recall", "F1", "texts"],
  rows: rows.map(({ name, scores, support }, row) => [
    row < labels.length ? labelName(name) : name,
    ...scores.map(({ value, interval }) => withInterval(value, interval)),
    grouped(support),
  ]),
})}`;
}
