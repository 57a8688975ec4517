import type { ClassifierSpec } from "../model/classifier.js";
import type { EncoderConfig } from "../model/config.js";
import { type HeadKind, MLP_WIDTH } from "../model/head.js";
import { heldAsStock } from "../model/stock-form.js";
import type { TrainOptions } from "./options.js";
import type { SavedFacts } from "./saved-facts.js";

/** The head of a training. */
export interface StartHead {
  /** As people know it: what was asked for, or what the starting folder has. */
  readonly named: Pick<SavedFacts, "head" | "headWidth">;
  /** As it is computed. */
  readonly spec: Pick<ClassifierSpec, "head" | "headWidth">;
  /** The starting folder has it for the same labels in the same order: it goes on learning. */
  readonly continues: boolean;
}

/**
 * Goes on with the head of a folder that Textgraft fine-tuned for the same labels, if that is what was asked for; else
 * begins a new one. A hidden layer that lies in the folder as the stock head of its class goes on as that: what it
 * was padded with stays zero, since the gradients there are zero.
 */
export function startHead(
  { head, headWidth }: Pick<TrainOptions, "head" | "headWidth">,
  { hiddenSize }: Pick<EncoderConfig, "hiddenSize">,
  textgraft: Readonly<Record<string, unknown>> | undefined,
  { labels, problem }: Pick<SavedFacts, "labels" | "problem">,
): StartHead {
  const found = textgraft as Partial<SavedFacts> | undefined;
  const same = found?.problem === problem && JSON.stringify(found.labels) === JSON.stringify(labels);
  if (found?.head !== undefined && same) {
    const named = withWidth(found.head, found.headWidth ?? usualWidth(found.head, hiddenSize));
    const asked = head === found.head || (head === "stock" && heldAsStock(found.head));
    if (asked && (headWidth === "auto" || headWidth === named.headWidth))
      return { named, spec: heldAsStock(found.head) ? { head: "stock" } : named, continues: true };
  }
  const fresh = withWidth(head, headWidth === "auto" ? usualWidth(head, hiddenSize) : headWidth);
  return { named: fresh, spec: fresh, continues: false };
}

function usualWidth(head: HeadKind, hiddenSize: number): number | undefined {
  if (head === "stock") return undefined;
  return head === "mlp" ? MLP_WIDTH : hiddenSize;
}

const withWidth = (head: HeadKind, headWidth: number | undefined): StartHead["named"] =>
  headWidth === undefined ? { head } : { head, headWidth };
