import type { Judged } from "../../run/events.js";
import { missedIds, mistakesOf, wrongIds } from "../mistakes.js";
import { count, grouped, percent } from "../plain.js";
import { type Content, html, labelName, shortened } from "./markup.js";
import type { Judgement } from "./ranking.js";

/** The texts that got a wrong label, those that the model was surest of first. */
export function mistakesSection({ labels, judged }: Judgement, { file }: { file?: string } = {}): Content {
  const mistakes = mistakesOf(judged);
  const shown = mistakes.slice(0, MOST);
  if (shown.length === 0) return html`<p>None: every text got its label.</p>`;
  const all = `${count(mistakes.length, "text")} of ${grouped(judged.length)} got a wrong label (${percent(mistakes.length / judged.length)}).`;
  const order =
    shown.length === 1
      ? ""
      : shown.length < mistakes.length
        ? ` Here are the ${shown.length} of which the model was surest; such texts often have a wrong label in the data.`
        : " Those of which the model was surest come first; such texts often have a wrong label in the data.";
  return html`<p>${all}${order}${file !== undefined && html` All of them are in <code>${file}</code>.`}</p>
<ol class="mistakes">
${shown.map((answer) => mistake(labels, answer))}</ol>
`;
}

const MOST = 20;
const LONGEST = 700; // characters

function mistake(labels: readonly string[], answer: Judged): Content {
  const { row, text, labelIds, predictedIds, probabilities } = answer;
  const names = (ids: readonly number[]): Content =>
    ids.length === 0
      ? "without a label"
      : ids.map((id, i) => html`${i > 0 && ", "}<strong>${labelName(labels[id]!)}</strong>`);
  const single = labelIds.length === 1 && predictedIds.length === 1;
  const scored = single ? predictedIds : [...wrongIds(answer), ...missedIds(answer)];
  const scores = scored.map(
    (id, i) =>
      html`${i > 0 && ", "}${!single && html`${labelName(labels[id]!)} `}${percent(probabilities[id]!)}`,
  );
  const characters = [...text].length;
  return html`<li>
<p class="verdict">${names(labelIds)} <span class="taken">taken for</span> ${names(predictedIds)} <span class="muted">${scores} · row ${grouped(row)}</span></p>
<blockquote dir="auto">${characters > LONGEST ? shortened(text, LONGEST) : text}</blockquote>
${characters > LONGEST && html`<p class="muted">The text goes on; it has ${grouped(characters)} characters.</p>`}
</li>
`;
}
