/** Titles over texts, an empty line between them. */
export const sections = (parts: readonly (readonly [title: string, text: string])[]): string =>
  parts.map(([title, text]) => `${title}\n${"=".repeat(title.length)}\n${text}`).join("\n");
