import { closest, TextgraftError } from "../base/errors.js";
import type { Problem } from "../model/loss.js";

/** What the threshold of one label is chosen for. */
export type Aim =
  | { readonly kind: "fixed"; readonly threshold: number }
  | { readonly kind: "f1" }
  /** The highest recall with at least this precision, or the other way round. */
  | { readonly kind: "precision" | "recall"; readonly atLeast: number }
  /** What a text costs that has the label and doesn't get it, and one that wrongly gets it. */
  | { readonly kind: "costs"; readonly missed: number; readonly wrong: number };

/** `[true labelId][given labelId]`, 0 on the diagonal. */
export type Costs = readonly (readonly number[])[];

/** What `--threshold` asks for. */
export type ThresholdAims =
  | { readonly kind: "usual" }
  /** By labelId; null for labels that keep the usual rule. */
  | { readonly kind: "labels"; readonly aims: readonly (Aim | null)[] }
  | { readonly kind: "macro-f1" }
  | { readonly kind: "costs"; readonly costs: Costs };

/**
 * Reads `--threshold`: `none`, or parts with `;` between them:
 *
 * - `spam: f1`, `spam: precision>=0.95`, `spam: recall>=0.9`, `spam: missed=1, wrong=50`, `spam: 0.8`: for one label
 * - the same without a label: for each that isn't named, where texts may have several; else only `f1`: macro F1
 * - `ham>spam=50, spam>ham=1`: the cost of taking one label for another, 1 where not named; where texts have one label
 *
 * Throws `option-invalid`, and `label-unknown`.
 */
export function parseThresholds(
  text: string,
  { labels, problem }: { labels: readonly string[]; problem: Problem },
): ThresholdAims {
  const parts = text.split(";").flatMap((part) => part.trim() || []);
  const [first] = parts;
  if (first === undefined || text.trim() === "none") return { kind: "usual" };
  if (parts.length === 1 && problem === "single_label") {
    if (parseAim(first)?.kind === "f1") return { kind: "macro-f1" };
    if (!parseAim(first) && !labelledAim(first)) return { kind: "costs", costs: parseCosts(first, labels) };
  }
  const aims = labels.map((): Aim | null => null);
  let others: Aim | null = null;
  for (const part of parts) {
    const found = labelledAim(part);
    if (found) {
      const labelId = idOf(found.label, labels);
      if (aims[labelId]) throw invalid(`--threshold names the label "${found.label}" twice.`);
      aims[labelId] = found.aim;
      continue;
    }
    const aim = parseAim(part);
    if (!aim) throw invalid(`--threshold can't be read: "${part}".`);
    if (others) throw invalid(`--threshold says twice what holds for all labels: "${part}".`);
    if (problem === "single_label")
      throw invalid(`--threshold "${part}" names no label.`, `${labels.at(-1)}: ${part}`);
    others = aim;
  }
  return { kind: "labels", aims: aims.map((aim) => aim ?? others) };
}

/** The words for an aim, as they are written in `--threshold`. */
export function aimText(aim: Aim): string {
  switch (aim.kind) {
    case "fixed":
      return String(aim.threshold);
    case "f1":
      return "f1";
    case "precision":
    case "recall":
      return `${aim.kind}>=${aim.atLeast}`;
    case "costs":
      return `missed=${aim.missed}, wrong=${aim.wrong}`;
    default:
      return aim satisfies never;
  }
}

/** "spam: f1": what stands behind the last colon is an aim. */
function labelledAim(part: string): { label: string; aim: Aim } | undefined {
  const colon = part.lastIndexOf(":");
  const aim = colon < 0 ? undefined : parseAim(part.slice(colon + 1));
  return aim && { label: part.slice(0, colon).trim(), aim };
}

function parseAim(given: string): Aim | undefined {
  const text = given.trim();
  if (text.toLowerCase() === "f1") return { kind: "f1" };
  const [, kind, least] = /^(precision|recall)\s*>=\s*(\S+)$/i.exec(text) ?? [];
  if (kind !== undefined) {
    const atLeast = numberOf(least!);
    if (!(atLeast > 0 && atLeast <= 1))
      throw invalid(`--threshold asks for ${text}; it must be above 0 and at most 1.`);
    return { kind: kind.toLowerCase() as "precision" | "recall", atLeast };
  }
  const costs = /^(missed|wrong)\s*=\s*([^,\s]+)(?:\s*,\s*(missed|wrong)\s*=\s*([^,\s]+))?$/i.exec(text);
  if (costs) {
    const named = new Map([
      [costs[1]!.toLowerCase(), costOf(costs[2]!)],
      ...(costs[3] === undefined ? [] : [[costs[3].toLowerCase(), costOf(costs[4]!)] as const]),
    ]);
    return { kind: "costs", missed: named.get("missed") ?? 1, wrong: named.get("wrong") ?? 1 };
  }
  const threshold = numberOf(text);
  if (Number.isNaN(threshold)) return undefined;
  if (!(threshold > 0 && threshold < 1))
    throw invalid(`--threshold is ${text}; a probability between 0 and 1 is needed.`);
  return { kind: "fixed", threshold };
}

/** "ham>spam=50, spam>ham=1" */
function parseCosts(text: string, labels: readonly string[]): Costs {
  const costs = labels.map((_, truth) => labels.map((_, given): number => (truth === given ? 0 : 1)));
  const entry = /\s*(.+?)\s*=([^,=]*)(?:,|$)/y;
  while (entry.lastIndex < text.length) {
    const [, pair, cost] = entry.exec(text) ?? [];
    const pairs = pair === undefined ? [] : splits(pair);
    if (pairs.length === 0) throw invalid(`--threshold can't be read: "${text}".`);
    // A label may hold the sign, too.
    const [truth, given] = pairs.find((names) => names.every((name) => labels.includes(name))) ?? pairs[0]!;
    const row = costs[idOf(truth, labels)]!;
    const column = idOf(given, labels);
    if (truth === given) throw invalid(`--threshold gives ${pair} a cost, which is no error.`);
    row[column] = costOf(cost!);
  }
  return costs;
}

/** The ways to cut "a>b" in two. */
const splits = (pair: string): [string, string][] =>
  [...pair.matchAll(/>/g)].map(({ index }) => [pair.slice(0, index).trim(), pair.slice(index + 1).trim()]);

const numberOf = (text: string): number => (text.trim() === "" ? Number.NaN : Number(text));

function costOf(text: string): number {
  const cost = numberOf(text);
  if (cost >= 0 && Number.isFinite(cost)) return cost;
  throw invalid(`--threshold names the cost "${text.trim()}", which is no number of at least 0.`);
}

function idOf(label: string, labels: readonly string[]): number {
  const labelId = labels.indexOf(label);
  if (labelId >= 0) return labelId;
  throw new TextgraftError("label-unknown", {
    message: `--threshold names the label "${label}"; the labels are ${labels.join(", ")}.`,
    fix: `Write it as in the data, for example "${closest(label, labels) ?? labels[0]}: 0.8".`, // which a trained model takes, too
  });
}

const invalid = (message: string, example = "spam: precision>=0.95"): TextgraftError =>
  new TextgraftError("option-invalid", {
    message,
    fix:
      `For example --threshold "${example}". There are LABEL: f1, LABEL: precision>=P, LABEL: recall>=R, ` +
      "LABEL: missed=COST, wrong=COST, LABEL: PROBABILITY (several with ; between them), f1, and TRUE>GIVEN=COST.",
  });
