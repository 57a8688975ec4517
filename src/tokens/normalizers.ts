import { charsmapNormalizer } from "./charsmap.js";
import type { Json } from "./library.js";

export type Normalize = (text: string) => string;

/** What is used of a normalizer of the library, and what the library wants to use. */
export interface Normalizer {
  (text: string): string;
  normalize: Normalize;
  normalizers?: (Normalizer | null)[];
  /** Of Replace. */
  pattern?: RegExp | null;
}

/**
 * A normalizer that does what the Rust library's does, where the one of `@huggingface/tokenizers` doesn't:
 * - Precompiled reads its map instead of taking NFKC.
 * - Lowercase has no final sigma: ΟΣ becomes οσ.
 * - BertNormalizer also puts spaces around Chinese characters above U+FFFF.
 * - Strip takes White_Space for spaces, which a byte order mark isn't.
 */
export function asInRust(normalizer: Normalizer | null, config: Json | null): Normalizer | null {
  if (normalizer === null || config === null) return normalizer;
  if (config.type === "Sequence") {
    const configs = config.normalizers as Json[];
    normalizer.normalizers = normalizer.normalizers!.map((part, i) => asInRust(part, configs[i]!));
    return normalizer;
  }
  const normalize = OWN[config.type as string]?.(config);
  return normalize ? Object.assign((text: string) => normalize(text), { normalize }) : normalizer;
}

const OWN: Record<string, (config: Json) => Normalize> = {
  Lowercase: () => lowercase,
  Strip: strip,
  BertNormalizer: bertNormalizer,
  Precompiled: ({ precompiled_charsmap: map }) =>
    typeof map === "string" && map !== "" ? charsmapNormalizer(map) : (text) => text,
  Prepend:
    ({ prepend }) =>
    (text) =>
      text === "" ? "" : `${prepend}${text}`,
};

function bertNormalizer(config: Json): Normalize {
  const steps: Normalize[] = [];
  if (config.clean_text) steps.push((text) => text.replace(CONTROL, "").replace(SPACE, " "));
  if (config.handle_chinese_chars) steps.push((text) => text.replace(CHINESE, " $& "));
  if (config.strip_accents ?? config.lowercase)
    steps.push((text) => text.normalize("NFD").replace(/\p{Mn}/gu, ""));
  if (config.lowercase) steps.push(lowercase);
  return (text) => steps.reduce((result, step) => step(result), text);
}

const CONTROL = /(?![\t\n\r])[\0\ufffd\p{Cc}\p{Cf}\p{Co}]/gu;
const SPACE = /\p{White_Space}/gu;
/** The blocks that the Rust library names; U+2B820 to U+2B91F aren't among them. */
const CHINESE =
  /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{2a6df}\u{2a700}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;

/** Character by character: only Σ depends on what follows it. */
const lowercase = (text: string): string =>
  text
    .split("Σ")
    .map((part) => part.toLowerCase())
    .join("σ");

function strip({ strip_left: left, strip_right: right }: Json): Normalize {
  return (text) => {
    const start = left ? text.replace(/^\p{White_Space}+/u, "") : text;
    return right ? start.replace(/\p{White_Space}+$/u, "") : start;
  };
}
