import { TextgraftError } from "../base/errors.js";
import type { Problem } from "../model/loss.js";
import type { Decision } from "./decision.js";
import { parseThresholds } from "./threshold-aims.js";
import { parseUnknown, requireNameForUnknown } from "./unknown-aim.js";

/** What is said instead of what was chosen in training, for a model that is loaded. */
export interface DecisionOptions {
  /**
   * As in training, but probabilities and costs only: `spam: 0.8`, `0.4` (each label, where texts may have several),
   * `ham>spam=50`; `none` is the usual rule. Default: what was chosen in training.
   */
  threshold?: string;
  /** Answers less probable than this are unknown: `0.7`; `none`: never. Default: what was chosen in training. */
  unknownBelow?: number | string;
}

/** Throws `option-invalid` for what can only be chosen with labelled texts at hand, and as the parsers do. */
export function overridden(
  saved: Decision,
  { threshold, unknownBelow }: DecisionOptions,
  facts: { labels: readonly string[]; problem: Problem },
): Decision {
  const { unknownBelow: below, ...rule } = saved;
  return {
    ...(threshold === undefined ? rule : ruleOf(threshold, facts)),
    ...(unknownBelow === undefined
      ? below !== undefined && { unknownBelow: below }
      : withholding(String(unknownBelow), facts.labels)),
  };
}

function ruleOf(text: string, facts: { labels: readonly string[]; problem: Problem }): Decision {
  const aims = parseThresholds(text, facts);
  if (aims.kind === "usual") return {};
  if (aims.kind === "costs") return { costs: aims.costs };
  if (aims.kind === "macro-f1") throw needsTexts(`--threshold "${text}"`, "spam: 0.8");
  return {
    thresholds: aims.aims.map((aim) => {
      if (aim !== null && aim.kind !== "fixed") throw needsTexts(`--threshold "${text}"`, "spam: 0.8");
      return aim?.threshold ?? null;
    }),
  };
}

function withholding(text: string, labels: readonly string[]): Pick<Decision, "unknownBelow"> {
  const aim = parseUnknown(text);
  requireNameForUnknown(labels, aim);
  if (aim.kind === "wrong") throw needsTexts(`--unknown-below "${text}"`, "0.7");
  return aim.kind === "below" ? { unknownBelow: aim.probability } : {};
}

const needsTexts = (what: string, example: string): TextgraftError =>
  new TextgraftError("option-invalid", {
    message: `${what} is chosen on validation rows, which only train has.`,
    fix: `Give it to textgraft train, or a probability here, such as "${example}".`,
  });
