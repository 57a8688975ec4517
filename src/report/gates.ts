import type { GateResult } from "../run/gates.js";
import { GATES_AS_IF_ANSWERED } from "./answered.js";
import { count } from "./plain.js";

/** A line for each gate, and what they are held against where texts were left unknown. */
export function gatesText(gates: readonly GateResult[], unknown: boolean): string {
  const lines = gates.map(
    ({ passed, expected, found }) =>
      `${passed ? "passed" : "FAILED"}  ${expected}: found ${foundText(found)}`,
  );
  return `${[...lines, ...gatesSentences(gates, unknown)].join("\n")}\n`;
}

/** How gates were kept, and what they are held against where texts were left unknown. */
export const gatesSentences = (gates: readonly GateResult[], unknown: boolean): string[] => [
  gatesSentence(gates),
  ...(unknown ? [GATES_AS_IF_ANSWERED] : []),
];

/** "1 of 2 gates failed." */
export function gatesSentence(gates: readonly GateResult[]): string {
  const failed = gates.filter(({ passed }) => !passed).length;
  if (failed > 0) return `${failed} of ${count(gates.length, "gate")} failed.`;
  return gates.length === 1 ? "The gate passed." : `All ${gates.length} gates passed.`;
}

/** With as many digits as tell it from a limit that was typed. */
export const foundText = (found: number): string =>
  Number.isFinite(found) ? String(Number(found.toPrecision(6))) : "no value on these texts";
