import { type Content, html } from "./markup.js";

/** A table with a caption; the first cell of each row names it. Numbers go to the right. */
export interface TableSpec {
  caption: Content;
  header: readonly Content[];
  rows: readonly (readonly Content[])[];
  /** Columns with texts instead of numbers, besides the first. */
  texts?: readonly number[];
}

/** Wide tables scroll on their own, also by keyboard. */
export function table({ caption, header, rows, texts = [] }: TableSpec): Content {
  const kind = (column: number) => (column === 0 || texts.includes(column) ? "text" : "number");
  return scrolling(
    caption,
    html`<table>
<caption>${caption}</caption>
<thead><tr>${header.map((cell, i) => html`<th scope="col" class="${kind(i)}">${cell}</th>`)}</tr></thead>
<tbody>
${rows.map(
  (row) =>
    html`<tr>${row.map((cell, i) => (i === 0 ? html`<th scope="row">${cell}</th>` : html`<td class="${kind(i)}">${cell}</td>`))}</tr>
`,
)}</tbody>
</table>`,
  );
}

/** Something wide that scrolls by itself instead of the page. */
export const scrolling = (name: Content, content: Content): Content =>
  html`<div class="scroll" role="group" tabindex="0" aria-label="${plain(name)}">${content}</div>`;

/** Names and what they are. */
export const facts = (rows: readonly (readonly [name: Content, value: Content])[]): Content =>
  html`<dl class="facts">${rows.map(
    ([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>
`,
  )}</dl>`;

export const list = (items: readonly Content[]): Content =>
  items.length > 0 &&
  html`<ul>${items.map(
    (item) => html`<li>${item}</li>
`,
  )}</ul>`;

/** What most readers don't need at once. */
export const more = (summary: Content, content: Content): Content =>
  html`<details><summary>${summary}</summary>
${content}
</details>`;

/** Text content only: captions may hold markup, names of regions may not. */
export function plain(content: Content): string {
  return html`${content}`.text
    .replace(/<[^>]*>/g, "")
    .replaceAll("&#39;", "'")
    .replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}
