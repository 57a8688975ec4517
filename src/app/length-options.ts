import type { Command } from "commander";
import { resolveOptions, type TrainOptions } from "../run/options.js";
import { optionOf } from "./train-option.js";

export type LengthFlags = Partial<Pick<TrainOptions, "maxLength" | "long" | "stride">>;

/** Adds train's options about long texts to a verb that shows what they do. */
export const addLengthOptions = (command: Command, maxLengthHelp: string): Command =>
  command
    .addOption(optionOf("maxLength", maxLengthHelp))
    .addOption(optionOf("long"))
    .addOption(optionOf("stride"));

/** The options that were given, and train's defaults for the others. */
export const lengthOptions = ({ maxLength, long, stride }: LengthFlags): TrainOptions =>
  resolveOptions({
    ...(maxLength && { maxLength }),
    ...(long && { long }),
    ...(stride !== undefined && { stride }),
  });
