import { type Content, html } from "./markup.js";
import { dashes, drawing, type Plot, colors as palette } from "./plot.js";
import { more, type TableSpec, table } from "./table.js";

export interface FigureSpec {
  /** Also the picture's name. */
  title: string;
  /** What it shows, in words: for the eye a sentence below the picture, for a screen reader the picture itself. */
  says: string;
  plot: Plot.PlotOptions;
  /** Names of the lines in the order of their colours. */
  legend?: readonly Content[];
  /** The numbers that are drawn. */
  numbers: TableSpec;
}

/** A drawing with its title, what it says, and its numbers as a table for those who want or need them. */
export const figure = ({ title, says, plot, legend = [], numbers }: FigureSpec): Content => html`<figure>
<figcaption><h3>${title}</h3></figcaption>
${drawing({ title, description: says }, plot)}
${
  legend.length > 0 &&
  html`<ul class="legend">${legend.map(
    (name, i) => html`<li>${swatch(i)} ${name}</li>
`,
  )}</ul>`
}
<p class="note">${says}</p>
${more("The numbers", table(numbers))}
</figure>
`;

const swatch = (i: number): Content =>
  html`<svg class="swatch" width="28" height="10" aria-hidden="true" focusable="false"><line x1="1" x2="27" y1="5" y2="5" stroke="${palette.series[i]!}" stroke-width="2.5" stroke-dasharray="${dashes[i]!}"/></svg>`;

/** Drawings side by side where there is room. */
export const figures = (items: readonly Content[]): Content => html`<div class="figures">
${items}</div>
`;
