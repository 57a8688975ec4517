import type { Problem } from "../model/loss.js";
import { type Answer, answerOf, type Decision } from "./decision.js";
import type { DecisionFacts, Few, RuleFacts, UnknownFacts } from "./decision-facts.js";
import { macroF1Weights } from "./label-weights.js";
import type { Rows } from "./metrics/probabilities.js";
import { ratio } from "./metrics/scores.js";
import type { LabelIds } from "./problem.js";
import { type Aim, aimText, type Costs, type ThresholdAims } from "./threshold-aims.js";
import { type Choice, chooseThreshold, chooseUnknown, type Outcome } from "./thresholds.js";
import type { UnknownAim } from "./unknown-aim.js";

/** What is to be chosen. */
export interface Choosing {
  labels: readonly string[];
  thresholds: ThresholdAims;
  unknown: UnknownAim;
}

/** Validation texts with the probabilities that the model gives them. */
export interface Judgeable {
  readonly problem: Problem;
  readonly labelIds: readonly LabelIds[];
  /** `[example][labelId]` */
  readonly probabilities: Rows;
}

/** Thresholds or costs, and from which probability on there is an answer, chosen on some texts. */
export function choose(
  texts: Judgeable,
  { labels, thresholds: aims, unknown }: Choosing,
): Pick<DecisionFacts, "decision" | "thresholds" | "rule" | "unknown"> {
  const { rule, choices, decision: ruled } = chooseRule(texts, aims);
  const answers = texts.probabilities.map((row) => answerOf(texts.problem, row, ruled));
  const thresholds = choices.map(({ labelId, aim, threshold, reached, outcome }) => {
    const met = reached ? outcomeOf(answers, texts.labelIds, labelId) : outcome!;
    return {
      label: labels[labelId]!,
      aim: aimText(aim),
      reached,
      threshold,
      ...(texts.problem === "single_label" && { rivals: rivalsOf(labelId, labels, ruled) }),
      ...scoresOf(met, aim),
    };
  });
  const { facts, unknownBelow } = withhold(answers, texts.labelIds, unknown);
  return {
    decision: { ...ruled, ...(unknownBelow && { unknownBelow }) },
    thresholds,
    ...(rule && { rule: { ...rule, ...betweenTwo(labels, ruled) } }),
    ...(facts && { unknown: facts }),
  };
}

function rivalsOf(own: number, labels: readonly string[], { thresholds }: Decision) {
  const usual = labels.filter((_, id) => id !== own && (thresholds?.[id] ?? null) === null);
  return { usual, bound: labels.length - 1 - usual.length };
}

/** The threshold of a rule between two labels, which is that of the second (`binary`). */
function betweenTwo(labels: readonly string[], ruled: Decision): Pick<RuleFacts, "threshold"> {
  const threshold = ruled.thresholds?.[1];
  if (threshold === undefined || threshold === null) return {};
  return { threshold: { label: labels[1]!, threshold, rivals: rivalsOf(1, labels, ruled) } };
}

interface ThresholdChoice {
  labelId: number;
  aim: Aim;
  threshold: number;
  reached: boolean;
  /** Of what was chosen; absent where the threshold was given. */
  outcome?: Outcome;
}

interface Ruled {
  decision: Decision;
  choices: ThresholdChoice[];
  rule?: RuleFacts;
}

function chooseRule(texts: Judgeable, aims: ThresholdAims): Ruled {
  switch (aims.kind) {
    case "usual":
      return { decision: {}, choices: [] };
    case "labels":
      return chooseLabels(texts, aims.aims);
    case "macro-f1":
      return chooseMacroF1(texts);
    case "costs":
      return chooseByCosts(texts, aims.costs);
    default:
      return aims satisfies never;
  }
}

/** Each label by itself; one whose aim can't be reached keeps the usual rule. */
function chooseLabels({ labelIds, probabilities }: Judgeable, aims: readonly (Aim | null)[]): Ruled {
  const choices = aims.flatMap((aim, labelId): ThresholdChoice[] => {
    if (aim === null) return [];
    if (aim.kind === "fixed") return [{ labelId, aim, threshold: aim.threshold, reached: true }];
    const { best, reached } = chooseThreshold(...question(labelIds, probabilities, labelId), aim);
    return [{ labelId, aim, threshold: best.threshold, reached, outcome: best }];
  });
  const reached = new Map(
    choices.flatMap((choice) => (choice.reached ? [[choice.labelId, choice.threshold] as const] : [])),
  );
  const thresholds = aims.map((_, labelId) => reached.get(labelId) ?? null);
  return { decision: reached.size > 0 ? { thresholds } : {}, choices };
}

/** The probabilities of one label, and which texts have it. */
function question(
  labelIds: readonly LabelIds[],
  probabilities: Rows,
  labelId: number,
): [scores: number[], truth: number[]] {
  return [probabilities.map((row) => row[labelId]!), labelIds.map((ids) => (ids.includes(labelId) ? 1 : 0))];
}

