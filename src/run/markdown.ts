/** Text of the user's as Markdown shows it, in one line. */
export const inline = (text: string): string =>
  oneLine(text).replace(/[\\`*_[\]<>|&#~]/g, (mark) => `\\${mark}`);

/**
 * Text of the user's in a code span, in one line: nothing in it is a link, a mention or a mark. Of a table's cell a | is
 * escaped even there. https://spec.commonmark.org/0.31.2/#code-spans
 */
export function codeCell(text: string): string {
  const line = oneLine(text).trim();
  if (line === "") return "";
  const longest = Math.max(0, ...Array.from(line.matchAll(/`+/g), ([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const space = /^`|`$/.test(line) ? " " : "";
  return `${fence}${space}${line.replaceAll("|", "\\|")}${space}${fence}`;
}

/** The lines of a table. Cells are Markdown. */
export const table = (header: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);

const oneLine = (text: string): string => text.replace(/[\s\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, " ");
