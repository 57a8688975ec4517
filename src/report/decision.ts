import { quoted } from "../data/table.js";
import type {
  CalibrationFacts,
  DecisionFacts,
  Few,
  RuleFacts,
  ThresholdFacts,
  UnknownFacts,
} from "../run/decision-facts.js";
import type { CalibrationScores } from "../run/temperature.js";
import { count, grouped, percent } from "./plain.js";

/** What was chosen on the validation texts, one fact a line; nothing where the usual rule holds and nothing was asked. */
export function decisionLines({ texts, calibration, thresholds, rule, unknown }: DecisionFacts): string[] {
  if (texts === 0) return [];
  return [
    ...(calibration ? [temperatureLine(calibration, texts)] : []),
    ...thresholds.map((facts) => thresholdLine(facts, texts)),
    ...(rule ? [ruleLine(rule, texts)] : []),
    ...(unknown ? [unknownLine(unknown, texts)] : []),
  ];
}

function temperatureLine({ temperature, before, after }: CalibrationFacts, texts: number): string {
  return (
    `Calibration: logits are divided by ${temperature.toFixed(3)}, chosen on ${count(texts, "validation text")}: ` +
    `${change(before, after)}.`
  );
}

/** The same on the test texts. */
export const calibrationLine = ({ before, after }: Record<"before" | "after", CalibrationScores>): string =>
  `Calibration: ${change(before, after)}.`;

const change = (before: CalibrationScores, after: CalibrationScores): string =>
  `log loss ${before.logLoss.toFixed(4)} before, ${after.logLoss.toFixed(4)} after; ` +
  `calibration error ${before.calibrationError.toFixed(4)} before, ${after.calibrationError.toFixed(4)} after`;

function thresholdLine(facts: ThresholdFacts, texts: number): string {
  const { label, aim, reached, threshold, few } = facts;
  const name = quoted(label);
  const on = count(texts, "validation text");
  if (!reached) {
    return (
      `Threshold for ${name}: ${aim} can't be reached on ${on}, so ${name} keeps the usual rule. ` +
      `A probability of at least ${thresholdText(threshold)} comes nearest: ${scores(facts)}.`
    );
  }
  const chosen = aim === String(threshold) ? "" : ` (${aim})`;
  return `Threshold for ${name}${chosen}: ${thresholdRule(facts)}. On ${on} ${name} has ${scores(facts)}.${caution(few)}`;
}

/** When a text gets a label that has a threshold, and what it gets if not, as a half sentence. */
function thresholdRule({ label, threshold, rivals }: Pick<ThresholdFacts, "label" | "threshold" | "rivals">) {
  const called = (name: string, limit: string) =>
    `a text is called ${quoted(name)} only if the probability of ${quoted(name)} is ${limit}`;
  const atLeast = `at least ${thresholdText(threshold)}`;
  if (!rivals) return `a text is given ${quoted(label)} if the probability of ${quoted(label)} is ${atLeast}`;
  const { usual, bound } = rivals;
  const [other] = usual;
  if (other === undefined)
    return `${called(label, atLeast)}; one that reaches no label's threshold is unknown`;
  if (usual.length === 1 && bound === 0) {
    // Of two labels the one is told that is harder to get: that is the one whose texts are sure.
    return threshold < 0.5
      ? `${called(other, `above ${thresholdText(1 - threshold)}`)}, else ${quoted(label)}`
      : `${called(label, atLeast)}, else ${quoted(other)}`;
  }
  const [more, others] =
    bound === 0
      ? ["another label", "the most probable other label"]
      : [
          "one without a threshold",
          "a label that reaches its own threshold, or the most probable one without",
        ];
  return threshold < 0.5
    ? `a text is called ${quoted(label)} if the probability of ${quoted(label)} is ${atLeast}, even where ${more} is more probable; else ${others}`
    : `${called(label, atLeast)}, else ${others}`;
}

const scores = ({ precision, recall, f1, support }: ThresholdFacts): string =>
  `precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}, F1 ${f1.toFixed(3)} (${count(support, "text")} with the label)`;

function ruleLine({ aim, usual, chosen, threshold }: RuleFacts, texts: number): string {
  const [goal, among, what] = (
    {
      costs: [
        "the least cost",
        "the least cost to be expected from its probabilities",
        "the mean cost of a text",
      ],
      "macro-f1": ["the highest macro F1", "the highest probability times its weight", "macro F1"],
    } as const
  )[aim];
  const rule = threshold ? thresholdRule(threshold) : `a text is given the label with ${among}`;
  return (
    `Threshold: answers are chosen for ${goal}: ${rule}. On ${count(texts, "validation text")} ` +
    `${what} is ${chosen.toFixed(4)}, ${usual.toFixed(4)} by the usual rule.`
  );
}

function unknownLine(facts: UnknownFacts, texts: number): string {
  const { mostWrong, reached, unknownBelow, answered, wrong, few } = facts;
  if (!reached) {
    return (
      `Unknown: on ${count(texts, "validation text")} there is no probability from which on at most ` +
      `${percent(mostWrong!)} of the answers are wrong, so every text is answered.`
    );
  }
  const rule =
    unknownBelow === 0
      ? `every text is answered: no more than ${percent(mostWrong!)} of the answers are wrong`
      : `answers below ${thresholdText(unknownBelow)} are withheld`;
  return (
    `Unknown: ${rule}. Of ${count(texts, "validation text")} ${grouped(answered)} are answered ` +
    `(${percent(answered / texts)}), ${grouped(wrong)} of them wrongly.${caution(few)}`
  );
}

/** An aim that so few texts can't show. */
function caution(few: Few | undefined): string {
  if (few === undefined) return "";
  const enough = Number.isFinite(few.needed)
    ? `about ${grouped(few.needed)} are needed to be sure of it`
    : "no number of them could make sure of it";
  return ` That rests on ${count(few.there, "text")}; ${enough}.`;
}

/** More digits near 0 and 1, where thresholds for rare errors lie. */
export const thresholdText = (p: number): string => (p > 0.99 || p < 0.01 ? p.toPrecision(6) : p.toFixed(3));
