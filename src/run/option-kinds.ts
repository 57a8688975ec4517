/** One option: its default, its flag's value as text, and what it does. */
export interface Option<T> {
  readonly default: T;
  readonly help: string;
  /** What stands for the value in help: `number`, `a|b`; empty for switches. */
  readonly placeholder: string;
  /** Reads a flag's text; undefined where it doesn't fit. */
  readonly parse: (text: string) => T | undefined;
}

export function option<T>(
  value: T,
  placeholder: string,
  help: string,
  parse: (text: string) => T | undefined,
): Option<T> {
  return { default: value, placeholder, help, parse };
}

export function text(value: string, help: string): Option<string> {
  return option(value, "text", help, (given) => given);
}

export function flag(help: string, value = false): Option<boolean> {
  return option(value, "", help, (given) =>
    given === "true" ? true : given === "false" ? false : undefined,
  );
}

export function choice<T extends string>(value: T, choices: readonly T[], help: string): Option<T> {
  return option(value, choices.join("|"), help, (given) => choices.find((known) => known === given));
}

export interface Range {
  whole?: boolean;
  min?: number;
  max?: number;
}

export function number(value: number, help: string, range: Range): Option<number> {
  return option(value, describe(range), help, (given) => parseNumber(given, range));
}

export function auto(help: string, range: Range): Option<number | "auto"> {
  return option<number | "auto">("auto", `auto or ${describe(range)}`, help, (given) =>
    given === "auto" ? "auto" : parseNumber(given, range),
  );
}

export function parseNumber(
  given: string,
  { whole = false, min = -Infinity, max = Infinity }: Range,
): number | undefined {
  const value = given.trim() === "" ? Number.NaN : Number(given);
  const fits = Number.isFinite(value) && value >= min && value <= max && (!whole || Number.isInteger(value));
  return fits ? value : undefined;
}

function describe({ whole, min, max }: Range): string {
  const kind = whole ? "a whole number" : "a number";
  if (max !== undefined) return `${kind} from ${min} to ${max}`;
  return min === undefined ? kind : `${kind} of at least ${min}`;
}
