import { TextgraftError } from "../base/errors.js";
import { roomFor } from "./sequence.js";

/**
 * What is read of a text that is too long: its first tokens, its last, half of each (Sun et al. 2019,
 * https://arxiv.org/abs/1905.05583, had the least errors with the first 128 and the last 382 of 510), or all of it in
 * windows that overlap.
 */
export const longKinds = ["head", "tail", "head+tail", "windows"] as const;
export type Long = (typeof longKinds)[number];

/** How much of a text a model reads at once, and what becomes of longer texts. */
export interface LengthLimit {
  /** Tokens, special ones included. */
  maxLength: number;
  long: Long;
  /** Tokens of text that a window shares with the one before it, as Hugging Face counts `stride`; 0 without windows. */
  stride: number;
}

/** A part of a text's tokens: `from` included, `to` not. */
export type Range = readonly [from: number, to: number];

/**
 * The overlap of windows: as given, or a quarter of the text that a window holds. Throws `option-invalid` where
 * windows would not advance, and where there is an overlap but no windows.
 */
export function strideOf(
  stride: number | "auto",
  { maxLength, long, specialTokens }: { maxLength: number; long: Long; specialTokens: number },
): number {
  const room = roomFor(maxLength, specialTokens);
  if (long !== "windows") {
    if (stride === "auto") return 0;
    throw new TextgraftError("option-invalid", {
      message: `--stride is ${stride}, but --long is ${long}: there are no windows that could overlap.`,
      fix: "Give --long windows, too, or leave out --stride.",
    });
  }
  const overlap = stride === "auto" ? Math.floor(room / 4) : stride;
  requireAdvance({ maxLength, long, stride: overlap }, room);
  return overlap;
}

/** Throws `option-invalid` where windows with `room` for text would not advance. */
export function requireAdvance({ maxLength, long, stride }: LengthLimit, room: number): void {
  if (long !== "windows" || stride < room) return;
  throw new TextgraftError("option-invalid", {
    message: `--stride is ${stride}, but a window of ${maxLength} tokens has only ${room} of the text.`,
    fix:
      room < 1
        ? "Allow more tokens, for example --max-length 64."
        : `Use --stride ${room - 1} or less; auto is ${Math.floor(room / 4)}.`,
  });
}

/** How many passages a text of so many tokens becomes, where one holds `room` of them. */
export function passageCount(tokens: number, room: number, { long, stride }: LengthLimit): number {
  if (long !== "windows" || tokens <= room) return 1;
  return 1 + Math.ceil((tokens - room) / (room - stride));
}

/** What passage number `passage` of a text holds of the text's tokens: one range, or two that are put together. */
export function rangesOf(
  tokens: number,
  room: number,
  { long, stride }: LengthLimit,
  passage: number,
): readonly Range[] {
  if (tokens <= room) return [[0, tokens]];
  switch (long) {
    case "head":
      return [[0, room]];
    case "tail":
      return [[tokens - room, tokens]];
    case "head+tail":
      return [
        [0, Math.ceil(room / 2)],
        [tokens - Math.floor(room / 2), tokens],
      ];
    case "windows": {
      const from = passage * (room - stride);
      return [[from, Math.min(from + room, tokens)]];
    }
    default:
      return long satisfies never;
  }
}
