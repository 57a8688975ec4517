import { type Aligned, type Rewritten, rewritten, sliced } from "./aligned.js";
import { graphemes } from "./charsmap.js";
import type { Json } from "./library.js";
import type { Normalizer } from "./normalizers.js";

/** A text normalised, with where its characters come from; undefined where that can't be known. */
export type AlignedNormalize = (text: Aligned) => Aligned | undefined;

/**
 * What a normalizer does, followed. Sequences are followed step by step, and Replace by its own pattern. All others work
 * within graphemes (case, accents, compatibility forms, character maps), or cut off or add at the ends; what is neither
 * isn't followed.
 */
export function alignedNormalizer(normalizer: Normalizer | null, config: Json | null): AlignedNormalize {
  if (normalizer === null || config === null) return (text) => text;
  if (config.type === "Sequence") {
    const configs = config.normalizers as Json[];
    const steps = normalizer.normalizers!.map((part, i) => alignedNormalizer(part, configs[i]!));
    return (text) => steps.reduce<Aligned | undefined>((result, step) => result && step(result), text);
  }
  if (config.type === "Replace") return replaced(normalizer.pattern ?? null, String(config.content ?? ""));
  return (text) => {
    const wanted = normalizer.normalize(text.text);
    return byGraphemes(text, normalizer, wanted) ?? atTheEnds(text, wanted);
  };
}

/** Character by character where that gives the same, else a grapheme as one. */
function byGraphemes(text: Aligned, normalizer: Normalizer, wanted: string): Aligned | undefined {
  const parts: Rewritten[] = [];
  let to = 0;
  for (const grapheme of graphemes(text.text)) {
    const whole = normalizer.normalize(grapheme);
    const characters = [...grapheme];
    const single = characters.map((character) => normalizer.normalize(character));
    for (const [i, part] of single.join("") === whole ? characters.entries() : [[-1, grapheme] as const]) {
      const from = to;
      to += part.length;
      parts.push({ text: i < 0 ? whole : single[i]!, from, to });
    }
  }
  const result = rewritten(text, parts);
  return result.text === wanted ? result : undefined;
}

function atTheEnds(text: Aligned, wanted: string): Aligned | undefined {
  const cut = text.text.indexOf(wanted);
  if (cut >= 0) return sliced(text, cut, cut + wanted.length);
  if (!wanted.endsWith(text.text)) return undefined;
  const added: Rewritten = { text: wanted.slice(0, wanted.length - text.text.length), from: 0, to: 0 };
  return rewritten(text, [added, ...unit(text.text, 0, text.text.length)]);
}

const replaced =
  (pattern: RegExp | null, content: string): AlignedNormalize =>
  (text) => {
    if (pattern === null) return text;
    const parts: Rewritten[] = [];
    let end = 0;
    for (const { 0: found, index } of text.text.matchAll(pattern)) {
      parts.push(...unit(text.text, end, index));
      end = index + found.length;
      parts.push({ text: found.replace(pattern, content), from: index, to: end });
    }
    parts.push(...unit(text.text, end, text.text.length));
    return rewritten(text, parts);
  };

/** Units that stay as they are. */
const unit = (text: string, from: number, to: number): Rewritten[] =>
  Array.from({ length: to - from }, (_, i) => ({ text: text[from + i]!, from: from + i, to: from + i + 1 }));
