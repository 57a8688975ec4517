import { closest, TextgraftError } from "../base/errors.js";
import { mean } from "../base/numbers.js";
import type { Random } from "../base/random.js";
import type { EpochFacts } from "./events.js";
import { type Best, criteria, flagName, parseOption, type TrainOptions, trainOptions } from "./options.js";

/** What a sweep tries for each option, by the library's names. */
export interface Space {
  readonly choices: readonly Choice[];
  /** So many at random; undefined: every combination. */
  readonly runs?: number;
}

/** Values as flags would have them, or a range that is drawn from. */
export type Choice = { readonly name: keyof TrainOptions } & (
  | { readonly values: readonly string[] }
  | { readonly range: ValueRange }
);

export interface ValueRange {
  readonly min: number;
  readonly max: number;
  /** Draw the logarithm evenly: as many between 1e-5 and 1e-4 as between 1e-4 and 1e-3. */
  readonly log: boolean;
  readonly whole: boolean;
}

/** One setting to try: options by their names. */
export type Trial = Partial<TrainOptions>;

/** What can't be tried: it says where and on what, not how. */
const FIXED: readonly (keyof TrainOptions)[] = ["output", "overwrite", "test", "validation", "text", "label"];

/**
 * Reads the `sweep` part of a configuration: for each flag a list of values, or `{min, max}` with `log: true` where the
 * logarithm is to be drawn evenly; and `runs`, the number of random settings. Without `runs` all combinations are tried.
 * @throws TextgraftError config-invalid
 */
export function readSpace(given: unknown): Space {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw invalid(`sweep is ${JSON.stringify(given)}; it must say what to try for each setting`);
  }
  const { runs, ...rest } = given as Record<string, unknown>;
  if (runs !== undefined && !(typeof runs === "number" && Number.isInteger(runs) && runs >= 1)) {
    throw invalid(`runs is ${JSON.stringify(runs)}; it must be a whole number of at least 1`);
  }
  const choices = Object.entries(rest).map(([key, value]) => choiceOf(key, value));
  if (choices.length === 0) throw invalid("sweep names no setting");
  const ranged = choices.find((choice) => "range" in choice);
  if (runs === undefined && ranged !== undefined) {
    throw invalid(
      `${flagName(ranged.name)} is a range, which has no end of values`,
      "Give runs, such as runs: 20, to draw that many settings at random, or list the values.",
    );
  }
  return { choices, ...(runs !== undefined && { runs: runs as number }) };
}

function choiceOf(key: string, value: unknown): Choice {
  const names = Object.keys(trainOptions) as (keyof TrainOptions)[];
  const name = names.find((known) => known === key || flagName(known) === key);
  if (name === undefined || FIXED.includes(name)) {
    const near = closest(key, names.filter((known) => !FIXED.includes(known)).map(flagName));
    throw invalid(
      name === undefined ? `there is no setting ${key} to try` : `${key} isn't a setting to try`,
      near === undefined ? undefined : `Did you mean ${near}?`,
    );
  }
  if (Array.isArray(value) && value.length > 0) {
    const values = value.map(String);
    for (const text of values) parseOption(name, text);
    return { name, values };
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return { name, range: rangeOf(key, name, value as Record<string, unknown>) };
  throw invalid(
    `${key} is ${JSON.stringify(value)}; it must be a list of values or a range`,
    `For example ${key}: [${trainOptions[name].default}], or ${key}: {min: 1, max: 9}.`,
  );
}

function rangeOf(key: string, name: keyof TrainOptions, given: Record<string, unknown>): ValueRange {
  const { min, max, log = false, ...unknown } = given;
  const [extra] = Object.keys(unknown);
  if (extra !== undefined) throw invalid(`${key} has ${extra}; a range has min, max and log`);
  if (typeof min !== "number" || typeof max !== "number" || !(min < max) || typeof log !== "boolean")
    throw invalid(`${key} is ${JSON.stringify(given)}; a range needs min below max, and log true or false`);
  if (log && min <= 0) throw invalid(`${key} begins at ${min}; with log a range must lie above 0`);
  for (const end of [min, max]) parseOption(name, String(end));
  const { schema } = trainOptions[name];
  const whole = [schema, ...(schema.anyOf ?? [])].some(({ type }) => type === "integer");
  return { min, max, log, whole };
}

/** What is tried, in order; the same seed gives the same. Equal ones are tried once. */
export function trialsOf({ choices, runs }: Space, random: Random): Trial[] {
  const settings = runs === undefined ? combinations(choices) : drawn(choices, runs, random.fork("sweep"));
  return [...new Map(settings.map((trial) => [keyOf(trial), trial])).values()];
}

/** By which a trial is known again when a sweep goes on. */
export const keyOf = (trial: Trial): string =>
  JSON.stringify(Object.entries(trial).sort(([a], [b]) => (a < b ? -1 : 1)));

const combinations = (choices: readonly Choice[]): Trial[] =>
  choices.reduce<Trial[]>(
    (trials, choice) =>
      trials.flatMap((trial) =>
        ("values" in choice ? choice.values : []).map((value) => ({
          ...trial,
          [choice.name]: parseOption(choice.name, value),
        })),
      ),
    [{}],
  );

const drawn = (choices: readonly Choice[], runs: number, random: Random): Trial[] =>
  Array.from({ length: runs }, (_, run) =>
    Object.fromEntries(
      choices.map((choice) => {
        const stream = random.fork(run, choice.name);
        const value =
          "values" in choice
            ? choice.values[stream.int(choice.values.length)]!
            : String(drawFrom(choice.range, stream));
        return [choice.name, parseOption(choice.name, value)];
      }),
    ),
  );

function drawFrom({ min, max, log, whole }: ValueRange, random: Random): number {
  const share = random.uniform();
  const value = log ? min * (max / min) ** share : min + share * (whole ? max - min + 1 : max - min);
  if (whole) return Math.min(max, log ? Math.round(value) : Math.floor(value));
  return Number(value.toPrecision(3)); // three digits say enough, and can be read
}

/** What a trial is judged by, on the validation rows; higher is better. */
export const objectiveOf = ({ validationLoss, validation }: EpochFacts, best: Best): number =>
  best === "loss" ? -validationLoss : (criteria[best](validation) ?? Number.NaN);

/** Trials that must have ended before others are compared with them. */
const LEAST_ENDED = 3;

/**
 * The median stopping rule of Golovin et al. 2017 (Google Vizier, section 3.2.2, https://doi.org/10.1145/3097983.3098043): a
 * trial stops after an epoch if its best objective so far is worse than the median, over the trials that ended, of the mean
 * of their objectives up to that epoch. `objectives` are by epoch.
 */
export function isHopeless(objectives: readonly number[], ended: readonly (readonly number[])[]): boolean {
  const epoch = objectives.length;
  const others = ended.filter(({ length }) => length >= epoch);
  if (epoch === 0 || others.length < LEAST_ENDED) return false;
  const means = others.map((values) => mean(values.slice(0, epoch)));
  return Math.max(...objectives) < medianOf(means);
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const invalid = (what: string, fix?: string): TextgraftError =>
  new TextgraftError("config-invalid", {
    message: `${what}.`,
    fix: fix ?? "For example sweep: {learning-rate: [3e-5, 1e-4], epochs: [2, 3]}.",
  });
