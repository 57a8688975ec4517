import { sum } from "../base/numbers.js";
import type { EpochFacts } from "./events.js";
import type { Metrics } from "./metrics.js";

/** A training that is going nowhere, as its validation texts show. */
export interface Collapse {
  /**
   * `constant`: every text gets the same answer, and the loss is no better than that of one and the same guess for all.
   * `wild`: the loss is far worse than that, whatever the answers.
   */
  readonly kind: "constant" | "wild";
  /** The labelIds that every text gets, where that is so. */
  readonly answer?: readonly number[];
  readonly loss: number;
  /** The loss of the best guess that knows no text, but how common each label is. */
  readonly chance: number;
}

/** A loss this near to that of guessing is neither better nor worse. */
const NEAR = 0.97;
/** Nor does one that is so many times worse come from guessing too surely here and there. */
const WILD = 2;

/** Whether an epoch ended in a collapse; `classWeights`, one for each label, are those of its validation loss. */
export function collapseOf(
  { validation, validationLoss }: Pick<EpochFacts, "validation" | "validationLoss">,
  classWeights: readonly number[],
): Collapse | undefined {
  const chance = chanceLoss(validation, classWeights);
  if (chance === 0) return undefined; // the validation texts all have the same labels
  const answer = onlyAnswer(validation);
  const found = { ...(answer && { answer }), loss: validationLoss, chance };
  if (validationLoss > WILD * chance) return { kind: "wild", ...found };
  return answer && validationLoss > NEAR * chance ? { kind: "constant", ...found } : undefined;
}

/** What every text was given; undefined where answers differ. */
function onlyAnswer(metrics: Metrics): number[] | undefined {
  if (!("samples" in metrics)) {
    const given = metrics.confusion.map((_, labelId) => sum(metrics.confusion.map((row) => row[labelId]!)));
    const labelIds = given.flatMap((texts, labelId) => (texts > 0 ? [labelId] : []));
    return labelIds.length === 1 ? labelIds : undefined;
  }
  const labelIds: number[] = [];
  for (const [labelId, [[rightNo, wrongYes], [wrongNo, rightYes]]] of metrics.confusions.entries()) {
    const [yes, no] = [rightYes + wrongYes, rightNo + wrongNo];
    if (yes > 0 && no > 0) return undefined;
    if (yes > 0) labelIds.push(labelId);
  }
  return labelIds;
}

/**
 * The least loss of one guess for all texts. Cross-entropy, with nₖ texts of label k and its weight wₖ: the entropy of the
 * shares wₖnₖ / Σ wn. Binary cross-entropy, the mean over labels of (wy + n)/(y + n) · entropy of wy / (wy + n), with y
 * texts that have the label, weighted by w, and n that don't.
 */
function chanceLoss(metrics: Metrics, classWeights: readonly number[]): number {
  if (!("samples" in metrics))
    return entropy(metrics.perLabel.map(({ support }, labelId) => support * classWeights[labelId]!));
  const losses = metrics.confusions.map(([no, yes], labelId) => {
    const weighted = [sum(no), classWeights[labelId]! * sum(yes)];
    return (sum(weighted) / (sum(no) + sum(yes))) * entropy(weighted);
  });
  return sum(losses) / losses.length;
}

/** In nats, of masses that needn't add up to 1. */
function entropy(masses: readonly number[]): number {
  const total = sum(masses);
  return -sum(masses.map((mass) => (mass === 0 ? 0 : (mass / total) * Math.log(mass / total))));
}

/** Fewer steps may be too few to learn anything. */
const FEW_STEPS = 50;

/** Whether more steps may be all it takes. */
export const isEarly = ({ kind }: Collapse, steps: number): boolean =>
  kind === "constant" && steps < FEW_STEPS;

/** What of a training may be the cause. */
export interface Circumstances {
  readonly labels: readonly string[];
  readonly learningRate: number;
  /** The one that would have been chosen for this model. */
  readonly usualRate: number;
  /** So far. */
  readonly steps: number;
  readonly classWeights: readonly number[];
  readonly headOnly: boolean;
}

/** A collapse for people: what it is, the likely causes, and what to try. The likeliest cause comes first. */
export function collapseText(collapse: Collapse, facts: Circumstances): string {
  const { kind, answer, loss, chance } = collapse;
  const given = answer?.map((labelId) => facts.labels[labelId]!).join("|");
  const same =
    given === undefined ? "" : `every validation text gets the same answer (${given || "no label"}) and `;
  const level = `${decimals(loss)}, and ${decimals(chance)} is had by guessing from how common each label is`;
  const what = `${same}the validation loss is ${loss * NEAR > chance ? "worse than" : "that of"} guessing: ${level}`;
  const early = isEarly(collapse, facts.steps) ? "has learned nothing so far" : "has collapsed";
  return `The training ${kind === "wild" ? "goes wrong" : early}: ${what}. ${causes(collapse, facts).join(" ")}`;
}

function causes(collapse: Collapse, facts: Circumstances): string[] {
  const { learningRate, usualRate, steps, classWeights, headOnly } = facts;
  const lower = Math.min(usualRate, learningRate / 10);
  const [least, most] = [Math.min(...classWeights), Math.max(...classWeights)];
  const found: [likely: boolean, text: string][] = [
    [
      learningRate > 2 * usualRate,
      `The learning rate is ${learningRate}, and ${usualRate} is usual for this model: try --learning-rate ${usualRate}.`,
    ],
    [
      isEarly(collapse, steps),
      `There were only ${steps} steps so far: more --epochs, or a smaller --batch-size, may be all it takes.`,
    ],
    [
      learningRate < usualRate / 5,
      `The learning rate is ${learningRate}, and ${usualRate} is usual for this model: it may be too low.`,
    ],
    [
      most / least > 20,
      `Class weights lie as far apart as ${decimals(least)} and ${decimals(most)}: try less, or --sampling balanced.`,
    ],
    [
      headOnly,
      "Only the head trains (--freeze all): the frozen encoder may know too little of such texts; freeze less.",
    ],
  ];
  const likely = found.flatMap(([is, text]) => (is ? [text] : []));
  const general = [
    ...(learningRate > 2 * usualRate
      ? []
      : [`A learning rate that is too high does this, too: try --learning-rate ${lower}.`]),
    "If nothing helps, labels may not follow from the texts: is --label the right column, and --text?",
  ];
  return [...likely, ...general];
}

const decimals = (value: number): string => (value < 1000 ? value.toFixed(4) : value.toExponential(2));
