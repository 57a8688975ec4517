import type { Json } from "./library.js";

/** Pieces of a text; `first`: nothing stands before it. */
type Split = (text: string, first: boolean) => string[];

/** What is used of a pre-tokenizer of the library, and what the library wants to use. */
export interface PreTokenizer {
  (text: string, options: { section_index: number }): string[];
  pre_tokenize(text: string, options: { section_index: number }): string[];
  tokenizers?: (PreTokenizer | null)[];
  pattern?: RegExp | null;
}

/**
 * A pre-tokenizer that does what the Rust library's does, where the one of `@huggingface/tokenizers` doesn't:
 * - Metaspace splits before each ▁, and `first` means the first piece only.
 * - Punctuation, Digits and Split know how to treat what they find (`behavior`), and all digits of Unicode.
 * - Spaces are White_Space, which a byte order mark isn't, but U+0085 is.
 */
export function asInRust(preTokenizer: PreTokenizer | null, config: Json | null): PreTokenizer | null {
  if (preTokenizer === null || config === null) return preTokenizer;
  const split = splitterOf(preTokenizer, config);
  const preTokenize: PreTokenizer["pre_tokenize"] = (text, { section_index: section }) =>
    text === "" ? [] : split(text, section === 0);
  return Object.assign(preTokenize, { pre_tokenize: preTokenize });
}

function splitterOf(part: PreTokenizer, config: Json): Split {
  const { type, behavior } = config;
  switch (type) {
    case "Sequence": {
      const configs = config.pretokenizers as Json[];
      const splits = part.tokenizers!.map((inner, i) => splitterOf(inner!, configs[i]!));
      return (text, first) =>
        splits.reduce(
          (pieces, split) =>
            // Where spaces in front are left out, no piece is the first any more.
            pieces.flatMap((piece, i) => split(piece, first && i === 0 && text.indexOf(piece) <= 0)),
          [text],
        );
    }
    case "BertPreTokenizer":
      return (text) => splitAt(text, SPACES, "removed").flatMap((word) => splitAt(word, PUNCTUATION));
    case "WhitespaceSplit":
      return (text) => splitAt(text, SPACES, "removed");
    case "Whitespace":
      return (text) => text.match(WORDS) ?? [];
    case "Punctuation":
      return (text) => splitAt(text, PUNCTUATION, behavior);
    case "Digits":
      return (text) => splitAt(text, /\p{N}/gu, config.individual_digits ? "isolated" : "contiguous");
    case "Split":
      return (text) => splitAt(text, part.pattern!, behavior, config.invert === true);
    case "Metaspace":
      return metaspace(config);
    case "ByteLevel":
      part.pattern = BYTE_LEVEL;
  }
  return (text, first) => part.pre_tokenize(text, { section_index: first ? 0 : 1 });
}

const SPACES = /\p{White_Space}+/gu;
const PUNCTUATION = /[\p{P}!-/:-@[-`{-~]/gu;
const WORDS =
  /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu;
/** GPT-2's pattern. https://github.com/openai/gpt-2/blob/master/src/encoder.py */
const BYTE_LEVEL =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

/** Spaces become ▁; old files say `add_prefix_space` where new ones have a `prepend_scheme`. */
function metaspace({ replacement, prepend_scheme: scheme, add_prefix_space: old, split }: Json): Split {
  const mark = (replacement as string | undefined) ?? "▁";
  const when = scheme ?? (old === false ? "never" : "always");
  return (text, first) => {
    const marked = text.replaceAll(" ", mark);
    const prepend = !marked.startsWith(mark) && (when === "always" || (when === "first" && first));
    const whole = prepend ? mark + marked : marked;
    return split === false ? [whole] : splitAt(whole, new RegExp(mark, "gu"), "mergedwithnext");
  };
}

/**
 * Parts of a text, none of them empty. `behavior` says what becomes of what the pattern finds: on its own (isolated),
 * left out (removed), joined with its like (contiguous) or with its neighbour (mergedwithprevious, mergedwithnext).
 * https://huggingface.co/docs/tokenizers/api/pre-tokenizers
 */
function splitAt(text: string, pattern: RegExp, behavior: unknown = "isolated", invert = false): string[] {
  const parts: Part[] = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(pattern)) {
    if (index > end) parts.push({ text: text.slice(end, index), found: invert });
    if (found !== "") parts.push({ text: found, found: !invert });
    end = index + found.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), found: invert });
  switch (String(behavior).toLowerCase()) {
    case "removed":
      return parts.flatMap((part) => (part.found ? [] : [part.text]));
    case "contiguous":
      return joined(parts, (part, before) => part.found === before.found);
    case "mergedwithprevious":
      return joined(parts, (part, before) => part.found && !before.found);
    case "mergedwithnext":
      return joined(parts, (part, before) => !part.found && before.found);
    default:
      return parts.map((part) => part.text);
  }
}

interface Part {
  text: string;
  found: boolean;
}

function joined(parts: readonly Part[], join: (part: Part, before: Part) => boolean): string[] {
  const pieces: string[] = [];
  for (const [i, part] of parts.entries()) {
    if (i > 0 && join(part, parts[i - 1]!)) pieces[pieces.length - 1] += part.text;
    else pieces.push(part.text);
  }
  return pieces;
}
