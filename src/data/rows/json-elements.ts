import { TextgraftError } from "../../base/errors.js";

/** Longer elements are taken for a bracket or quote that is never closed. */
const LONGEST_ELEMENT = 2 ** 26;

/** One element of an array as text, and the line at which it starts, counted from 1. */
export interface Element {
  text: string;
  line: number;
}

/** Of an element that isn't complete yet: how far it has been read, and how. */
interface Open {
  at: number;
  depth: number;
  inString: boolean;
}

/**
 * Cuts a JSON array that comes in pieces into its elements, by counting brackets outside of strings; what an element
 * holds is left to JSON.parse.
 * @throws TextgraftError data-invalid where the array isn't closed, or something stands around or between elements.
 */
export function elementSplitter(source: string): (piece: string, last: boolean) => Element[] {
  let text = "";
  let line = 1;
  let state: "before" | "within" | "behind" = "before";
  let open: Open | undefined;

  const wrong = (what: string): TextgraftError =>
    new TextgraftError("data-invalid", {
      message: `${source}, line ${line}: ${what}.`,
      fix: "Write a whole JSON array of objects, or one object on each line in a .jsonl file.",
    });

  return (piece, last) => {
    text += piece;
    const elements: Element[] = [];
    let start = 0;
    const skip = (pattern: RegExp): void => {
      pattern.lastIndex = start;
      const skipped = pattern.exec(text)![0];
      line += breaksIn(skipped);
      start += skipped.length;
    };
    while (state !== "behind") {
      if (state === "before") {
        skip(/\s*/y);
        if (start === text.length) break;
        if (text[start] !== "[") throw wrong("the file is no JSON array");
        start++;
        state = "within";
      }
      if (open === undefined) {
        skip(/\s*/y);
        if (start === text.length) break;
        if (text[start] === "]") {
          start++;
          state = "behind";
          break;
        }
        open = { at: start, depth: 0, inString: false };
      }
      const end = elementEnd(text, open);
      if (end === undefined) {
        if (text.length - start > LONGEST_ELEMENT) throw wrong("an element begins that is never closed");
        break;
      }
      const element = text.slice(start, end);
      elements.push({ text: element, line });
      line += breaksIn(element);
      start = text[end] === "," ? end + 1 : end;
      open = undefined;
    }
    if (state === "behind") {
      skip(/\s*/y);
      if (start < text.length) throw wrong("something stands behind the end of the array");
    } else if (last) throw wrong("the array is never closed");
    text = text.slice(start);
    if (open) open.at -= start;
    return elements;
  };
}

/** Position of the comma or bracket behind an element; undefined, with `open` advanced, where it isn't there yet. */
function elementEnd(text: string, open: Open): number | undefined {
  const inString = /["\\]/g;
  const outside = /["[\]{},]/g;
  for (;;) {
    const pattern = open.inString ? inString : outside;
    pattern.lastIndex = open.at;
    const found = pattern.exec(text);
    if (found === null) {
      open.at = text.length;
      return undefined;
    }
    const [mark] = found;
    if (mark === "\\") {
      if (found.index + 1 === text.length) {
        open.at = found.index;
        return undefined;
      }
      open.at = found.index + 2;
      continue;
    }
    if (!open.inString && open.depth === 0 && (mark === "," || mark === "]")) return found.index;
    open.at = found.index + 1;
    if (mark === '"') open.inString = !open.inString;
    else if (mark === "{" || mark === "[") open.depth++;
    else if (mark === "}" || mark === "]") open.depth--;
  }
}

function breaksIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) count++;
  return count;
}
