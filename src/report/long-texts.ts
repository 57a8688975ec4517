import type { WindowPooling } from "../run/window-pooling.js";
import type { LengthLimit } from "../tokens/long-texts.js";
import { percent } from "./plain.js";

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

/** What happens to long texts in a training, and to how many. */
export function longTextsLine(limit: LengthLimit & { windowPooling: WindowPooling }, share: number): string {
  const { maxLength, long, windowPooling } = limit;
  const howMany = `${percent(share)} of the training texts`;
  if (long === "head") return `Texts longer than ${maxLength} tokens are cut: ${howMany}.`;
  const pooling = `; a text's probabilities are the ${windowPooling === "mean" ? "mean" : "largest"} of its windows'`;
  return `Of the tokens of texts with more than ${maxLength}, ${readingOf(limit)}${long === "windows" ? pooling : ""}: ${howMany}.`;
}
