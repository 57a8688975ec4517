import type { Problem } from "../model/loss.js";
import type { Decision } from "./decision.js";

/** A decision as `textgraft.json` has it: by names of labels. Absent parts are the usual rule. */
export interface SavedDecision {
  thresholds?: Record<string, number>;
  costs?: readonly (readonly number[])[];
  unknownBelow?: number;
}

/** Undefined for the usual rule. */
export function savedDecision(
  { thresholds, costs, unknownBelow }: Decision,
  labels: readonly string[],
): SavedDecision | undefined {
  const named = labels.flatMap((label, id) => {
    const threshold = thresholds?.[id] ?? null;
    return threshold === null ? [] : [[label, threshold] as const];
  });
  const saved: SavedDecision = {
    ...(named.length > 0 && { thresholds: Object.fromEntries(named) }),
    ...(costs && { costs }),
    ...(unknownBelow !== undefined && { unknownBelow }),
  };
  return Object.keys(saved).length === 0 ? undefined : saved;
}

/**
 * Reads what `savedDecision` wrote. `wrong` makes the error for a key, such as `decision.thresholds`, from what it must be:
 * what isn't understood must not be left out, since answers would be others.
 */
export function readDecision(
  json: unknown,
  { labels, problem }: { labels: readonly string[]; problem: Problem },
  wrong: (key: string, value: unknown, wanted: string) => Error,
): Decision {
  if (json === undefined) return {};
  if (!isObject(json)) throw wrong("decision", json, "an object");
  const { thresholds, costs, unknownBelow, ...others } = json;
  const [other] = Object.keys(others);
  if (other !== undefined)
    throw wrong(`decision.${other}`, others[other], "absent: this version doesn't know it");
  if (thresholds !== undefined && !isThresholds(thresholds, labels))
    throw wrong("decision.thresholds", thresholds, "numbers from 0 to 1 by names of labels");
  if (costs !== undefined && (problem === "multi_label" || thresholds !== undefined))
    throw wrong("decision.costs", costs, "absent beside thresholds, and where texts may have several labels");
  if (costs !== undefined && !isCosts(costs, labels.length))
    throw wrong(
      "decision.costs",
      costs,
      `${labels.length} rows of ${labels.length} numbers of at least 0 each`,
    );
  if (unknownBelow !== undefined && !isShare(unknownBelow))
    throw wrong("decision.unknownBelow", unknownBelow, "a number from 0 to 1");
  return {
    ...(thresholds !== undefined && { thresholds: labels.map((label) => thresholds[label] ?? null) }),
    ...(costs !== undefined && { costs }),
    ...(unknownBelow !== undefined && { unknownBelow }),
  };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isShare = (value: unknown): value is number => typeof value === "number" && value >= 0 && value <= 1;

const isThresholds = (value: unknown, labels: readonly string[]): value is Record<string, number> =>
  isObject(value) && Object.entries(value).every(([label, p]) => labels.includes(label) && isShare(p));

const isCosts = (value: unknown, count: number): value is number[][] =>
  isList(value, count) &&
  value.every((row) => isList(row, count) && row.every((cost) => typeof cost === "number" && cost >= 0));

const isList = (value: unknown, count: number): value is unknown[] =>
  Array.isArray(value) && value.length === count;
