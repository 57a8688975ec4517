import { type Command, Option } from "commander";
import { flagName, parseOption, type TrainOptions, trainOptions } from "../run/options.js";

const names = ["maxLength", "long", "stride"] as const;

export type LengthFlags = Pick<TrainOptions, (typeof names)[number]>;

/** Adds train's options about long texts to a verb that shows what they do. */
export function addLengthOptions(command: Command): Command {
  for (const name of names) {
    const { default: value, help, placeholder } = trainOptions[name];
    const shown = placeholder.replace("auto or a whole number", "auto|number").replace(/ of at least.*/, "");
    const option = new Option(`--${flagName(name)} <${shown}>`, `as in train: ${help}`);
    command.addOption(option.argParser((text) => parseOption(name, text)).default(value));
  }
  return command;
}
