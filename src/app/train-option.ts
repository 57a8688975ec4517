import { Option } from "commander";
import { flagName, parseOption, type TrainOptions, trainOptions } from "../run/options.js";

/**
 * One of train's options without commander's default: what isn't given is left to the recipe. A verb for which it means
 * something else has another `help`, and perhaps a default of its own; `told` is what the help says the default is.
 */
export function optionOf(
  name: keyof TrainOptions,
  help: string = trainOptions[name].help,
  own?: string | number,
  told: string | number | boolean = trainOptions[name].default,
): Option {
  const { default: value, placeholder } = trainOptions[name];
  const flag = `--${flagName(name)}`;
  if (placeholder === "")
    return value ? new Option(`--no-${flagName(name)}`, `don't ${help}`) : new Option(flag, help);
  const short = placeholder.replace("auto or ", "auto|").replace(/an? (whole )?number.*/, "number");
  const fits = short.length <= widestPlaceholder;
  const choices = fits ? "" : `; one of ${short.replaceAll("|", ", ")}`;
  const says = told === "" || own !== undefined ? help : `${help} (default: ${told})${choices}`;
  const option = new Option(`${flag} <${fits ? short : "name"}>`, says).argParser((text) =>
    parseOption(name, text),
  );
  return own === undefined ? option : option.default(own);
}

const widestPlaceholder = 24; // characters; longer choices stand in the help text, which is wrapped
