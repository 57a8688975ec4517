import type { WindowPooling } from "../run/window-pooling.js";
import type { LengthLimit } from "../tokens/long-texts.js";
import { grouped, percent } from "./plain.js";

/** What happens to texts that are longer than `maxLength`, as the end of a sentence about them. */
export function readingOf({ maxLength, long, stride }: LengthLimit): string {
  switch (long) {
    case "head":
      return `the first ${maxLength} are read (--long head)`;
    case "tail":
      return `the last ${maxLength} are read (--long tail)`;
    case "head+tail":
      return `${maxLength} are read, half of them from the beginning and half from the end (--long head+tail)`;
    case "windows":
      return `all are read, in windows of ${maxLength} that share ${stride} (--long windows)`;
    default:
      return long satisfies never;
  }
}

/** What happens to long texts in a training, and to which `share` of the texts. */
export function longTextsLine(
  facts: LengthLimit & { windowPooling: WindowPooling; trainPassages: number },
  share: number,
): string {
  const { maxLength, long, windowPooling, trainPassages } = facts;
  if (long === "head")
    return `Texts longer than ${maxLength} tokens are cut: ${percent(share)} of the training texts.`;
  const pooling = windowPooling === "mean" ? "mean" : "largest";
  const windows = `, ${grouped(trainPassages)} passages in all; a text's probabilities are the ${pooling} of its windows'`;
  return (
    `${percent(share)} of the training texts have more than ${maxLength} tokens: of these, ` +
    `${readingOf(facts)}${long === "windows" ? windows : ""}.`
  );
}
