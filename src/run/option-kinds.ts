/** One option: its default, its flag's value as text, and what it does. */
export interface Option<T> {
  readonly default: T;
  readonly help: string;
  /** What stands for the value in help: `number`, `a|b`; empty for switches. */
  readonly placeholder: string;
  /** Reads a flag's text; undefined where it doesn't fit. */
  readonly parse: (text: string) => T | undefined;
  /** What a configuration file may have for it, as JSON Schema. */
  readonly schema: JsonSchema;
}

/** A JSON Schema (draft 2020-12), as far as options need it. */
export interface JsonSchema {
  readonly type?: "string" | "boolean" | "number" | "integer";
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly JsonSchema[];
}

export function option<T>(
  value: T,
  placeholder: string,
  help: string,
  { parse, schema }: Pick<Option<T>, "parse" | "schema">,
): Option<T> {
  return { default: value, placeholder, help, parse, schema };
}

export function text(value: string, help: string): Option<string> {
  return option(value, "text", help, { parse: (given) => given, schema: { type: "string" } });
}

export function flag(help: string, value = false): Option<boolean> {
  const parse = (given: string) => (given === "true" ? true : given === "false" ? false : undefined);
  return option(value, "", help, { parse, schema: { type: "boolean" } });
}

export function choice<T extends string>(value: T, choices: readonly T[], help: string): Option<T> {
  const parse = (given: string) => choices.find((known) => known === given);
  return option(value, choices.join("|"), help, { parse, schema: { enum: choices } });
}

export interface Range {
  whole?: boolean;
  min?: number;
  max?: number;
}

export function number(value: number, help: string, range: Range): Option<number> {
  return option(value, describe(range), help, {
    parse: (given) => parseNumber(given, range),
    schema: numberSchema(range),
  });
}

export function auto(help: string, range: Range): Option<number | "auto"> {
  return option<number | "auto">("auto", `auto or ${describe(range)}`, help, {
    parse: (given) => (given === "auto" ? "auto" : parseNumber(given, range)),
    schema: { anyOf: [{ enum: ["auto"] }, numberSchema(range)] },
  });
}

export function parseNumber(
  given: string,
  { whole = false, min = -Infinity, max = Infinity }: Range,
): number | undefined {
  const value = given.trim() === "" ? Number.NaN : Number(given);
  const fits = Number.isFinite(value) && value >= min && value <= max && (!whole || Number.isInteger(value));
  return fits ? value : undefined;
}

export function numberSchema({ whole, min, max }: Range): JsonSchema {
  return {
    type: whole ? "integer" : "number",
    ...(min !== undefined && { minimum: min }),
    ...(max !== undefined && { maximum: max }),
  };
}

function describe({ whole, min, max }: Range): string {
  const kind = whole ? "a whole number" : "a number";
  if (max !== undefined) return `${kind} from ${min} to ${max}`;
  return min === undefined ? kind : `${kind} of at least ${min}`;
}
