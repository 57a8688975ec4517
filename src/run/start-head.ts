import { TextgraftError } from "../base/errors.js";
import type { ClassifierSpec } from "../model/classifier.js";
import { type HeadKind, MLP_WIDTH } from "../model/head.js";
import { heldAsStock } from "../model/stock-form.js";
import { type ClassifierFacts, classifierFacts, isClassifier, type ReadModel } from "./classifier-facts.js";
import type { TrainOptions } from "./options.js";
import type { SavedFacts } from "./saved-facts.js";

/** The head of a training. */
export interface StartHead {
  /** As people know it: what was asked for, or what the starting folder has. */
  readonly named: Pick<SavedFacts, "head" | "headWidth">;
  /** As it is computed. */
  readonly spec: Pick<ClassifierSpec, "head" | "headWidth">;
  /** The label that each new label was among the old ones, where the folder's head goes on learning. */
  readonly labelRows?: readonly number[];
  /** What became of the head of a folder that was fine-tuned before, for people. */
  readonly notice?: string;
}

/**
 * Goes on with the head of a folder that was fine-tuned for the same labels, in any order, if that head is what was
 * asked for; else begins a new one. A hidden layer that lies in the folder as the stock head of its class goes on as
 * that: what it was padded with stays zero, since the gradients there are zero.
 */
export function startHead(
  options: Pick<TrainOptions, "head" | "headWidth">,
  model: ReadModel,
  { labels, problem }: Pick<SavedFacts, "labels" | "problem">,
): StartHead {
  const { hiddenSize } = model.config;
  const asked = withWidth(
    options.head,
    options.headWidth === "auto" ? usualWidth(options.head, hiddenSize) : options.headWidth,
  );
  if (!isClassifier(model)) return { named: asked, spec: asked };
  const anew = (why: string): StartHead => ({
    named: asked,
    spec: asked,
    notice: `${why}: a new head starts at random.`,
  });
  let facts: ClassifierFacts;
  try {
    facts = classifierFacts(model);
  } catch (error) {
    if (!(error instanceof TextgraftError)) throw error;
    return anew(`The model's head isn't one for labels (${error.message.replace(/\.$/, "")})`);
  }
  const { head = "stock", headWidth } = (model.folder.textgraft ?? {}) as Partial<SavedFacts>;
  const found = withWidth(head, headWidth ?? usualWidth(head, hiddenSize));
  const same = options.head === head || (options.head === "stock" && heldAsStock(head));
  const wide = options.headWidth === "auto" || options.headWidth === found.headWidth;
  if (!same || !wide) return anew(`The model was trained with the head ${shown(found)}`);
  if (facts.problem !== problem) {
    const before = facts.problem === "single_label" ? "one label" : "any number of labels";
    return anew(`The model was trained for ${before} a text`);
  }
  const changes = changesOf(facts.labels, labels);
  if (changes !== undefined) {
    return anew(`The labels aren't those that the model was trained for, but ${changes}`);
  }
  return {
    named: found,
    spec: heldAsStock(head) ? { head: "stock" } : found,
    labelRows: labels.map((label) => facts.labels.indexOf(label)),
    notice: "The model was trained for these labels before: its head goes on learning.",
  };
}

/** What labels there are besides others, and which are missing; undefined where they are the same. */
function changesOf(before: readonly string[], now: readonly string[]): string | undefined {
  const gone = before.filter((label) => !now.includes(label));
  const added = now.filter((label) => !before.includes(label));
  const changes = [
    ...(gone.length === 0 ? [] : [`without ${listed(gone)}`]),
    ...(added.length === 0 ? [] : [`with ${listed(added)} added`]),
  ];
  return changes.length === 0 ? undefined : changes.join(" and ");
}

function usualWidth(head: HeadKind, hiddenSize: number): number | undefined {
  if (head === "stock") return undefined;
  return head === "mlp" ? MLP_WIDTH : hiddenSize;
}

const withWidth = (head: HeadKind, headWidth: number | undefined): StartHead["named"] =>
  headWidth === undefined ? { head } : { head, headWidth };

const shown = ({ head, headWidth }: StartHead["named"]): string =>
  headWidth === undefined ? head : `${head} of ${headWidth} units`;

const listed = (labels: readonly string[]): string =>
  labels.length <= 5 ? labels.join(", ") : `${labels.slice(0, 4).join(", ")} and ${labels.length - 4} more`;
