import type { GateResult } from "../run/gates.js";
import { count } from "./plain.js";

/** A line for each gate. */
export function gatesText(gates: readonly GateResult[]): string {
  const lines = gates.map(
    ({ passed, expected, found }) =>
      `${passed ? "passed" : "FAILED"}  ${expected}: found ${foundText(found)}`,
  );
  return `${[...lines, gatesSentence(gates)].join("\n")}\n`;
}

/** "1 of 2 gates failed." */
export function gatesSentence(gates: readonly GateResult[]): string {
  const failed = gates.filter(({ passed }) => !passed).length;
  if (failed > 0) return `${failed} of ${count(gates.length, "gate")} failed.`;
  return gates.length === 1 ? "The gate passed." : `All ${gates.length} gates passed.`;
}

/** With as many digits as tell it from a limit that was typed. */
export const foundText = (found: number): string =>
  Number.isFinite(found) ? String(Number(found.toPrecision(6))) : "no value on these texts";
