/**
 * The words of an HTML e-mail. Simple on purpose: comments, styles and scripts go, elements that begin a line break
 * it, all other tags vanish without a trace (spam splits words by them), and the usual entities are decoded.
 */
export function htmlToText(html: string): string {
  return html
    .replace(/<!--[\s\S]*?(?:-->|$)/g, "")
    .replace(/<(style|script|title)\b[\s\S]*?(?:<\/\1\s*>|$)/gi, "")
    .replace(/\s+/g, " ")
    .replace(/<\/?(?:p|div|br|hr|tr|table|li|ul|ol|h[1-6]|center|blockquote|pre)\b[^<>]*>/gi, "\n")
    .replace(/<\/?(?:td|th)\b[^<>]*>/gi, " ")
    .replace(/<[/!?]?[a-z][^<>]*>/gi, "")
    .replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]+));?/gi, (entity, decimal, hexadecimal, name) => {
      if (name !== undefined) return entities[name.toLowerCase()] ?? entity;
      return character(decimal === undefined ? Number.parseInt(hexadecimal, 16) : Number(decimal));
    });
}

const entities: Record<string, string> = {
  amp: "&",
  apos: "'",
  bull: "•",
  cent: "¢",
  copy: "©",
  euro: "€",
  gt: ">",
  hellip: "…",
  ldquo: "“",
  lsquo: "‘",
  lt: "<",
  mdash: "—",
  middot: "·",
  nbsp: " ",
  ndash: "–",
  pound: "£",
  quot: '"',
  rdquo: "”",
  reg: "®",
  rsquo: "’",
  trade: "™",
};

/** A character by its code point; the control characters, and what is none, become a space. */
const character = (code: number): string =>
  code >= 32 && code <= 0x10ffff && !(code >= 127 && code < 160) ? String.fromCodePoint(code) : " ";
