import { readFile } from "node:fs/promises";
import { TextgraftError } from "../base/errors.js";
import type { Config } from "../run/config.js";
import type { TrainOptions } from "../run/options.js";

/** Reads a configuration file; `file-missing` where there is none. */
export async function openConfig(path: string): Promise<Config> {
  const { readConfig } = await import("../run/config.js");
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    throw new TextgraftError("file-missing", {
      message: `There is no file ${path}.`,
      fix: "textgraft init asks what you want and writes one.",
      cause,
    });
  }
  return readConfig(text, path);
}

/** Data and options from a configuration file, if one is named, and from flags, which win. */
export async function withConfig(
  path: string | undefined,
  data: string | undefined,
  flags: Partial<TrainOptions>,
): Promise<Partial<TrainOptions> & { data: string }> {
  const config: Config = path === undefined ? { options: {} } : await openConfig(path);
  return { ...config.options, ...flags, data: data ?? config.data ?? noData(path) };
}

export function noData(path: string | undefined): never {
  throw new TextgraftError("option-invalid", {
    message:
      path === undefined ? "No data was named." : `Neither the command line nor ${path} names the data.`,
    fix: `Name a file with labelled texts: textgraft train reviews.csv${path === undefined ? "" : ` --config ${path}, or data: reviews.csv in ${path}`}.`,
  });
}
