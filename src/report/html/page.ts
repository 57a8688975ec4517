import { type Content, type Html, html, trusted } from "./markup.js";
import { style } from "./style.js";
import { list } from "./table.js";

export interface PageSpec {
  /** What the page is about, such as the folder's name. */
  title: string;
  subject: Content;
  /** The answer first: one sentence, and what else must be known at once. */
  answer: Content;
  sections: readonly Section[];
  footer: Content;
}

export interface Section {
  /** Its anchor. */
  id: string;
  title: string;
  /** In the list of contents. */
  short: string;
  content: Content;
}

/** Nothing may be loaded, run or sent: a report holds people's texts. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** A whole page in one file. It has no script, and works without network. */
export function page({ title, subject, answer, sections, footer }: PageSpec): string {
  const document: Html = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Textgraft">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${trusted(style)}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<h1>${subject}</h1>
${answer}
<nav aria-label="Contents">${list(sections.map(({ id, short }) => html`<a href="#${id}">${short}</a>`))}</nav>
</header>
<main id="content">
${sections.map(
  ({ id, title, content }) => html`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
${content}</section>
`,
)}</main>
<footer>${footer}</footer>
</body>
</html>
`;
  return document.text;
}