/** With two labels a threshold; with more, weights of the labels, which are costs of missing them. */
function chooseMacroF1(texts: Judgeable): Ruled {
  const { labelIds, probabilities } = texts;
  const labelCount = probabilities[0]!.length;
  const decision: Decision =
    labelCount === 2
      ? binary(chooseThreshold(...question(labelIds, probabilities, 1), { kind: "macro-f1" }))
      : {
          costs: missCosts(
            macroF1Weights(
              labelIds.map(([labelId]) => labelId!),
              probabilities,
            ),
          ),
        };
  const macroF1 = (by: Decision): number => {
    const answers = probabilities.map((row) => answerOf("single_label", row, by));
    const outcomes = Array.from({ length: labelCount }, (_, id) => outcomeOf(answers, labelIds, id));
    return outcomes.reduce((sum, outcome) => sum + scores(outcome).f1, 0) / labelCount;
  };
  return {
    decision,
    choices: [],
    rule: { aim: "macro-f1", usual: macroF1({}), chosen: macroF1(decision) },
  };
}

const binary = ({ best }: Choice): Decision => ({ thresholds: [null, best.threshold] });

const missCosts = (weights: readonly number[]): Costs =>
  weights.map((weight, truth) => weights.map((_, given) => (truth === given ? 0 : weight)));

/** With two labels the threshold that was cheapest; with more, the least cost to be expected from the probabilities. */
function chooseByCosts(texts: Judgeable, costs: Costs): Ruled {
  const { labelIds, probabilities } = texts;
  const decision: Decision =
    costs.length === 2
      ? binary(
          chooseThreshold(...question(labelIds, probabilities, 1), {
            kind: "costs",
            missed: costs[1]![0]!,
            wrong: costs[0]![1]!,
          }),
        )
      : { costs };
  const meanCost = (by: Decision): number =>
    probabilities.reduce((sum, row, i) => {
      const [given] = answerOf("single_label", row, by).labelIds;
      return sum + costs[labelIds[i]![0]!]![given!]!;
    }, 0) / labelIds.length;
  return { decision, choices: [], rule: { aim: "costs", usual: meanCost({}), chosen: meanCost(decision) } };
}

/** What became of the texts of a label; what is withheld isn't given. */
function outcomeOf(answers: readonly Answer[], labelIds: readonly LabelIds[], labelId: number): Outcome {
  const count = (has: boolean, gets: boolean): number =>
    answers.filter(
      ({ labelIds: ids, unknown }, i) =>
        labelIds[i]!.includes(labelId) === has && (!unknown && ids.includes(labelId)) === gets,
    ).length;
  return {
    truePositives: count(true, true),
    falsePositives: count(false, true),
    falseNegatives: count(true, false),
    trueNegatives: count(false, false),
  };
}

function scores({ truePositives, falsePositives, falseNegatives }: Outcome) {
  return {
    precision: ratio(truePositives, truePositives + falsePositives),
    recall: ratio(truePositives, truePositives + falseNegatives),
    f1: ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives),
    support: truePositives + falseNegatives,
  };
}

function scoresOf(outcome: Outcome, aim: Aim) {
  const few = fewFor(outcome, aim);
  return { ...scores(outcome), ...(few && { few }) };
}

/** Fewer texts with or without a label say little. */
const ENOUGH = 30;

/**
 * Whether the texts could have shown that an aim is reached: a share of at least q takes 3 / (1 - q) texts even where none is
 * wrong (the rule of three, Hanley & Lippman-Hand 1983, https://doi.org/10.1001/jama.1983.03330370053031).
 */
function fewFor(outcome: Outcome, aim: Aim): Few | undefined {
  const { truePositives, falsePositives, falseNegatives, trueNegatives } = outcome;
  switch (aim.kind) {
    case "fixed":
      return undefined;
    case "precision":
      return few(truePositives + falsePositives, 3 / (1 - aim.atLeast));
    case "recall":
      return few(truePositives + falseNegatives, 3 / (1 - aim.atLeast));
    case "f1":
    case "costs":
      return few(Math.min(truePositives + falseNegatives, falsePositives + trueNegatives), ENOUGH);
    default:
      return aim satisfies never;
  }
}

/** Rounded first: 3 / (1 - 0.9) is a little more than 30. */
function few(there: number, needed: number): Few | undefined {
  const whole = Math.ceil(Number(needed.toPrecision(12)));
  return there < whole ? { there, needed: whole } : undefined;
}

/** From which probability on there is an answer. */
function withhold(
  answers: readonly Answer[],
  labelIds: readonly LabelIds[],
  aim: UnknownAim,
): { facts?: UnknownFacts; unknownBelow?: number } {
  if (aim.kind === "never") return {};
  const decided = answers.flatMap(({ labelIds: ids, probability, unknown }, i) =>
    unknown ? [] : [{ probability, right: sameIds(ids, labelIds[i]!) }],
  );
  if (aim.kind === "below") {
    const given = decided.filter(({ probability }) => probability >= aim.probability);
    const wrong = given.filter(({ right }) => !right).length;
    const facts = { reached: true, unknownBelow: aim.probability, answered: given.length, wrong };
    return { facts, unknownBelow: aim.probability };
  }
  const { unknownBelow, answered, wrong } = chooseUnknown(
    decided.map(({ probability }) => probability),
    decided.map(({ right }) => right),
    aim.mostWrong,
  );
  const lacking = few(answered, 3 / aim.mostWrong);
  const facts = {
    mostWrong: aim.mostWrong,
    reached: unknownBelow !== undefined,
    unknownBelow: unknownBelow ?? 0,
    answered,
    wrong,
    ...(lacking && { few: lacking }),
  };
  return { facts, ...(unknownBelow && { unknownBelow }) };
}

/** Both in rising order. */
const sameIds = (a: LabelIds, b: LabelIds): boolean =>
  a.length === b.length && a.every((id, i) => id === b[i]);
