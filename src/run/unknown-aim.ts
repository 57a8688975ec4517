import { TextgraftError } from "../base/errors.js";
import { UNKNOWN } from "./decision.js";

/** What `--unknown-below` asks for: no answer below a probability, or where more than a share of the answers would be wrong. */
export type UnknownAim =
  | { readonly kind: "never" }
  | { readonly kind: "below"; readonly probability: number }
  | { readonly kind: "wrong"; readonly mostWrong: number };

/** Reads `none`, `0.7` or `wrong<=0.01`. Throws `option-invalid`. */
export function parseUnknown(given: string): UnknownAim {
  const text = given.trim();
  if (text === "none" || text === "") return { kind: "never" };
  const [, share] = /^wrong\s*<=\s*(\S+)$/i.exec(text) ?? [];
  const value = Number(share ?? text);
  if (value > 0 && value < 1)
    return share === undefined ? { kind: "below", probability: value } : { kind: "wrong", mostWrong: value };
  if (text === "0") return { kind: "never" };
  throw new TextgraftError("option-invalid", {
    message: `--unknown-below is "${given}"; it must be none, a probability between 0 and 1, or wrong<=SHARE.`,
    fix: "For example --unknown-below 0.7, or --unknown-below wrong<=0.01 for at most 1 % wrong answers.",
  });
}

/** Refuses answers of unknown where a label has that name. */
export function requireNameForUnknown(labels: readonly string[], { kind }: UnknownAim): void {
  if (kind === "never" || !labels.includes(UNKNOWN)) return;
  throw new TextgraftError("option-invalid", {
    message: `A label is called "${UNKNOWN}", as are answers that are withheld (--unknown-below).`,
    fix: "Rename the label in the data, or leave out --unknown-below.",
  });
}
