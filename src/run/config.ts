import { isMap, isScalar, isSeq, LineCounter, type Pair, parseDocument, type Scalar } from "yaml";
import { closest, TextgraftError } from "../base/errors.js";
import { flagName, parseOption, type TrainOptions, trainOptions } from "./options.js";
import { readSpace, type Space } from "./sweep.js";

/** What a configuration file says: a training's data and options, and for a sweep what is tried. */
export interface Config {
  readonly data?: string;
  readonly options: Partial<TrainOptions>;
  readonly sweep?: Space;
}

/**
 * Reads a configuration file in YAML or JSON. Its keys are train's flags without their hyphens (`batch-size: 16`; as the
 * library spells them, `batchSize`, too), `data`, and `sweep` with what to try (see `readSpace`). A list stands for its
 * values with commas between them. Paths are those of the flags: relative to where the command runs. `source` names the
 * file in messages.
 * @throws TextgraftError config-invalid with line, key, what was found and what was expected
 */
export function readConfig(text: string, source: string): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, version: "1.2" });
  const [syntax] = document.errors;
  if (syntax !== undefined) {
    const [what = ""] = syntax.message.split(/ at line \d+/);
    throw invalid(source, lines.linePos(syntax.pos[0]).line, `${what.replace(/[.:]$/, "")}`);
  }
  const root = document.contents;
  if (root === null) return { options: {} };
  if (!isMap(root)) throw invalid(source, 1, "this is no list of settings, such as epochs: 3");
  const config: { data?: string; options: Record<string, unknown>; sweep?: Space } = { options: {} };
  for (const pair of root.items as Pair[]) {
    const key = String(isScalar(pair.key) ? pair.key.value : pair.key);
    const line = lines.linePos(rangeStart(pair)).line;
    if (key === "$schema") continue;
    if (key === "sweep") {
      config.sweep = located(source, line, () => readSpace(jsonOf(pair.value)));
      continue;
    }
    const value = located(source, line, () => textOf(pair.value, key));
    if (value === undefined) continue; // a key with nothing behind it: the default
    if (key === "data") config.data = value;
    else {
      const name = optionName(key, source, line);
      config.options[name] = located(source, line, () => parseOption(name, value));
    }
  }
  return config as Config;
}

/** The library's name of a key; throws for one that doesn't exist. */
function optionName(key: string, source: string, line: number): string {
  const names = Object.keys(trainOptions);
  const found = names.find((name) => name === key || flagName(name) === key);
  if (found !== undefined) return found;
  const near = closest(key, [...names.map(flagName), "data", "sweep"]);
  throw invalid(
    source,
    line,
    `there is no setting ${key}`,
    near === undefined ? "See textgraft train --help: the settings are its flags." : `Did you mean ${near}?`,
  );
}

/** A value as a flag would have it: numbers as they were written; a list with commas. */
function textOf(value: unknown, key: string): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (isScalar(value)) return scalarText(value);
  if (isSeq(value) && value.items.every(isScalar)) {
    return (value.items as Scalar[]).map((item) => scalarText(item) ?? "").join(",");
  }
  throw new TextgraftError("config-invalid", {
    message: `${key} is ${JSON.stringify(jsonOf(value))}; it must be one value.`,
    fix: `For example ${key}: ${trainOptions[key as keyof TrainOptions]?.default ?? "value"}`,
  });
}

function scalarText({ value, source }: Scalar): string | undefined {
  if (value === null) return undefined;
  return typeof value === "number" && source !== undefined ? source : String(value);
}

const jsonOf = (node: unknown): unknown =>
  isMap(node) || isSeq(node) || isScalar(node) ? node.toJSON() : node;

const rangeStart = ({ key }: Pair): number => (isScalar(key) ? (key.range?.[0] ?? 0) : 0);

/** Tells where an error comes from. */
function located<T>(source: string, line: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TextgraftError)) throw error;
    throw invalid(source, line, error.message.replace(/\.$/, ""), error.fix);
  }
}

function invalid(source: string, line: number, what: string, fix?: string): TextgraftError {
  return new TextgraftError("config-invalid", {
    message: `${source}, line ${line}: ${what}.`,
    fix: fix ?? "Write it as YAML or JSON, a setting a line, such as epochs: 3.",
  });
}
