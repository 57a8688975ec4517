import { flagName, resolveOptions, type TrainOptions, trainOptions } from "../run/options.js";

/**
 * The command line that repeats a training: the recipe, and what differs from its defaults, in the order of the help.
 * Quoted for POSIX shells.
 */
export function trainCommand(source: string, options: TrainOptions): string {
  const usual = resolveOptions({ recipe: options.recipe });
  const names = Object.keys(trainOptions) as (keyof TrainOptions)[];
  const flags = names
    .filter((name) => name === "recipe" || options[name] !== usual[name])
    .filter((name) => name !== "recipe" || options.recipe !== trainOptions.recipe.default)
    .map((name) => flag(name, options[name]));
  return ["textgraft", "train", quoted(source), ...flags].join(" ");
}

function flag(name: keyof TrainOptions, value: unknown): string {
  if (value === true) return `--${flagName(name)}`;
  if (value === false) return `--no-${flagName(name)}`;
  return `--${flagName(name)} ${quoted(String(value))}`;
}

const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
