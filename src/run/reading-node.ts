import type { Dataset } from "../data/example.js";
import { type ExampleOptions, readExamples } from "../data/read-examples.js";
import { openRows } from "../data/rows/open-rows-node.js";
import type { ReadOptions } from "../data/rows/open-text.js";
import { openSpill } from "../data/spill-node.js";
import { resolveOptions, type TrainOptions } from "./options.js";

/** Options about reading; all have defaults. */
export type ReadingOptions = Pick<
  TrainOptions,
  | "text"
  | "text2"
  | "label"
  | "multiLabel"
  | "group"
  | "time"
  | "delimiter"
  | "encoding"
  | "header"
  | "onBadRow"
>;

/** The reading options that are given, and train's defaults for the others. */
export function readingOptions(given: Partial<ReadingOptions>): ReadingOptions {
  const { text, text2, label, multiLabel, group, time, delimiter, encoding, header, onBadRow } = given;
  const all = { text, text2, label, multiLabel, group, time, delimiter, encoding, header, onBadRow };
  const known = Object.entries(all).filter(([, value]) => value !== undefined);
  return resolveOptions(Object.fromEntries(known) as Partial<ReadingOptions>);
}

/** The options as the readers take them: what isn't given is absent. */
export const readOptionsOf = ({
  text,
  text2,
  label,
  group,
  time,
  encoding,
  delimiter,
  header,
}: ReadingOptions): ReadOptions => ({
  text: text || undefined,
  text2: text2 || undefined,
  label: label || undefined,
  group: group || undefined,
  time: time || undefined,
  encoding: encoding === "auto" ? undefined : encoding,
  delimiter,
  header,
});

/** Reads the labelled rows of a file or folder, or of standard input for `-`. */
export async function readLabelled(
  path: string,
  options: ReadingOptions,
  more: Pick<ExampleOptions, "known" | "pairs" | "usual" | "listBad"> = {},
): Promise<Dataset> {
  const names = readOptionsOf(options);
  const { multiLabel, onBadRow } = options;
  return readExamples(await openRows(path, names), names, { ...more, multiLabel, onBadRow, openSpill });
}
