import { closest, TextgraftError } from "../base/errors.js";
import type { Problem } from "../model/loss.js";
import { labelFields, type NamedMetric, namedMetrics } from "./metrics/names.js";
import type { Metrics } from "./metrics.js";

/** A limit that a number must keep: `--fail-under spam.recall=0.9`, `--fail-over log-loss=0.3`. */
export interface Gate {
  /** `accuracy`, `spam.recall`, … */
  readonly name: string;
  readonly kind: "under" | "over";
  readonly limit: number;
  of(metrics: Metrics): number;
}

/** How a gate was kept. */
export interface GateResult {
  readonly name: string;
  /** What was asked for, in words: "spam.recall is at least 0.9". */
  readonly expected: string;
  /** NaN (null in JSON) where the texts give the number no value; that never passes. */
  readonly found: number;
  readonly passed: boolean;
}

export interface GateFlags {
  /** Each as NAME=NUMBER. */
  failUnder?: readonly string[] | undefined;
  failOver?: readonly string[] | undefined;
}

/**
 * Reads gates as they are typed. A label's number is LABEL.precision, LABEL.recall or LABEL.f1; the last dot and the last = are
 * those that count, so that labels may have their own. Numbers where less is better take `--fail-over`, others, which are at
 * most 1, `--fail-under`. Throws `option-invalid`, listing the names.
 */
export function readGates(
  { failUnder = [], failOver = [] }: GateFlags,
  { labels, problem }: { labels: readonly string[]; problem: Problem },
): Gate[] {
  const known = [...namedMetrics(problem), ...ofLabels(labels)];
  const read = (kind: Gate["kind"]) => (text: string) => readGate(text, kind, known);
  return [...failUnder.map(read("under")), ...failOver.map(read("over"))];
}

/** Holds the numbers of some texts, or their differences, against gates. */
export function checkGates(gates: readonly Gate[], found: (gate: Gate) => number): GateResult[] {
  return gates.map((gate) => {
    const { name, kind, limit } = gate;
    const value = found(gate);
    return {
      name,
      expected: `${name} is at ${kind === "under" ? "least" : "most"} ${limit}`,
      found: value,
      passed: kind === "under" ? value >= limit - SLACK : value <= limit + SLACK,
    };
  });
}

/** 0.98 - 0.99 is a little below -0.01 in binary numbers. */
const SLACK = 1e-9;

function readGate(text: string, kind: Gate["kind"], known: readonly NamedMetric[]): Gate {
  const at = text.lastIndexOf("=");
  const name = text.slice(0, at).trim();
  const value = text.slice(at + 1).trim();
  const flag = `--fail-${kind}`;
  if (at < 1 || value === "" || !Number.isFinite(Number(value))) {
    throw new TextgraftError("option-invalid", {
      message: `${flag} ${text} isn't a name and a number.`,
      fix: `Write it as ${flag} ${kind === "under" ? "accuracy=0.9" : "log-loss=0.3"}.`,
    });
  }
  const metric = known.find((metric) => metric.name === name);
  if (metric === undefined) throw unknownName(flag, name, known);
  const right = metric.better === "higher" ? "under" : "over";
  if (right !== kind) {
    throw new TextgraftError("option-invalid", {
      message: `${flag} ${text}: a ${metric.better} ${name} is better, so this would fail the better models.`,
      fix: `Use --fail-${right} ${text}.`,
    });
  }
  const limit = Number(value);
  if (kind === "under" && limit > 1) {
    throw new TextgraftError("option-invalid", {
      message: `${flag} ${text}: ${name} is never above 1, so this would fail every model.`,
      fix:
        limit > 100 ? "Give a number up to 1." : `Did you mean ${name}=${limit / 100}, which is ${limit} %?`,
    });
  }
  return { name, kind, limit, of: (metrics) => metric.of(metrics) };
}

function unknownName(flag: string, name: string, known: readonly NamedMetric[]): TextgraftError {
  const names = known.map((metric) => metric.name);
  const overall = names.filter((name) => !name.includes("."));
  const ofLabels = names.filter((name) => name.includes("."));
  const listed = [...overall, ...ofLabels.slice(0, 12)].join(", ");
  const more = ofLabels.length > 12 ? ", and the same of the other labels" : "";
  const like = closest(name, names);
  return new TextgraftError("option-invalid", {
    message: `${flag}: no number has the name ${JSON.stringify(name)}. There are ${listed}${more}.`,
    fix: like === undefined ? "Use one of these names." : `Did you mean ${like}?`,
  });
}

const ofLabels = (labels: readonly string[]): NamedMetric[] =>
  labels.flatMap((label, id) =>
    labelFields.map((field) => ({
      name: `${label}.${field}`,
      title: `${field} of ${label}`,
      better: "higher" as const,
      // Where no text has the label, scikit-learn's report has 0 for what can't be known.
      of: ({ perLabel }: Metrics) =>
        perLabel[id]!.support === 0 && field !== "precision" ? Number.NaN : perLabel[id]![field],
    })),
  );
