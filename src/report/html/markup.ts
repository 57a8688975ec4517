import { percent } from "../plain.js";

/** A piece of HTML. Only `html` and `trusted` make one, so that a text can't be taken for markup by mistake. */
export class Html {
  constructor(readonly text: string) {}
}

/** What a template takes: markup as it is, texts and numbers escaped, lists one after the other; false and undefined are left out. */
export type Content = Html | string | number | false | undefined | readonly Content[];

/** HTML with everything in it escaped that isn't HTML itself: html`<p>${text}</p>`. Attributes need their quotes. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(parts.map((part, i) => part + (i < values.length ? rendered(values[i]) : "")).join(""));
}

/** Markup that we made ourselves in another way, such as a drawing. */
export const trusted = (text: string): Html => new Html(text);

function rendered(value: Content): string {
  if (value instanceof Html) return value.text;
  if (value === undefined || value === false) return "";
  if (typeof value === "string" || typeof value === "number") return escaped(String(value));
  return value.map(rendered).join("");
}

/** A text as HTML, also inside a quoted attribute. Control characters, which HTML forbids, become U+FFFD. */
export const escaped = (text: string): string =>
  text
    .replace(/[&<>"']/g, (character) => entities[character]!)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what HTML doesn't allow
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, "\ufffd");

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A text in a direction and language of its own, such as a label's name. */
export const foreign = (text: string): Html => html`<bdi>${text}</bdi>`;

/** At most `width` characters as people count them; what is cut off is an ellipsis. Line breaks become spaces. */
export function shortened(text: string, width: number): string {
  const line = text.replace(/\s+/g, " ").trim();
  const characters = [...graphemes.segment(line.slice(0, 40 * width))].map(({ segment }) => segment);
  if (characters.length <= width) return line;
  return `${characters
    .slice(0, width - 1)
    .join("")
    .trimEnd()}…`;
}

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** 0.1341 → "13.4 %", which no line break takes apart. */
export const share = (of: number): string => percent(of).replace(" %", "\u00a0%");

/** The name of a label where there is little room; the whole name is told on hovering. */
export function labelName(label: string, width = 40): Html {
  const name = shortened(label, width);
  return name === label ? foreign(label) : html`<bdi title="${label}">${name}</bdi>`;
}
