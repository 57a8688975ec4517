import { TextgraftError } from "../base/errors.js";
import { invalidTokenizer, type Library } from "./library.js";

/** A text (or a pair) as the model reads it: special tokens included, not padded. Both arrays are [length]. */
export interface Encoding {
  inputIds: Int32Array;
  tokenTypeIds: Int32Array;
}

/** Where special tokens stand around the texts, for example `[CLS] text [SEP] pair [SEP]`. */
export type Layout = readonly Slot[];

/** One special token, or all tokens of a text: 0 the only or first, 1 its pair. */
type Slot = { readonly typeId: number } & ({ readonly id: number } | { readonly text: 0 | 1 });

/**
 * The layout of any post-processor, read from what it makes of one marker for each text. Throws `model-invalid`
 * where a special token has no id, or a text doesn't stand in it exactly once.
 */
export function readLayout(library: Library, withPair: boolean): Layout {
  const markers = withPair ? ["\0text", "\0pair"] : ["\0text"];
  const [text, pair] = markers.map((marker) => [marker]);
  const processor = library.post_processor;
  const processed = processor?.post_process(text!, pair ?? null, true);
  const tokens = processed?.tokens ?? text!;
  // Where no template says otherwise, the second text follows the first; the library drops it.
  if (pair && !tokens.includes(pair[0]!)) tokens.push(...pair);
  if (markers.some((marker) => tokens.filter((token) => token === marker).length !== 1)) {
    throw invalidTokenizer(
      `The post-processor leaves out or repeats ${pair ? "a text of a pair" : "the text"}.`,
    );
  }
  // RoBERTa has a single token type; the library's RobertaProcessing says 1 for the second text.
  const typeIds = processor?.config.type === "RobertaProcessing" ? undefined : processed?.token_type_ids;
  return tokens.map((token, i): Slot => {
    const typeId = typeIds?.[i] ?? 0;
    const marker = markers.indexOf(token);
    if (marker !== -1) return { text: marker as 0 | 1, typeId };
    const id = library.token_to_id(token);
    if (id !== undefined) return { id, typeId };
    throw invalidTokenizer(
      `The post-processor puts ${token} around texts, but the vocabulary has no such token.`,
    );
  });
}

/** Tokens of a text without special ones. */
export type Ids = number[] | Int32Array;

/** Special tokens of a layout. */
export const specialCount = (layout: Layout): number => layout.filter((slot) => "id" in slot).length;

/**
 * Puts texts, cut where together they are longer than `maxLength`, between the special tokens. Throws
 * `option-invalid` where `maxLength` has no room for those.
 */
export function assemble(layout: Layout, texts: readonly Ids[], maxLength?: number): Encoding {
  const lengths = keptLengths(
    layout,
    texts.map((ids) => ids.length),
    maxLength,
  );
  const kept = texts.map((ids, i) => ids.slice(0, lengths[i]!));
  const length = kept.reduce((sum, ids) => sum + ids.length, specialCount(layout));
  const inputIds = new Int32Array(length);
  const tokenTypeIds = new Int32Array(length);
  let at = 0;
  for (const slot of layout) {
    const ids = "id" in slot ? [slot.id] : kept[slot.text]!;
    inputIds.set(ids, at);
    tokenTypeIds.fill(slot.typeId, at, at + ids.length);
    at += ids.length;
  }
  return { inputIds, tokenTypeIds };
}

/** Where in what `assemble` gives each text's tokens stand, and how many of them, from the texts' own lengths. */
export function placesIn(
  layout: Layout,
  texts: readonly number[],
  maxLength?: number,
): { start: number; length: number }[] {
  const lengths = keptLengths(layout, texts, maxLength);
  const places = lengths.map((length) => ({ start: 0, length }));
  let at = 0;
  for (const slot of layout) {
    if ("text" in slot) places[slot.text]!.start = at;
    at += "id" in slot ? 1 : lengths[slot.text]!;
  }
  return places;
}

const keptLengths = (layout: Layout, texts: readonly number[], maxLength?: number): readonly number[] =>
  maxLength === undefined ? texts : longestFirst(texts, roomFor(maxLength, specialCount(layout)));

/** Tokens of text that `maxLength` allows beside the special ones. */
export function roomFor(maxLength: number, specialTokens: number): number {
  if (maxLength >= specialTokens) return maxLength - specialTokens;
  throw new TextgraftError("option-invalid", {
    message: `A length of ${maxLength} tokens has no room for the ${specialTokens} special tokens around a text.`,
    fix: "Allow more tokens, for example --max-length 64.",
  });
}

/**
 * How many of each text's tokens together fit: of a pair the longer text is cut down to the shorter, then both, as
 * in truncation "longest_first" of https://github.com/huggingface/tokenizers.
 */
function longestFirst(texts: readonly number[], room: number): readonly number[] {
  const [first = 0, second = 0] = texts;
  if (first + second <= room) return texts;
  const shorter = Math.min(first, second, Math.floor(room / 2));
  const lengths = first <= second ? [shorter, room - shorter] : [room - shorter, shorter];
  return lengths.slice(0, texts.length);
}
