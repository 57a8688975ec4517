/** Numbers and texts as people read them. */

/** 5572 → "5,572" */
export const grouped = (n: number): string => n.toLocaleString("en-US");

/** "1 text", "5,572 texts" */
export const count = (n: number, noun: string): string => `${grouped(n)} ${noun}${n === 1 ? "" : "s"}`;

/** 0.1341 → "13.4 %". Never "0.0 %" or "100.0 %" because of rounding. */
export function percent(share: number): string {
  const text = (share * 100).toFixed(1);
  if (text === "0.0" && share > 0) return "under 0.1 %";
  if (text === "100.0" && share < 1) return "over 99.9 %";
  return `${text} %`;
}

/** 83 → "1:23", 4000 → "1:06:40"; in whole seconds. */
export function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (n: number) => String(n % 60).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole)}` : `${minutes}:${two(whole)}`;
}

/** 83 → "2 minutes", 8000 → "2.2 hours": as exact as an estimate is. */
export function about(seconds: number): string {
  if (seconds < 50) return count(Math.max(1, Math.round(seconds)), "second");
  if (seconds < 100 * 60) return count(Math.round(seconds / 60), "minute");
  return `${(seconds / 3600).toFixed(1)} hours`;
}

/** 2,576,980,378 → "2.6 GB" */
export const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/**
 * A text on one line of at most `width` characters; what is cut off is an ellipsis. Control characters (of text
 * direction, too) become spaces, so that a text can't drive the terminal.
 */
export function oneLine(text: string, width = Number.POSITIVE_INFINITY): string {
  const line = text.replace(/[\s\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, " ").trim();
  const characters = [...line];
  if (characters.length <= width) return line;
  return `${characters
    .slice(0, Math.max(0, width - 1))
    .join("")
    .trimEnd()}…`;
}

/** Columns of cells, two spaces apart: the first to the left, numbers to the right. No space at line ends. */
export function columns(rows: readonly (readonly string[])[], indent = ""): string {
  const widths = rows.reduce<number[]>(
    (widest, row) => row.map((cell, i) => Math.max(widest[i] ?? 0, [...cell].length)),
    [],
  );
  const pad = (cell: string, i: number) => {
    const space = " ".repeat(widths[i]! - [...cell].length);
    return i === 0 ? cell + space : space + cell;
  };
  return rows.map((row) => `${indent}${row.map(pad).join("  ").trimEnd()}\n`).join("");
}
