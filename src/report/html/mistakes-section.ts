import { wholeText } from "../../data/examples.js";
import type { Judged } from "../../run/events.js";
import type { Explanation } from "../../run/explain.js";
import { missedIds, mistakesOf, noMistakes, wrongIds } from "../mistakes.js";
import { count, grouped } from "../plain.js";
import { type Explanations, markedText, SHOWN } from "./explained-mistakes.js";
import { type Content, html, labelName, share, shortened } from "./markup.js";
import type { Judgement } from "./ranking.js";
import { more } from "./table.js";

export interface AboutMistakes {
  /** Which words led to them, as far as that is known. */
  explanations: Explanations;
  /** A file beside the page that has all of them. */
  file?: string;
}

/** The texts that got a wrong label, those that the model was surest of first. */
export function mistakesSection(judgement: Judgement, { explanations, file }: AboutMistakes): Content {
  const { labels, judged } = judgement;
  const mistakes = mistakesOf(judged);
  if (mistakes.length === 0) return html`<p>${noMistakes(judged)}</p>`;
  const all = `${count(mistakes.length, "text")} of ${grouped(judged.length)} got a wrong label (${share(mistakes.length / judged.length)}).`;
  const order =
    mistakes.length > 1 &&
    " Those that it was surest of come first: where it is very sure, look whether the label in the data is right.";
  const items = (from: number, to: number): Content => html`<ol class="mistakes" start="${from + 1}">
${mistakes.slice(from, to).map((answer) => mistake(labels, answer, explanations.get(answer)))}</ol>
`;
  const next = Math.min(mistakes.length, MOST);
  const open = next <= SHOWN + FEW_MORE ? next : SHOWN;
  return html`<p>${all}${order}${file !== undefined && html` All of them are in <code>${file}</code>.`}</p>
${explanations.size > 0 && keyOf(explanations.size < open ? explanations.size : undefined)}
${items(0, open)}
${next > open && more(`The next ${next - open}`, items(open, next))}
`;
}

const FEW_MORE = 4; // not worth folding away
const MOST = 24;
const LONGEST = 700; // characters

/** What marks are; `first`: only so many texts have any. */
const keyOf = (first: number | undefined): Content =>
  html`<p>${first !== undefined && `${first === 1 ? "Only the first text has" : `Only the first ${first} texts have`} marks. `}Marked words <mark class="for s3">spoke for</mark> the label that was wrongly given or missed, or <mark class="against s3">against</mark> it: the stronger the mark, the more.</p>`;

function mistake(labels: readonly string[], answer: Judged, explanation: Explanation | undefined): Content {
  const { row } = answer;
  const text = wholeText(answer);
  const characters = [...text].length;
  return html`<li>
<p class="verdict">${verdict(labels, answer)} <span class="muted">· row ${grouped(row)}</span></p>
<blockquote dir="auto">${explanation ? markedText(explanation, LONGEST) : characters > LONGEST ? shortened(text, LONGEST) : text}</blockquote>
${characters > LONGEST && html`<p class="muted">The text goes on; it has ${grouped(characters)} characters.</p>`}
</li>
`;
}

/** What was wrong, with the probability of each label that was wrongly given or missed. */
function verdict(labels: readonly string[], answer: Judged): Content {
  const { labelIds, predictedIds, probabilities } = answer;
  const name = (id: number): Content => html`<strong>${labelName(labels[id]!)}</strong>`;
  const told = (id: number): Content => html`${name(id)} (${share(probabilities[id]!)})`;
  if (labelIds.length === 1 && predictedIds.length === 1) {
    return html`${name(labelIds[0]!)} <span class="taken">taken for</span> ${told(predictedIds[0]!)}`;
  }
  const right = predictedIds.filter((id) => labelIds.includes(id));
  const parts: Content[] = [];
  const add = (what: string, ids: readonly number[], each: (id: number) => Content): void => {
    if (ids.length === 0) return;
    const items = ids.map((id, i) => html`${i > 0 && ", "}${each(id)}`);
    parts.push(html`${parts.length > 0 && "; "}<span class="taken">${what}</span> ${items}`);
  };
  add("wrongly given", wrongIds(answer), told);
  add("missed", missedIds(answer), told);
  add("right", right, name);
  return parts;
}
